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
  if (act == Activation::clip) return {a, b, false};
  return {act == Activation::relu ? 0 : -kInfinity, kInfinity, act == Activation::hard_swish};
}

void TileRun::cut(const TiledWindow& w, int64_t first, int64_t end, int most) {
  const Windows& e = w.e;
  count = int((end - first + most - 1) / most);
  int64_t out[kConvAxes];
  w.coordinates(first, out);
  for (int t = 0; t < count; ++t) {
    begin[t] = first + (end - first) * t / count;
    ConvTile& to = tile[t];
    to.pixels = int32_t(first + (end - first) * (t + 1) / count - begin[t]);
    to.inside = true;
    for (int p = 0; p < to.pixels; ++p) {
      to.first[p] = 0;
      for (int i = 0; i < kConvAxes; ++i) {
        int64_t at = out[i] * e.stride[i] - e.begin[i];
        to.first[p] += at * w.win.step[i];
        to.at[i][p] = int32_t(at);
        if (!w.inside) to.inside = to.inside && at >= 0 && at + (e.kernel[i] - 1) * e.dilation[i] < e.in[i];
      }
      for (int i = kConvAxes - 1; i >= 0 && ++out[i] == e.out[i]; --i) out[i] = 0;
    }
  }
  begin[count] = end;
}

int tile_blocks(const ConvTable& table, int64_t blocks) {
  for (int b = kConvBlocks; b > 1; --b)
    if (table.pixels[b] && blocks % b == 0) return b;
  for (int b = kConvBlocks; b > 1; --b)
    if (table.pixels[b] && blocks > b) return b;
  return 1;
}

void run_tiles(const ConvTable& table, const ConvWindow& window, int64_t places, const TileRun& run, const ConvSums& sums) {
  int64_t step = std::max<int64_t>(1, kWeightBytes / int64_t(sizeof(float)) / (places * sums.blocks * kChannelBlock * kChannelBlock)) * kChannelBlock;
  for (int64_t channel = 0; channel < sums.channels; channel += step) {
    ConvSums s = sums;
    s.x += channel / kChannelBlock * window.plane;
    s.w += channel * places * kChannelBlock;
    s.channels = int32_t(std::min(step, sums.channels - channel));
    s.begin = channel == 0;
    s.end = sums.end && channel + step >= sums.channels;
    for (int t = 0; t < run.count; ++t) {
      int64_t at = run.begin[t] * kChannelBlock;
      s.y = sums.y + at;
      s.more = sums.more ? sums.more + at : nullptr;
      table.sums(window, run.tile[t], s);
    }
  }
}

}  // namespace prm
