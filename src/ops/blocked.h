// Blocked values: [N, C/16, spatial..., 16], channels in blocks of 16 side by side, as convolutions on CPUs like them. The last block is
// filled up; what stands in the filling is nobody's. passes/block_channels.cpp turns runs of ops into these.
#pragma once
#include "ops/window.h"

namespace prm {

extern const Op kToBlocked, kFromBlocked, kConvBlocked, kConvWinograd, kPoolBlocked, kAffineBlocked, kShuffleBlocked;

inline constexpr int64_t kChannelBlock = 16;

// to_blocked: x [N, C, spatial...] f32 -> [N, C/16, spatial..., 16], filled up with zeros
// from_blocked: the other way
struct FromBlockedAttr {
  int64_t channels;  // C
};

// conv_blocked: conv with ConvAttr. x blocked, or plain [N, C, spatial...] with C < 16 and one group; w [O, C/group, kernel...] plain,
// factor and shift [O filled up to 16], and maybe more, blocked as the result is -> [N, O/16, spatial..., 16]:
// activated(sum * factor + shift + more). Padding is zeros that are multiplied like others. Of a plain x a padded copy is made in a
// second output.

// conv_winograd: the same for kernels of 3x3 in steps of 1, one group, x blocked, known extents: 2x2 outputs from 4x4 values by fewer
// products, whose sums differ. Lanes take pieces of so many patches in turn and work in a second output.
struct WinogradCut {
  int64_t rows, columns, patches;  // of all planes: patches of 2x2 outputs
  int64_t pieces, piece, lanes;    // piece: patches of one, at most
};
inline WinogradCut winograd_cut(int64_t batch, int64_t height, int64_t width) {
  constexpr int64_t kPiece = 48, kLanes = 16;
  WinogradCut cut{(height + 1) / 2, (width + 1) / 2, 0, 0, 0, 0};
  cut.patches = batch * cut.rows * cut.columns;
  cut.pieces = (cut.patches + kPiece - 1) / kPiece;
  if (cut.pieces > 1) cut.pieces += cut.pieces % 2;
  cut.piece = cut.pieces ? (cut.patches + cut.pieces - 1) / cut.pieces : 0;
  cut.lanes = std::min(cut.pieces, kLanes);
  return cut;
}

// pool_blocked: pool with PoolAttr, of maxima and averages without indices.

// affine_blocked: x blocked, factor and shift [C filled up to 16] -> activated(x * factor + shift)
struct AffineAttr {
  Activation act;
  float a, b;
};

// shuffle_blocked: x blocked, channel (a, b) of `groups` times C / groups -> channel (b, a) of C / groups times `groups`
struct ShuffleAttr {
  int64_t channels;  // C
  int64_t groups;
};
inline int64_t shuffled_from(const ShuffleAttr& attr, int64_t channel) { return channel % attr.groups * (attr.channels / attr.groups) + channel / attr.groups; }

// What averages at window o are divided by; 1 where there is nothing.
inline double pool_count(const PoolAttr& attr, const Windows& w, const int64_t* o) {
  int64_t count = 1;
  for (int i = 0; i < 3; ++i) count *= attr.count_padding ? w.last_padded(i, o[i]) : w.last(i, o[i]) - w.first(i, o[i]);
  return double(std::max<int64_t>(count, 1));
}

}  // namespace prm
