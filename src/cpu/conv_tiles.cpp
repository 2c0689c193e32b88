#include "cpu/conv_tiles.h"

#include <algorithm>
#include <limits>

namespace prm {

namespace {
constexpr int64_t kWeightBytes = 40 << 10;  // of one pass
}

TiledWindow::TiledWindow(const Windows& extents) : e(extents), win{}, inside(true), pixels(1) {
  int64_t step = kChannelBlock;
  for (int i = kConvAxes - 1; i >= 0; --i) {
    win.extent[i] = int32_t(e.in[i]);
    win.kernel[i] = int32_t(e.kernel[i]);
    win.dilation[i] = int32_t(e.dilation[i]);
    win.step[i] = step;
    step *= e.in[i];
    pixels *= e.out[i];
    inside = inside && e.begin[i] == 0 && (e.out[i] - 1) * e.stride[i] + (e.kernel[i] - 1) * e.dilation[i] < e.in[i];
  }
  win.plane = step;
  win.channel_step = 1;
}

ActivationRange range_of(Activation act, float a, float b) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (act == Activation::clip) return {a, b, false, 1, 0};
  return {act == Activation::relu ? 0 : -kInfinity, kInfinity, act == Activation::hard_swish, a, b};
}

CodeRange code_range(const Quantum& to) { return {to.scale != 0, 1 / to.scale, -float(to.zero), 255 - float(to.zero), to.zero}; }

namespace {

// Outputs of one row of a plane, in turn.
struct OutputRow {
  const TiledWindow& w;
  int64_t out[kConvAxes];
  int64_t at[kConvAxes] = {}, first = 0;
  bool inside = true;

  OutputRow(const TiledWindow& window, int64_t output) : w(window) {
    w.coordinates(output, out);
    begin_row();
  }
  bool lies_inside(int axis) const { return at[axis] >= 0 && at[axis] + (w.e.kernel[axis] - 1) * w.e.dilation[axis] < w.e.in[axis]; }
  void begin_row() {
    first = 0;
    for (int i = 0; i < kConvAxes; ++i) {
      at[i] = out[i] * w.e.stride[i] - w.e.begin[i];
      first += at[i] * w.win.step[i];
    }
    inside = w.inside || (lies_inside(0) && lies_inside(1));
  }
  void next() {
    if (++out[2] < w.e.out[2]) {
      at[2] += w.e.stride[2];
      first += w.e.stride[2] * w.win.step[2];
      return;
    }
    out[2] = 0;
    if (++out[1] == w.e.out[1]) out[1] = 0, ++out[0];
    begin_row();
  }
};

}  // namespace

void TileRun::cut(const TiledWindow& w, int64_t run_begin, int64_t end, int most) {
  count = int((end - run_begin + most - 1) / most);
  OutputRow row(w, run_begin);
  for (int t = 0; t < count; ++t) {
    begin[t] = run_begin + (end - run_begin) * t / count;
    ConvTile& to = tile[t];
    to.pixels = int32_t(run_begin + (end - run_begin) * (t + 1) / count - begin[t]);
    to.inside = true;
    for (int p = 0; p < to.pixels; ++p, row.next()) {
      to.first[p] = row.first;
      for (int i = 0; i < kConvAxes; ++i) to.at[i][p] = int32_t(row.at[i]);
      to.inside = to.inside && row.inside && (w.inside || row.lies_inside(2));
    }
  }
  begin[count] = end;
}

int64_t run_pixels(const TiledWindow& window, int64_t batch, int64_t x_bytes, int64_t most, int64_t items_each) {
  constexpr int64_t kInputBytes = 512 << 10;  // of x, for the second cache
  constexpr int64_t kItems = 16;              // at least, so that threads end together
  const Windows& e = window.e;
  int64_t bytes = x_bytes * e.stride[0] * e.stride[1] * e.stride[2];
  int64_t pixels = std::min(kInputBytes / std::max<int64_t>(bytes, 1), window.pixels * batch * items_each / kItems);
  return std::clamp<int64_t>(pixels / most * most, 4 * most, TileRun::kTiles * most);
}

int tile_blocks(const ConvTable& table, int64_t blocks) {
  for (int b = kConvBlocks; b > 1; --b)
    if (table.pixels[b] && blocks % b == 0) return b;
  for (int b = kConvBlocks; b > 1; --b)
    if (table.pixels[b] && blocks > b) return b;
  return 1;
}

void run_conv_tiles(const ConvTable& table, const ConvWindow& window, int64_t places, const TileRun& run, const ConvSums& sums, const float* then) {
  int64_t step = std::max<int64_t>(1, kWeightBytes / int64_t(sizeof(float)) / (places * sums.blocks * kChannelBlock * kChannelBlock)) * kChannelBlock;
  for (int64_t channel = 0; channel < sums.channels; channel += step) {
    ConvSums s = sums;
    s.x += channel / kChannelBlock * window.plane;
    s.w += channel * places * kChannelBlock;
    s.channels = int32_t(std::min(step, sums.channels - channel));
    s.begin = channel == 0;
    s.end = sums.end && channel + step >= sums.channels;
    const float* next = channel + step >= sums.channels ? then : s.w + step * places * kChannelBlock;
    for (int t = 0; t < run.count; ++t) {
      int64_t at = run.begin[t] * kChannelBlock;
      s.y = sums.y + at;
      s.more = sums.more ? sums.more + at : nullptr;
      s.ahead = t < s.blocks && next ? next - s.w + t * s.w_block : 0;  // a block's weights under each tile
      table.sums(window, run.tile[t], s);
    }
  }
}

}  // namespace prm
