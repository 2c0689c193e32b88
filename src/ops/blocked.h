// Blocked values: [N, C/16, spatial..., 16], channels in blocks of 16 side by side, as convolutions on CPUs like them. The last block is
// filled up; what stands in the filling is nobody's. passes/block_channels.cpp turns runs of ops into these.
#pragma once
#include "ops/window.h"

namespace prm {

extern const Op kToBlocked, kFromBlocked, kConvBlocked, kPoolBlocked, kAffineBlocked;

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

// pool_blocked: pool with PoolAttr, of maxima and averages without indices.

// affine_blocked: x blocked, factor and shift [C filled up to 16] -> activated(x * factor + shift)
struct AffineAttr {
  Activation act;
  float a, b;
};

// What averages at window o are divided by; 1 where there is nothing.
inline double pool_count(const PoolAttr& attr, const Windows& w, const int64_t* o) {
  int64_t count = 1;
  for (int i = 0; i < 3; ++i) count *= attr.count_padding ? w.last_padded(i, o[i]) : w.last(i, o[i]) - w.first(i, o[i]);
  return double(std::max<int64_t>(count, 1));
}

}  // namespace prm
