// Driver of convolutions 3x3 by F(2x2, 3x3): patches of x are turned, multiplied with turned weights as 16 convolutions 1x1, and turned
// back. A lane does piece after piece in memory of its own, so that all of a piece stays near.
#include <algorithm>

#include "cpu/conv_pack.h"
#include "cpu/conv_tiles.h"
#include "cpu/cpu_kernels.h"

namespace prm {

namespace {

constexpr int64_t kPlaces = 16;

struct Winograd {
  ConvAttr attr;
  const Tensor &x, &w, &y;
  Windows e;
  WinogradCut cut;
  ActivationRange range;
  const float *factor, *shift, *more;
  int64_t x_plane, y_plane;  // floats of a block

  explicit Winograd(const OpArgs& a)
      : attr(a.at<ConvAttr>()), x(a.x(0)), w(a.x(1)), y(a.y()), e(windows_of(attr, x, y, w.dim + 2)), cut(winograd_cut(y.dim[0], e.out[1], e.out[2])),
        range(range_of(attr.act, attr.a, attr.b)), factor(a.x(2).as<float>()), shift(a.x(3).as<float>()), more(a.in[4] ? a.x(4).as<float>() : nullptr),
        x_plane(e.inputs() * kChannelBlock), y_plane(e.outputs() * kChannelBlock) {}

  // Rows and columns of x and y under a patch.
  void place(int64_t patch, int64_t& n, int64_t& row, int64_t& column) const {
    n = patch / cut.columns / cut.rows, row = patch / cut.columns % cut.rows * 2, column = patch % cut.columns * 2;
  }

  void turn_in(const ConvTable& table, int64_t first, int64_t count, float* v) const {
    WinogradPatch p;
    p.plane = x_plane, p.block = count * kChannelBlock, p.place = x.dim[1] * p.block;
    for (int64_t i = 0; i < count; ++i) {
      int64_t n, row, column;
      place(first + i, n, row, column);
      for (int64_t k = 0; k < kPlaces; ++k) {
        int64_t h = row - e.begin[1] + k / 4, c = column - e.begin[2] + k % 4;
        bool inside = h >= 0 && h < e.in[1] && c >= 0 && c < e.in[2];
        p.offset[k] = inside ? (h * e.in[2] + c) * kChannelBlock : -1;
      }
      table.winograd_in(p, x.as<float>() + n * x.dim[1] * x_plane, x.dim[1], v + i * kChannelBlock);
    }
  }

  void turn_out(const ConvTable& table, int64_t first, int64_t count, const float* m) const {
    WinogradPatch p;
    p.block = count * kChannelBlock, p.place = y.dim[1] * p.block;
    for (int64_t i = 0; i < count; ++i) {
      int64_t n, row, column;
      place(first + i, n, row, column);
      int64_t at = n * y.dim[1] * y_plane + (row * e.out[2] + column) * kChannelBlock;
      WinogradOutputs o{int32_t(std::min<int64_t>(2, e.out[1] - row)), int32_t(std::min<int64_t>(2, e.out[2] - column)), e.out[2] * kChannelBlock, y_plane,
                        y.as<float>() + at, factor, shift, more ? more + at : nullptr, range};
      table.winograd_out(p, m + i * kChannelBlock, y.dim[1], o);
    }
  }

  void multiply(const ConvTable& table, int64_t count, const float* v, float* m) const {
    Windows row;
    row.in[2] = row.out[2] = count;
    TiledWindow window(row);
    int at_once = tile_blocks(table, y.dim[1]);
    TileRun run;
    run.cut(window, 0, count, table.pixels[at_once]);
    ConvSums s{};
    s.channels = int32_t(w.dim[1]);
    s.w_block = kPlaces * w.dim[1] * kChannelBlock;
    s.y_block = window.win.plane;
    for (int64_t k = 0; k < kPlaces; ++k)
      for (int64_t block = 0; block < y.dim[1]; block += at_once) {
        s.blocks = int32_t(std::min<int64_t>(at_once, y.dim[1] - block));
        s.x = v + k * x.dim[1] * window.win.plane;
        s.w = w.as<float>() + block * s.w_block + k * w.dim[1] * kChannelBlock;
        s.y = m + (k * y.dim[1] + block) * window.win.plane;
        bool last = block + at_once >= y.dim[1];
        const float* then = !last ? s.w + at_once * s.w_block : k + 1 < kPlaces ? w.as<float>() + (k + 1) * w.dim[1] * kChannelBlock : nullptr;
        run_conv_tiles(table, window.win, 1, run, s, then);
      }
  }
};

}  // namespace

template <const CpuIsa& isa>
void run_conv_winograd(const OpArgs& a) {
  Winograd c(a);
  if (!c.y.count()) return;
  a.work->rows(c.cut.lanes, 1, [&](int64_t begin, int64_t end) {
    for (int64_t lane = begin; lane < end; ++lane)
      for (int64_t piece = lane; piece < c.cut.pieces; piece += c.cut.lanes) {
        int64_t first = c.cut.patches * piece / c.cut.pieces, count = c.cut.patches * (piece + 1) / c.cut.pieces - first;
        float *v = a.y(1).row<float>(lane), *m = v + kPlaces * c.x.dim[1] * kChannelBlock * count;
        c.turn_in(*isa.conv, first, count, v);
        c.multiply(*isa.conv, count, v, m);
        c.turn_out(*isa.conv, first, count, m);
      }
  });
}

#define PRM_INSTANTIATE(isa) template void run_conv_winograd<isa>(const OpArgs&);
PRM_INSTANTIATE(kScalarIsa)
PRM_VECTOR_ISAS(PRM_INSTANTIATE)

}  // namespace prm
