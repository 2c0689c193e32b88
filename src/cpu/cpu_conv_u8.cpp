// Drivers of blocked values of 8 bits.
#include <algorithm>
#include <cstring>

#include "cpu/conv_pack.h"
#include "cpu/conv_tiles.h"
#include "cpu/cpu_kernels.h"
#include "ops/blocked_u8.h"

namespace prm {

namespace {

constexpr int64_t kItemProducts = 32 << 20;
constexpr int64_t kChunk = 1 << 11;  // blocks of 16 values, in one chunk

}  // namespace

bool accepts_conv_u8(const KernelQuery& q) { return q.constant[1]; }

template <const CpuIsa& isa>
void run_conv_u8(const OpArgs& a) {
  auto attr = a.at<ConvU8Attr>();
  const Tensor &x = a.x(0), &w = a.x(1), &y = a.y();
  if (!y.count()) return;
  const ConvTable& table = *isa.conv;
  TiledWindow window(windows_of(attr.conv, x, y, w.dim + 2));
  int64_t each = w.dim[1], places = 1;
  for (int i = 2; i < w.rank; ++i) places *= w.dim[i];
  uint8_t outside[kChannelBlock];
  std::memset(outside, attr.x_zero, sizeof outside);
  ConvBytes shared{};
  shared.channels = int32_t(each), shared.outside = outside;
  shared.w_block = (each + 3) / 4 * 4 * places * kChannelBlock;
  shared.y_block = window.pixels * kChannelBlock;
  shared.act = range_of(attr.conv.act, attr.conv.a, attr.conv.b), shared.to = code_range(attr.to);
  size_t width = size_t(info(y.dtype).bytes);
  ConvUnits units{x.dim[0], attr.conv.group, y.dim[1] / attr.conv.group, each * places, each, kItemProducts};
  each_conv_unit(table, window, units, *a.work, [&](const TileRun& run, int64_t n, int64_t group, int64_t block, int32_t count, bool) {
    ConvBytes s = shared;
    s.x = x.as<uint8_t>() + (n * x.dim[1] + group * each / kChannelBlock) * window.win.plane;
    s.w = w.as<int8_t>() + block * s.w_block;
    s.factor = a.x(2).as<float>() + block * kChannelBlock, s.shift = a.x(3).as<float>() + block * kChannelBlock;
    s.blocks = count;
    std::byte* to = y.data + size_t((n * y.dim[1] + block) * s.y_block) * width;
    for (int t = 0; t < run.count; ++t) {
      s.y = to + size_t(run.begin[t] * kChannelBlock) * width;
      table.sums_u8(window.win, run.tile[t], s);
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
