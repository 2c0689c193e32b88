// Drivers of convolutions over blocked values. Work is cut by runs of outputs and by blocks of channels; a sum stays in registers for
// as many channels as have weights that the first cache holds, and goes on from where it was stored.
#include <algorithm>
#include <cstring>

#include "cpu/conv_pack.h"
#include "cpu/conv_tiles.h"
#include "cpu/cpu_kernels.h"

namespace prm {

namespace {

constexpr int64_t kItemProducts = 8 << 20;

// The launch as its kernels see it.
struct Conv {
  ConvAttr attr;
  const Tensor &x, &w, &y;
  bool plain;
  TiledWindow window;
  const float* from;       // x, or its padded copy
  int64_t x_batch;         // floats of one n
  int64_t each, places;    // channels of a group; of the kernel
  int64_t outputs;         // of a group
  const float *factor, *shift, *more;

  explicit Conv(const OpArgs& a)
      : attr(a.at<ConvAttr>()), x(a.x(0)), w(a.x(1)), y(a.y()), plain(x.rank == w.rank), window(extents(a)), from(x.as<float>()),
        x_batch(x.dim[1] * window.win.plane), each(w.dim[1]), places(1), outputs(w.dim[0] / attr.group),
        factor(a.x(2).as<float>()), shift(a.x(3).as<float>()), more(a.in[4] ? a.x(4).as<float>() : nullptr) {
    for (int i = 2; i < w.rank; ++i) places *= w.dim[i];
    if (!plain) return;
    for (int64_t& step : window.win.step) step /= kChannelBlock;
    window.win.plane /= kChannelBlock;
    window.win.channel_step = window.win.plane;
    x_batch = each * window.win.plane;
    from = a.y(1).as<float>();
  }

  Windows extents(const OpArgs& a) const {
    if (!plain) return windows_of(attr, x, y, w.dim + 2);
    ConvAttr of_copy = attr;  // which holds the padding
    for (int i = 0; i < attr.rank; ++i) of_copy.pad_begin[i] = of_copy.pad_end[i] = 0;
    return windows_of(of_copy, a.y(1), y, w.dim + 2);
  }

  int64_t y_block() const { return window.pixels * kChannelBlock; }
  ConvSums sums(int64_t n, int64_t block, int64_t channel) const {
    ConvSums s{};
    s.x = from + n * x_batch + channel / kChannelBlock * window.win.plane;
    s.lane = int32_t(channel % kChannelBlock);
    s.channels = int32_t(each);
    s.w = w.as<float>() + block * kChannelBlock * each * places;
    s.w_block = kChannelBlock * each * places;
    s.y_block = s.more_block = y_block();
    s.begin = s.end = true;
    s.factor = factor + block * kChannelBlock, s.shift = shift + block * kChannelBlock;
    s.act = range_of(attr.act, attr.a, attr.b);
    return s;
  }
  int64_t y_at(int64_t n, int64_t block) const { return (n * y.dim[1] + block) * y_block(); }
};

// Rows of a plain x into the middle of zeros.
void copy_padded(const Conv& c, const Tensor& to, const Work& work) {
  Windows w = windows_of(c.attr, c.x, c.y, c.w.dim + 2);
  const int64_t *in = w.in, *begin = w.begin, *out = c.window.e.in;
  work.rows(c.x.dim[0] * c.each * out[0] * out[1], 64, [&](int64_t first, int64_t end) {
    for (int64_t row = first; row < end; ++row) {
      int64_t plane = row / out[1] / out[0], d = row / out[1] % out[0] - begin[0], h = row % out[1] - begin[1];
      float* y = to.as<float>() + row * out[2];
      std::memset(y, 0, size_t(out[2]) * sizeof(float));
      if (d < 0 || d >= in[0] || h < 0 || h >= in[1]) continue;
      std::memcpy(y + begin[2], c.x.as<float>() + ((plane * in[0] + d) * in[1] + h) * in[2], size_t(in[2]) * sizeof(float));
    }
  });
}

// Groups of whole blocks.
void run_groups(const ConvTable& table, const Conv& c, const Work& work) {
  ConvUnits units{c.x.dim[0], c.attr.group, (c.outputs + kChannelBlock - 1) / kChannelBlock, c.each * c.places, c.each * int64_t(sizeof(float)), kItemProducts};
  each_conv_unit(table, c.window, units, work, [&](const TileRun& run, int64_t n, int64_t group, int64_t block, int32_t count, bool is_last) {
    ConvSums s = c.sums(n, block, group * c.each);
    s.blocks = count;
    int64_t at = c.y_at(n, block);
    s.y = c.y.as<float>() + at, s.more = c.more ? c.more + at : nullptr;
    run_conv_tiles(table, c.window.win, c.places, run, s, is_last ? nullptr : s.w + s.blocks * s.w_block);
  });
}

// Groups that meet inside of blocks: of the blocks that a group has a part of, its part is kept.
void run_mixed_groups(const ConvTable& table, const Conv& c, const Work& work) {
  int64_t groups = c.attr.group, O = c.w.dim[0], touched = (c.outputs + 2 * kChannelBlock - 2) / kChannelBlock;
  int at_once = tile_blocks(table, touched), most = table.pixels[at_once];
  int64_t pixels = run_pixels(c.window, c.x.dim[0], c.each * int64_t(sizeof(float)), most, groups), runs = (c.window.pixels + pixels - 1) / pixels;
  work.rows(c.x.dim[0] * runs * groups, 1, [&](int64_t begin, int64_t end) {
    TileRun run;
    alignas(64) float kept[kConvBlocks * kConvPixels * kChannelBlock];
    for (int64_t item = begin; item < end; ++item) {
      int64_t n = item / groups / runs, first = item / groups % runs * pixels, group = item % groups;
      if (item == begin || group == 0) run.cut(c.window, first, std::min(c.window.pixels, first + pixels), most);
      int64_t from = group * c.outputs, to = group + 1 == groups ? (O + kChannelBlock - 1) / kChannelBlock * kChannelBlock : from + c.outputs;
      for (int64_t block = from / kChannelBlock; block * kChannelBlock < to; block += at_once) {
        ConvSums s = c.sums(n, block, group * c.each);
        s.blocks = int32_t(std::min<int64_t>(at_once, (to + kChannelBlock - 1) / kChannelBlock - block));
        for (int t = 0; t < run.count; ++t) {
          int64_t at = c.y_at(n, block) + run.begin[t] * kChannelBlock, size = run.tile[t].pixels * kChannelBlock;
          s.y = kept, s.y_block = size;
          s.more = c.more ? c.more + at : nullptr;
          table.sums(c.window.win, run.tile[t], s);
          for (int b = 0; b < s.blocks; ++b) {
            int64_t output = (block + b) * kChannelBlock, lane = std::max<int64_t>(from - output, 0), lanes = std::min(to - output, kChannelBlock) - lane;
            for (int64_t i = lane; i < size; i += kChannelBlock)
              std::memcpy(c.y.as<float>() + at + b * c.y_block() + i, kept + b * size + i, size_t(lanes) * sizeof(float));
          }
        }
      }
    }
  });
}

void run_depthwise(const ConvTable& table, const Conv& c, const Work& work) {
  int most = table.depthwise_pixels;
  int64_t pixels = TileRun::kTiles * most, runs = (c.window.pixels + pixels - 1) / pixels, blocks = c.y.dim[1];
  int64_t take = std::clamp<int64_t>((kItemProducts / 32) / (std::min(pixels, c.window.pixels) * c.places * kChannelBlock), 1, blocks), parts = (blocks + take - 1) / take;
  work.rows(c.x.dim[0] * runs * parts, 1, [&](int64_t begin, int64_t end) {
    TileRun run;
    for (int64_t item = begin; item < end; ++item) {
      int64_t n = item / parts / runs, first = item / parts % runs * pixels;
      if (item == begin || item % parts == 0) run.cut(c.window, first, std::min(c.window.pixels, first + pixels), most);
      for (int64_t block = item % parts * take; block < std::min(blocks, item % parts * take + take); ++block) {
        ConvSums s = c.sums(n, block, block * kChannelBlock);
        for (int t = 0; t < run.count; ++t) {
          int64_t at = c.y_at(n, block) + run.begin[t] * kChannelBlock;
          s.y = c.y.as<float>() + at;
          s.more = c.more ? c.more + at : nullptr;
          table.depthwise(c.window.win, run.tile[t], s);
        }
      }
    }
  });
}

}  // namespace

bool accepts_conv_blocked(const KernelQuery& q) { return q.constant[1]; }

template <const CpuIsa& isa>
void run_conv_blocked(const OpArgs& a) {
  Conv c(a);
  if (!c.y.count()) return;
  if (c.plain) copy_padded(c, a.y(1), *a.work);
  if (c.each == 1 && c.outputs == 1 && c.attr.group > 1) return run_depthwise(*isa.conv, c, *a.work);
  if (c.attr.group == 1 || c.outputs % kChannelBlock == 0) return run_groups(*isa.conv, c, *a.work);
  run_mixed_groups(*isa.conv, c, *a.work);
}

#define PRM_INSTANTIATE(isa) template void run_conv_blocked<isa>(const OpArgs&);
PRM_INSTANTIATE(kScalarIsa)
PRM_VECTOR_ISAS(PRM_INSTANTIATE)

}  // namespace prm
