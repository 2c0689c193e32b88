#include "quant_pack.h"

#include <algorithm>
#include <cstring>

#include "quant/format.h"

namespace prm {

namespace {

constexpr int64_t kRows = 16;

// Formats of at most 16 values: what is taken off a code, or -1: values stand in a table.
struct FourBits {
  DType type;
  int offset;
};
constexpr FourBits kFourBits[] = {{DType::q4_0, 8}, {DType::q4_1, 0}, {DType::q4_k, 0}, {DType::q2_k, 0}, {DType::q3_k, 4},
                                  {DType::iq4_nl, -1}, {DType::iq4_xs, -1}, {DType::mxfp4, -1}};

// All values of a format, by unpacking blocks of every code: 16 bytes of each nibble pair.
void fill_table(const QuantFormat& format, int8_t (&table)[16]) {
  std::byte block[256] = {};
  BlockParts parts;
  size_t bytes = size_t(info(format.type).bytes), codes = size_t(info(format.type).block) / 2;
  for (int code = 0; code < 16; ++code) {
    std::memset(block + bytes - codes, code | code << 4, codes);  // codes are the last of a block
    format.unpack(block, parts);
    table[code] = parts.value[0];
  }
}

struct Packer {
  const Tensor& plain;
  const QuantFormat& format;
  QuantLayout layout;

  uint8_t code_of(int value) const {
    if (layout.bits == 8) return uint8_t(value);
    if (!layout.has_table) return uint8_t(value + layout.offset);
    return uint8_t(std::find(layout.table, layout.table + 15, int8_t(value)) - layout.table);
  }

  // Lane l of an mma holds rows l / 4 and 8 more, and of k 4 (l % 4) and 16 more, four neighbours each (device_code.h).
  void put_code(std::byte* codes, int row, int k, uint8_t code) const {
    int lane = row % 8 * 4 + k % 16 / 4, reg = row / 8 + k % 32 / 16 * 2;
    std::byte* step = codes + k / 32 * layout.step_bytes();
    if (layout.bits == 8) {
      step[lane * 16 + reg * 4 + k % 4] = std::byte(code);
      return;
    }
    step[lane * 8 + reg / 2 * 4 + k % 4] |= std::byte(code << (4 * (reg % 2)));  // the odd ones are the high nibbles
  }

  void pack_unit(int64_t first_row, int64_t unit, std::byte* out) const {
    std::memset(out, 0, size_t(layout.unit_bytes()));
    auto* d = reinterpret_cast<float*>(out);
    auto* scales = reinterpret_cast<int8_t*>(out + (layout.has_min ? 128 : 64));
    auto* mins = reinterpret_cast<uint8_t*>(scales) + kRows * layout.subs();
    for (int row = 0; row < std::min<int64_t>(kRows, plain.dim[0] - first_row); ++row) {
      const std::byte* block = plain.row<std::byte>(first_row + row) + size_t(unit) * size_t(info(plain.dtype).bytes);
      BlockParts parts;
      format.unpack(block, parts);
      format.scales(block, d[row], d[layout.has_min ? kRows + row : row]);
      for (int j = 0; j < layout.subs(); ++j) {
        scales[row * layout.subs() + j] = parts.scale[j];
        if (layout.has_min) mins[row * layout.subs() + j] = parts.min[j];
      }
      for (int k = 0; k < layout.unit; ++k) put_code(out + layout.head_bytes(), row, k, code_of(parts.value[k]));
    }
  }
};

size_t group_bytes(const Tensor& plain) {
  QuantLayout layout = quant_layout(plain.dtype);
  return size_t(plain.dim[1] / layout.unit) * size_t(layout.unit_bytes());
}
size_t packed_bytes(const Tensor& plain) { return size_t((plain.dim[0] + kRows - 1) / kRows) * group_bytes(plain); }

void pack_rows(const Tensor& plain, std::byte* out, const Work& work) {
  Packer packer{plain, *find_format(plain.dtype), quant_layout(plain.dtype)};
  size_t group = group_bytes(plain);
  work.rows((plain.dim[0] + kRows - 1) / kRows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g)
      for (int64_t u = 0; u < plain.dim[1] / packer.layout.unit; ++u)
        packer.pack_unit(g * kRows, u, out + size_t(g) * group + size_t(u) * size_t(packer.layout.unit_bytes()));
  });
}

}  // namespace

QuantLayout quant_layout(DType type) {
  const QuantFormat& format = *find_format(type);
  QuantLayout layout{int32_t(info(type).block), format.sub, 8, 0, format.has_min, false, {}};
  for (const FourBits& four : kFourBits) {
    if (four.type != type) continue;
    layout.bits = 4, layout.offset = std::max(four.offset, 0), layout.has_table = four.offset < 0;
    if (layout.has_table) fill_table(format, layout.table);
  }
  return layout;
}

const Layout kQuantTiles{"quant_tiles", packed_bytes, kRows, pack_rows};

}  // namespace prm
