// Drivers of blocked values of 8 bits.
#include <algorithm>
#include <cstring>

#include "cpu/conv_pack.h"
#include "cpu/conv_tiles.h"
#include "cpu/cpu_kernels.h"
#include "ops/blocked_u8.h"

namespace prm {

namespace {

constexpr int64_t kItemMacs = 32 << 20;
constexpr int64_t kChunk = 1 << 11;  // blocks of 16 values, in one chunk

CodeRange code_range(const Quantum& q) { return {q.scale != 0, 1 / q.scale, -float(q.zero), 255 - float(q.zero), q.zero}; }

}  // namespace

bool accepts_conv_u8(const KernelQuery& q) { return q.constant[1]; }

template <const CpuIsa& isa>
void run_conv_u8(const OpArgs& a) {
  auto attr = a.at<ConvU8Attr>();
  const Tensor &x = a.x(0), &w = a.x(1), &y = a.y();
  if (!y.count()) return;
  const ConvTable& table = *isa.conv;
  TiledWindow window(windows_of(attr.conv, x, y, w.dim + 2));
  int64_t each = w.dim[1], places = 1, group = attr.conv.group, blocks = y.dim[1] / group, batch = x.dim[0];
  for (int i = 2; i < w.rank; ++i) places *= w.dim[i];
  int64_t depth = (each + 3) / 4 * 4 * places;  // bytes of an output's weights
  int at_once = tile_blocks(table, blocks), most = table.pixels[at_once];
  int64_t units_each = (blocks + at_once - 1) / at_once, units = units_each * group;
  int64_t pixels = run_pixels(window, batch, each, most, units), runs = (window.pixels + pixels - 1) / pixels;
  int64_t take = std::clamp<int64_t>(kItemMacs / std::max<int64_t>(pixels * each * places * at_once * kChannelBlock, 1), 1, units), parts = (units + take - 1) / take;
  uint8_t outside[kChannelBlock];
  std::memset(outside, attr.x_zero, sizeof outside);
  ConvBytes shared{};
  shared.channels = int32_t(each), shared.w_block = depth * kChannelBlock, shared.outside = outside;
  shared.y_block = window.pixels * kChannelBlock;
  shared.act = range_of(attr.conv.act, attr.conv.a, attr.conv.b), shared.to = code_range(attr.to);
  size_t width = attr.to.scale != 0 ? 1 : sizeof(float);
  a.work->rows(batch * runs * parts, 1, [&](int64_t begin, int64_t end) {
    TileRun run;
    for (int64_t item = begin; item < end; ++item) {
      int64_t n = item / parts / runs, first = item / parts % runs * pixels;
      if (item == begin || item % parts == 0) run.cut(window, first, std::min(window.pixels, first + pixels), most);
      for (int64_t u = item % parts * take; u < std::min(units, item % parts * take + take); ++u) {
        int64_t of = u / units_each, block = of * blocks + u % units_each * at_once;
        ConvBytes s = shared;
        s.x = x.as<uint8_t>() + (n * x.dim[1] + of * each / kChannelBlock) * window.win.plane;
        s.w = w.as<int8_t>() + block * s.w_block;
        s.factor = a.x(2).as<float>() + block * kChannelBlock, s.shift = a.x(3).as<float>() + block * kChannelBlock;
        s.blocks = int32_t(std::min<int64_t>(at_once, of * blocks + blocks - block));
        std::byte* to = y.data + size_t((n * y.dim[1] + block) * s.y_block) * width;
        for (int t = 0; t < run.count; ++t) {
          s.y = to + size_t(run.begin[t] * kChannelBlock) * width;
          table.sums_u8(window.win, run.tile[t], s);
        }
      }
    }
  });
}

template <const CpuIsa& isa>
void run_quantize_blocked(const OpArgs& a) {
  CodeRange to = code_range(a.at<Quantum>());
  const float* x = a.x(0).as<float>();
  uint8_t* y = a.y().as<uint8_t>();
  a.work->rows(a.y().count() / kChannelBlock, kChunk, [&](int64_t begin, int64_t end) { isa.conv->quantize(x + begin * kChannelBlock, y + begin * kChannelBlock, end - begin, to); });
}

template <const CpuIsa& isa>
void run_dequantize_blocked(const OpArgs& a) {
  auto of = a.at<Quantum>();
  const uint8_t* x = a.x(0).as<uint8_t>();
  float* y = a.y().as<float>();
  a.work->rows(a.y().count() / kChannelBlock, kChunk, [&](int64_t begin, int64_t end) { isa.conv->dequantize(x + begin * kChannelBlock, y + begin * kChannelBlock, end - begin, {of.scale, of.zero}); });
}

template <const CpuIsa& isa>
void run_sum_u8(const OpArgs& a) {
  auto attr = a.at<SumU8Attr>();
  SumBytes s{{attr.of_a.scale, attr.of_a.zero}, {attr.of_b.scale, attr.of_b.zero}, range_of(attr.act, attr.a, attr.b), code_range(attr.to)};
  const uint8_t *left = a.x(0).as<uint8_t>(), *right = a.x(1).as<uint8_t>();
  uint8_t* y = a.y().as<uint8_t>();
  a.work->rows(a.y().count() / kChannelBlock, kChunk, [&](int64_t begin, int64_t end) { isa.conv->sum_bytes(left + begin * kChannelBlock, right + begin * kChannelBlock, y + begin * kChannelBlock, end - begin, s); });
}

#define PRM_INSTANTIATE(isa)                                  \
  template void run_conv_u8<isa>(const OpArgs&);             \
  template void run_quantize_blocked<isa>(const OpArgs&);    \
  template void run_dequantize_blocked<isa>(const OpArgs&);  \
  template void run_sum_u8<isa>(const OpArgs&);
PRM_INSTANTIATE(kScalarIsa)
PRM_VECTOR_ISAS(PRM_INSTANTIATE)

}  // namespace prm
