// Quants are hashed words as they come: evenly spread, without a mean. Only what scales a block is set: a deviation of the values is
// wanted, and scales at random could be infinite. Loops are short and without branches, for above 1 GB/s a core.
#include "synth_blocks.h"

#include <cmath>
#include <cstring>

namespace {

constexpr uint64_t kStep = 0x9e3779b97f4a7c15ull;

// SplitMix64 (Steele, Lea and Flood, 2014): the n-th word is a hash of n, so a stream begins anywhere.
uint64_t hashed(uint64_t state) {
  state = (state ^ state >> 30) * 0xbf58476d1ce4e5b9ull;
  state = (state ^ state >> 27) * 0x94d049bb133111ebull;
  return state ^ state >> 31;
}

struct Words {
  uint64_t state;
  Words(const SynthNumbers& numbers, uint64_t block, uint64_t a_block) : state(numbers.key + block * a_block * kStep) {}
  uint64_t next() { return hashed(state += kStep); }
};

void put_words(Words& words, uint8_t* to, int count) {
  for (int i = 0; i < count; ++i) {
    uint64_t word = words.next();
    std::memcpy(to + 8 * i, &word, 8);
  }
}

void put_half(uint8_t* to, unsigned half) {
  uint16_t bits = uint16_t(half);
  std::memcpy(to, &bits, 2);
}

// Offsets of quants (-16, -32, -128) leave a mean of half a step: a scale of either sign takes it out of the whole. The sign is a
// quant's last bit, which tells next to nothing of its value.
unsigned signed_scale(const SynthNumbers& numbers, const uint8_t* quants) { return numbers.d | unsigned(quants[0] & 1) << 15; }

template <uint32_t kBytes, uint64_t kWords, class One>
void fill_blocks(const SynthNumbers& numbers, uint64_t first, uint64_t count, uint8_t* to, One one) {
  Words words(numbers, first, kWords);
  for (uint64_t i = 0; i < count; ++i) one(words, to + i * kBytes);
}

void fill_f32(const SynthNumbers& n, uint64_t first, uint64_t count, uint8_t* to) {
  fill_blocks<128, 16>(n, first, count, to, [&n](Words& words, uint8_t* block) {
    for (int i = 0; i < 16; ++i) {
      uint64_t word = words.next();
      for (int half = 0; half < 2; ++half, word >>= 32) {
        float value = n.center + n.spread * (float(uint32_t(word) >> 8) * 0x1p-23f - 1);
        std::memcpy(block + 8 * i + 4 * half, &value, 4);
      }
    }
  });
}

void fill_f16(const SynthNumbers& n, uint64_t first, uint64_t count, uint8_t* to) {
  const uint16_t* table = n.halves->data();
  fill_blocks<64, 8>(n, first, count, to, [table](Words& words, uint8_t* block) {
    for (int i = 0; i < 8; ++i) {
      uint64_t word = words.next(), four = 0;
      for (int j = 0; j < 4; ++j) four |= uint64_t(table[word >> 16 * j & 4095]) << 16 * j;
      std::memcpy(block + 8 * i, &four, 8);
    }
  });
}

// d, 32 quants of 8 bits.
void fill_q8_0(const SynthNumbers& n, uint64_t first, uint64_t count, uint8_t* to) {
  fill_blocks<34, 4>(n, first, count, to, [&n](Words& words, uint8_t* block) {
    put_words(words, block + 2, 4);
    put_half(block, signed_scale(n, block + 2));
  });
}

// d, the fifth bits, 32 quants of 4 bits: value = d * (u - 16).
void fill_q5_0(const SynthNumbers& n, uint64_t first, uint64_t count, uint8_t* to) {
  fill_blocks<22, 3>(n, first, count, to, [&n](Words& words, uint8_t* block) {
    put_words(words, block + 6, 2);
    uint64_t fifth = words.next();
    std::memcpy(block + 2, &fifth, 4);
    put_half(block, n.d | unsigned(fifth >> 63) << 15);
  });
}

// d, dmin, 12 bytes of scales and minimums, 256 quants of 4 bits: value = d * scale * u - dmin * min. With dmin = 7.5 d and each
// minimum the same as its scale, a value is d * scale * (u - 7.5). Bytes j and j + 4 are scale and minimum j with the high bits
// of j + 4, byte j + 8 the low bits of both: so equal bytes, equal nibbles. Bits 5 and 7 are set: scales are 32 to 63.
void fill_q4_k(const SynthNumbers& n, uint64_t first, uint64_t count, uint8_t* to) {
  fill_blocks<144, 17>(n, first, count, to, [&n](Words& words, uint8_t* block) {
    put_words(words, block + 16, 16);
    uint64_t scales = words.next();
    uint32_t both = uint32_t(scales) | 0xa0a0a0a0u, low = uint32_t(scales >> 32) & 0x0f0f0f0fu;
    low |= low << 4;
    put_half(block, n.d);
    put_half(block + 2, n.m);
    std::memcpy(block + 4, &both, 4);
    std::memcpy(block + 8, &both, 4);
    std::memcpy(block + 12, &low, 4);
  });
}

// 256 quants of 4 and of 2 bits, 16 scales of 8, d: value = d * scale * (u - 32). Scales are 16 to 31, so that d stays a half
// with some bits of precision in wide and deep models.
void fill_q6_k(const SynthNumbers& n, uint64_t first, uint64_t count, uint8_t* to) {
  fill_blocks<210, 26>(n, first, count, to, [&n](Words& words, uint8_t* block) {
    put_words(words, block, 24);
    for (int i = 0; i < 2; ++i) {
      uint64_t scales = (words.next() & 0x0f0f0f0f0f0f0f0full) | 0x1010101010101010ull;
      std::memcpy(block + 192 + 8 * i, &scales, 8);
    }
    put_half(block + 208, signed_scale(n, block));
  });
}

// The nearest half; what is given is finite and far from the largest one.
uint16_t to_half(double value) {
  unsigned sign = value < 0 ? 0x8000 : 0;
  double size = std::fabs(value);
  int exponent = size > 0 ? std::ilogb(size) : -15;
  if (exponent < -14) return uint16_t(sign | unsigned(std::nearbyint(std::ldexp(size, 24))));
  auto digits = unsigned(std::nearbyint(std::ldexp(size, 10 - exponent)));  // 1024 to 2048, which carries
  return uint16_t(sign | (unsigned(exponent + 14) * 1024 + digits));
}

double half_value(uint16_t half) {
  int exponent = half >> 10 & 31, digits = half & 1023;
  return exponent ? std::ldexp(1024 + digits, exponent - 25) : std::ldexp(digits, -24);
}

// Deviation of evenly spread whole numbers: of `count` of them in a row, with a mean that is `off` beside 0.
double even_deviation(double count, double off) { return std::sqrt((count * count - 1) / 12 + off * off); }
double scale_size(double least, double count) { return even_deviation(count, least + (count - 1) / 2); }

}  // namespace

const SynthBlocks kSynthF32{"F32", 0, 32, 128, 0, 0, fill_f32};
const SynthBlocks kSynthF16{"F16", 1, 32, 64, 0, 0, fill_f16};
const SynthBlocks kSynthQ8_0{"Q8_0", 8, 32, 34, even_deviation(256, 0.5), 0, fill_q8_0};
const SynthBlocks kSynthQ5_0{"Q5_0", 6, 32, 22, even_deviation(32, 0.5), 0, fill_q5_0};
const SynthBlocks kSynthQ4_K{"Q4_K", 12, 256, 144, scale_size(32, 32) * even_deviation(16, 0), 7.5, fill_q4_k};
const SynthBlocks kSynthQ6_K{"Q6_K", 14, 256, 210, scale_size(16, 16) * even_deviation(64, 0.5), 0, fill_q6_k};

uint64_t synth_key(uint64_t seed, uint64_t tensor) { return hashed(hashed(seed + kStep) + (tensor + 1) * kStep); }

void set_deviation(SynthNumbers& numbers, const SynthBlocks& blocks, double deviation) {
  numbers.d = to_half(deviation / blocks.unit);
  numbers.m = to_half(half_value(numbers.d) * blocks.minimum);
}

void fill_half_table(HalfTable& table, double deviation) {
  double step = deviation / even_deviation(double(table.size()), 0);
  for (size_t i = 0; i < table.size(); ++i) table[i] = to_half(step * (double(i) - double(table.size() - 1) / 2));
}
