// Numbers for made-up weights: any block of a tensor at any time, from the tensor's key and the block's number alone.
#pragma once
#include <array>
#include <cstdint>

using HalfTable = std::array<uint16_t, 4096>;  // evenly spread over what a tensor holds

// What the blocks of one tensor are made from.
struct SynthNumbers {
  uint64_t key = 0;                   // of its stream of hashed words
  float center = 0, spread = 0;       // F32: evenly from center - spread to center + spread
  uint16_t d = 0, m = 0;              // halves: the block's scale, and its minimum where it has one
  const HalfTable* halves = nullptr;  // F16
};

// A type of blocks in GGUF files (layouts: ggml's).
struct SynthBlocks {
  const char* name;
  uint32_t gguf;           // the type's number
  uint32_t values, bytes;  // of a block; floats stand in blocks of 32 here
  double unit;             // deviation of the values where d is 1
  double minimum;          // m for a d of 1; 0: the type has none
  void (*fill)(const SynthNumbers& numbers, uint64_t first, uint64_t count, uint8_t* to);  // blocks first .. first + count - 1
};
extern const SynthBlocks kSynthF32, kSynthF16, kSynthQ8_0, kSynthQ5_0, kSynthQ4_K, kSynthQ6_K;

uint64_t synth_key(uint64_t seed, uint64_t tensor);
// Scale (and minimum) that give values of this deviation.
void set_deviation(SynthNumbers& numbers, const SynthBlocks& blocks, double deviation);
void fill_half_table(HalfTable& table, double deviation);
