// Drivers of the other ops on blocked values: pools, a factor and a shift per channel, and the ways in and out.
#include <algorithm>
#include <cstring>

#include "cpu/conv_tiles.h"
#include "cpu/cpu_kernels.h"

namespace prm {

namespace {

int64_t plane_of(const Tensor& blocked) {
  int64_t plane = 1;
  for (int i = 2; i < blocked.rank - 1; ++i) plane *= blocked.dim[i];
  return plane;
}

typedef float Four __attribute__((vector_size(16)));
Four load_four(const float* p) {
  Four v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
void store_four(float* p, Four v) { std::memcpy(p, &v, sizeof v); }

// y[j * y_row + i] = x[i * x_row + j]
void turn_rows(const float* x, int64_t x_row, float* y, int64_t y_row, int64_t rows, int64_t columns) {
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4) {
    int64_t j = 0;
    for (; j + 4 <= columns; j += 4) {
      const float* from = x + i * x_row + j;
      Four a = load_four(from), b = load_four(from + x_row), c = load_four(from + 2 * x_row), d = load_four(from + 3 * x_row);
      Four low = __builtin_shufflevector(a, b, 0, 4, 1, 5), high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      Four low2 = __builtin_shufflevector(c, d, 0, 4, 1, 5), high2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
      float* to = y + j * y_row + i;
      store_four(to, __builtin_shufflevector(low, low2, 0, 1, 4, 5));
      store_four(to + y_row, __builtin_shufflevector(low, low2, 2, 3, 6, 7));
      store_four(to + 2 * y_row, __builtin_shufflevector(high, high2, 0, 1, 4, 5));
      store_four(to + 3 * y_row, __builtin_shufflevector(high, high2, 2, 3, 6, 7));
    }
    for (; j < columns; ++j)
      for (int64_t k = i; k < i + 4; ++k) y[j * y_row + k] = x[k * x_row + j];
  }
  for (; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) y[j * y_row + i] = x[i * x_row + j];
}

constexpr int64_t kPiece = 256;  // places of a plane that are moved at once

}  // namespace

template <const CpuIsa& isa>
void run_pool_blocked(const OpArgs& a) {
  auto attr = a.at<PoolAttr>();
  if (!a.y().count()) return;
  TiledWindow window(pool_windows(attr, a.x(0), a.y()));
  int most = isa.conv->depthwise_pixels;
  int64_t pixels = TileRun::kTiles * most, runs = (window.pixels + pixels - 1) / pixels;
  a.work->rows(a.y().dim[0] * a.y().dim[1] * runs, 1, [&](int64_t begin, int64_t end) {
    TileRun run;
    for (int64_t item = begin; item < end; ++item) {
      int64_t plane = item / runs, first = item % runs * pixels;
      run.cut(window, first, std::min(window.pixels, first + pixels), most);
      for (int t = 0; t < run.count; ++t) {
        float count[kConvPixels];
        for (int p = 0; p < run.tile[t].pixels && attr.kind == PoolKind::average; ++p) {
          int64_t o[kConvAxes];
          window.coordinates(run.begin[t] + p, o);
          count[p] = float(pool_count(attr, window.e, o));
        }
        PoolSums s{a.x(0).as<float>() + plane * window.win.plane, a.y().as<float>() + (plane * window.pixels + run.begin[t]) * kChannelBlock,
                   attr.kind == PoolKind::average ? count : nullptr};
        isa.conv->pool(window.win, run.tile[t], s);
      }
    }
  });
}

template <const CpuIsa& isa>
void run_affine_blocked(const OpArgs& a) {
  auto attr = a.at<AffineAttr>();
  ActivationRange range = range_of(attr.act, attr.a, attr.b);
  int64_t plane = plane_of(a.x(0)), blocks = a.x(0).dim[1];
  a.work->rows(a.x(0).dim[0] * blocks, std::max<int64_t>(1, 4096 / std::max<int64_t>(plane, 1)), [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      int64_t at = b * plane * kChannelBlock, channel = b % blocks * kChannelBlock;
      isa.conv->affine(a.x(0).as<float>() + at, a.x(1).as<float>() + channel, a.x(2).as<float>() + channel, a.y().as<float>() + at, plane, range);
    }
  });
}

void run_to_blocked(const OpArgs& a) {
  const Tensor &x = a.x(0), &y = a.y();
  int64_t C = x.dim[1], blocks = y.dim[1], plane = plane_of(y), pieces = (plane + kPiece - 1) / kPiece;
  a.work->rows(y.dim[0] * blocks * pieces, 16, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      int64_t block = item / pieces % blocks, n = item / pieces / blocks, first = item % pieces * kPiece, last = std::min(plane, first + kPiece);
      const float* from = x.as<float>() + (n * C + block * kChannelBlock) * plane;
      float* to = y.as<float>() + (n * blocks + block) * plane * kChannelBlock;
      int64_t channels = std::min(kChannelBlock, C - block * kChannelBlock);
      if (channels < kChannelBlock) std::memset(to + first * kChannelBlock, 0, size_t((last - first) * kChannelBlock) * sizeof(float));
      turn_rows(from + first, plane, to + first * kChannelBlock, kChannelBlock, channels, last - first);
    }
  });
}

void run_from_blocked(const OpArgs& a) {
  const Tensor &x = a.x(0), &y = a.y();
  int64_t C = y.dim[1], blocks = x.dim[1], plane = plane_of(x), pieces = (plane + kPiece - 1) / kPiece;
  a.work->rows(x.dim[0] * blocks * pieces, 16, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      int64_t block = item / pieces % blocks, n = item / pieces / blocks, first = item % pieces * kPiece, last = std::min(plane, first + kPiece);
      const float* from = x.as<float>() + (n * blocks + block) * plane * kChannelBlock;
      float* to = y.as<float>() + (n * C + block * kChannelBlock) * plane;
      turn_rows(from + first * kChannelBlock, kChannelBlock, to + first, plane, last - first, std::min(kChannelBlock, C - block * kChannelBlock));
    }
  });
}

void run_shuffle_blocked(const OpArgs& a) {
  auto attr = a.at<ShuffleAttr>();
  const Tensor &x = a.x(0), &y = a.y();
  int64_t blocks = y.dim[1], plane = plane_of(y), pieces = (plane + kPiece - 1) / kPiece;
  a.work->rows(y.dim[0] * blocks * pieces, 16, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      int64_t block = item / pieces % blocks, n = item / pieces / blocks, first = item % pieces * kPiece, last = std::min(plane, first + kPiece);
      const float *from = x.as<float>() + n * blocks * plane * kChannelBlock, *lane[kChannelBlock];
      for (int64_t i = 0; i < kChannelBlock; ++i) {
        int64_t channel = shuffled_from(attr, std::min(block * kChannelBlock + i, attr.channels - 1));
        lane[i] = from + channel / kChannelBlock * plane * kChannelBlock + channel % kChannelBlock;
      }
      float* to = y.as<float>() + (n * blocks + block) * plane * kChannelBlock;
      for (int64_t at = first * kChannelBlock; at < last * kChannelBlock; at += kChannelBlock)
        for (int i = 0; i < kChannelBlock; ++i) to[at + i] = lane[i][at];
    }
  });
}

#define PRM_INSTANTIATE(isa)                             \
  template void run_pool_blocked<isa>(const OpArgs&);    \
  template void run_affine_blocked<isa>(const OpArgs&);
PRM_INSTANTIATE(kScalarIsa)
PRM_VECTOR_ISAS(PRM_INSTANTIATE)

}  // namespace prm
