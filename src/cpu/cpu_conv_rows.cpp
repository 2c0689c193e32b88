// Drivers of rows of codes (ops/rows_u8.h): laying them out, and convolutions by tiles of 16 outputs.
#include <algorithm>
#include <cstring>

#include "cpu/conv_tiles.h"
#include "cpu/cpu_kernels.h"
#include "ops/rows_u8.h"

namespace prm {

namespace {

constexpr int64_t kTileRows = 16, kRowBlocks = kRowBytes / kChannelBlock;
constexpr int64_t kLines = 4;              // of places, in one chunk
constexpr int64_t kTiles = 64;             // that all blocks run over, one after another
constexpr int64_t kRunBytes = 512 << 10;  // of x under one item, for the second cache
constexpr int64_t kItems = 16;            // at least, so that threads end together

// The outputs of a plane in tiles of neighbours, as even as they can be: of the whole plane where its places lie as those of x do,
// else of a row.
struct RowTile {
  int64_t x, output;  // x: bytes
  int32_t rows;
};
struct RowTiles {
  Windows e;
  int64_t lines, length, each;  // runs of outputs, and tiles of each

  explicit RowTiles(const Windows& extents) : e(extents) {
    bool flat = true;
    for (int i = 0; i < 3; ++i) flat = flat && e.in[i] == e.out[i] && e.stride[i] == 1;
    length = flat ? e.outputs() : e.out[2];
    lines = length ? e.outputs() / length : 0;
    each = (length + kTileRows - 1) / kTileRows;
  }
  int64_t count() const { return lines * each; }
  RowTile at(int64_t tile) const {
    int64_t begin = length * (tile % each) / each, output = tile / each * length + begin;
    int64_t d = output / e.out[2] / e.out[1], h = output / e.out[2] % e.out[1], w = output % e.out[2];
    int64_t place = (d * e.stride[0] * e.in[1] + h * e.stride[1]) * e.in[2] + w * e.stride[2];
    return {place * kRowBytes, output, int32_t(length * (tile % each + 1) / each - begin)};
  }
};

struct RowConv {
  const OpArgs& a;
  ConvU8Attr attr;
  const Tensor &x, &w, &y;
  RowTiles tiles;
  ConvRows shared{};

  explicit RowConv(const OpArgs& args) : a(args), attr(a.at<ConvU8Attr>()), x(a.x(0)), w(a.x(1)), y(a.y()), tiles(windows_of(attr.conv, x, y, w.dim + 2)) {
    const Windows& e = tiles.e;
    int64_t step = kRowBytes;
    for (int i = 2; i >= 0; --i) {
      shared.kernel[i] = int32_t(e.kernel[i]);
      shared.step[i] = step * e.dilation[i];
      step *= e.in[i];
    }
    shared.x_step = kRowBytes * e.stride[2];
    shared.chunk = step;
    shared.chunks = int32_t(x.dim[1]);
    shared.w_block = e.weights() * x.dim[1] * kRowBytes * kChannelBlock;
    shared.y_block = e.outputs() * kChannelBlock;
    shared.act = range_of(attr.conv.act, attr.conv.a, attr.conv.b), shared.to = code_range(attr.to);
  }

  // Tiles [first, last) of plane n by blocks [begin, end): all blocks over some tiles, then over the next.
  void run(const RowTable& table, int64_t n, int64_t first, int64_t last, int64_t begin, int64_t end) const {
    int32_t rows[2] = {};
    for (; first < last; first += kTiles) {
      RowTile tile[kTiles];
      int64_t count = std::min(kTiles, last - first);
      for (int64_t i = 0; i < count; ++i) tile[i] = tiles.at(first + i);
      for (int64_t block = begin; block < end; block += 2) run_tiles(table, n, {tile, size_t(count)}, block, std::min<int64_t>(2, end - block), rows);
    }
    table.end();
  }
  void run_tiles(const RowTable& table, int64_t n, std::span<const RowTile> all, int64_t block, int64_t blocks, int32_t (&rows)[2]) const {
    ConvRows s = shared;
    s.blocks = int32_t(blocks);
    s.w = w.as<int8_t>() + block * s.w_block;
    s.factor = a.x(2).as<float>() + block * kChannelBlock, s.shift = a.x(3).as<float>() + block * kChannelBlock;
    const uint8_t* from = x.as<uint8_t>() + n * x.dim[1] * s.chunk;
    size_t width = size_t(info(y.dtype).bytes);
    std::byte* to = y.data + size_t((n * y.dim[1] + block) * s.y_block) * width;
    for (size_t t = 0; t < all.size(); t += 2) {
      for (size_t i = 0; i < 2; ++i) {
        const RowTile& tile = all[std::min(t + i, all.size() - 1)];
        s.rows[i] = t + i < all.size() ? tile.rows : 0;
        s.x[i] = from + tile.x;
        s.y[i] = to + size_t(tile.output * kChannelBlock) * width;
      }
      if (s.rows[0] != rows[0] || s.rows[1] != rows[1]) table.begin(rows[0] = s.rows[0], rows[1] = s.rows[1]);
      table.sums(s);
    }
  }
};

}  // namespace

template <const RowTable& table>
void run_conv_rows_u8(const OpArgs& a) {
  RowConv conv(a);
  if (!conv.y.count()) return;
  int64_t tiles = conv.tiles.count(), blocks = conv.y.dim[1], batch = conv.y.dim[0];
  int64_t bytes = conv.x.dim[1] * conv.shared.chunk, runs = std::clamp<int64_t>((bytes + kRunBytes - 1) / kRunBytes, 1, tiles);
  int64_t parts = std::clamp<int64_t>((kItems + batch * runs - 1) / (batch * runs), 1, (blocks + 1) / 2), pairs = (blocks + 1) / 2;
  a.work->rows(batch * runs * parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      int64_t part = item % parts, run = item / parts % runs, n = item / parts / runs;
      conv.run(table, n, tiles * run / runs, tiles * (run + 1) / runs, pairs * part / parts * 2, std::min(blocks, pairs * (part + 1) / parts * 2));
    }
  });
}

// A line of places at once: its padding, then each block of channels.
void run_rows_u8(const OpArgs& a) {
  auto attr = a.at<RowsU8Attr>();
  const Tensor &x = a.x(0), &y = a.y();
  if (!y.count()) return;
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, before[3] = {}, chunks = y.dim[1], blocks = x.dim[1];
  for (int i = 0; i < attr.rank; ++i) {
    int at = i + 3 - attr.rank;
    in[at] = x.dim[2 + i], out[at] = y.dim[2 + i], before[at] = attr.pad_begin[i];
  }
  int64_t plane = in[0] * in[1] * in[2];
  a.work->rows(y.dim[0] * chunks * out[0] * out[1], kLines, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      int64_t h = line % out[1] - before[1], d = line / out[1] % out[0] - before[0], chunk = line / out[1] / out[0];
      int64_t n = chunk / chunks, first = chunk % chunks * kRowBlocks, count = std::min(kRowBlocks, blocks - first);
      uint8_t* to = y.as<uint8_t>() + line * out[2] * kRowBytes;
      if (count < kRowBlocks) std::memset(to, 0, size_t(out[2] * kRowBytes));
      bool inside = d >= 0 && d < in[0] && h >= 0 && h < in[1];
      for (int64_t w = 0; w < out[2]; ++w)
        if (!inside || w < before[2] || w >= before[2] + in[2]) std::memset(to + w * kRowBytes, attr.outside, size_t(count * kChannelBlock));
      if (!inside) continue;
      for (int64_t block = 0; block < count; ++block) {
        const uint8_t* from = x.as<uint8_t>() + ((n * blocks + first + block) * plane + (d * in[1] + h) * in[2]) * kChannelBlock;
        for (int64_t w = 0; w < in[2]; ++w) std::memcpy(to + (before[2] + w) * kRowBytes + block * kChannelBlock, from + w * kChannelBlock, kChannelBlock);
      }
    }
  });
}

template void run_conv_rows_u8<kAmxRows>(const OpArgs&);
#ifdef PREMISE_EMU512
template void run_conv_rows_u8<kEmuRows>(const OpArgs&);
#endif

}  // namespace prm
