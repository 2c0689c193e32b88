#include "quant_pack.h"

#include <algorithm>
#include <cstring>

#include "base/half.h"
#include "quant/format.h"
#include "quant_layout.h"

namespace prm {

namespace {

constexpr int kRows = 16;

constexpr int kRepeat = 64;  // places of codes repeat after so many values of k, so much further

struct Packer {
  const Tensor& plain;
  const QuantFormat& format;
  QuantLayout layout;
  uint8_t code_of[256] = {};  // by a value's byte
  CodePlace low[kRows][kRepeat], high[kRows][kRepeat];

  explicit Packer(const Tensor& weights) : plain(weights), format(*find_format(weights.dtype)), layout(quant_layout(weights.dtype)) {
    for (int code = layout.has_table ? 15 : 255; code >= 0; --code) {  // of two codes with one value the first
      int value = layout.has_table ? int(layout.table[code / 4] >> (8 * (code % 4))) : code - layout.offset;
      code_of[value & 0xff] = uint8_t(code);
    }
    for (int row = 0; row < kRows; ++row)
      for (int k = 0; k < kRepeat; ++k) {
        low[row][k] = place_of_code(layout.low, layout.has_table, row, k);
        high[row][k] = place_of_code(layout.high, false, row, k);
      }
  }

  static void put_bits(std::byte* plane, const CodePlace& place, int32_t bits, uint32_t code) {
    plane[place.byte] |= std::byte((code & ((1u << bits) - 1)) << place.shift);
  }
  void put_codes(const int8_t* values, int row, int first, std::byte* tile) const {
    for (int i = 0; i < layout.unit; ++i) {
      int k = first + i, more = k / kRepeat * 2 * kRepeat;
      uint32_t code = code_of[uint8_t(values[i])];
      put_bits(tile + layout.low_at() + more * layout.low, low[row][k % kRepeat], layout.low, code);
      if (layout.high) put_bits(tile + layout.high_at() + more * layout.high, high[row][k % kRepeat], layout.high, code >> layout.low);
    }
  }
  uint16_t bits_of_scale(float d) const { return layout.bf16 ? float_to_bf16(d) : float_to_half(d); }  // exact: that is what d is in the file

  void pack_block(const std::byte* block, int row, int unit, std::byte* tile) const {
    BlockParts parts;
    float d = 0, dmin = 0;
    format.unpack(block, parts);
    format.scales(block, d, dmin);
    auto* head = reinterpret_cast<uint16_t*>(tile + unit * layout.unit_head_bytes()) + place_of_scale(layout, row);
    head[0] = bits_of_scale(d);
    if (layout.has_min) head[2] = bits_of_scale(dmin);
    for (int j = 0; j < layout.subs(); ++j) {
      tile[layout.scales_at() + row * layout.subs() + j] = std::byte(parts.scale[j]);
      if (layout.has_min) tile[layout.mins_at() + row * layout.subs() + j] = std::byte(parts.min[j]);
    }
    put_codes(parts.value, row, unit * layout.unit, tile);
  }

  void pack_group(int64_t first_row, std::byte* out) const {
    int64_t K = plain.dim[1], rows = std::min<int64_t>(kRows, plain.dim[0] - first_row);
    std::memset(out, 0, size_t(layout.tiles(K) * layout.tile_bytes()));
    for (int64_t u = 0; u < K / layout.unit; ++u)
      for (int64_t row = 0; row < rows; ++row) {
        const std::byte* block = plain.row<std::byte>(first_row + row) + size_t(u) * size_t(info(plain.dtype).bytes);
        pack_block(block, int(row), int(u % layout.units_of_tile()), out + u / layout.units_of_tile() * layout.tile_bytes());
      }
  }
};

size_t group_bytes(const Tensor& plain) {
  QuantLayout layout = quant_layout(plain.dtype);
  return size_t(layout.tiles(plain.dim[1]) * layout.tile_bytes());
}
size_t packed_bytes(const Tensor& plain) { return size_t((plain.dim[0] + kRows - 1) / kRows) * group_bytes(plain); }

void pack_rows(const Tensor& plain, std::byte* out, const Work& work) {
  Packer packer(plain);
  work.rows((plain.dim[0] + kRows - 1) / kRows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g) packer.pack_group(g * kRows, out + size_t(g) * group_bytes(plain));
  });
}

}  // namespace

const Layout kQuantTiles{"quant_tiles", packed_bytes, kRows, pack_rows};

}  // namespace prm
