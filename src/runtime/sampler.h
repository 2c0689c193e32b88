// From logits to the next token. The order of the stages, each on what the ones before have left:
//
//   1 on_logits      the host's own stage, on the model's logits (called by generate)
//   2 biases         added; -inf forbids
//   3 penalties      repetition, presence, frequency, over the last `penalty_tokens` tokens of the sequence, prompt included
//   4 min_tokens     the tokens that would end the text get -inf (forbid, called by generate)
//   5 temperature    0: the largest logit, the lowest id among equals, and nothing below applies
//   6 top_k          the k most likely
//   7 typical_p      those whose surprise is nearest to the entropy, until their mass is reached
//   8 top_p          the most likely, until their mass is reached
//   9 min_p          those with at least this share of the most likely one's probability
//  10 draw           by a counter-based generator: seed and place in the sequence alone decide
//
// Temperature comes before the cuts: settings that model makers publish (generation_config.json) are meant so, and
// transformers and vLLM apply them so; llama.cpp applies it last, which differs where the temperature is not 1. Penalties are those
// of llama.cpp in that the prompt counts, within a window. Each cut is relative to the mass that is left, and keeps one token at least.
//
// The same bits everywhere: weights are exp_below_zero((x - top) / temperature) as float; they are summed in ascending ids, in
// blocks of 1024 by 16 lanes and the tree of merge_lanes, the blocks in double. A cut orders by logit, then by ascending id.
#pragma once
#include <cstdint>
#include <span>

#include "base/memory.h"

namespace prm {

struct TokenBias {  // as prm_bias in premise.h
  int32_t token;
  float bias;
};

struct SamplerOptions {
  float temperature = 0;
  int32_t top_k = 0;                          // 0 = off, here and below
  float top_p = 0, min_p = 0, typical_p = 0;
  float repetition_penalty = 0, presence_penalty = 0, frequency_penalty = 0;
  int32_t penalty_tokens = 0;                 // 0 = kPenaltyTokens, -1 = all
  uint64_t seed = 0;
  std::span<const TokenBias> biases = {};

  bool penalizes() const { return (repetition_penalty != 0 && repetition_penalty != 1) || presence_penalty != 0 || frequency_penalty != 0; }
};
inline constexpr int32_t kPenaltyTokens = 64;

// What stages work in, over a buffer of sampler_bytes().
struct SamplerMemory {
  std::span<float> logits, weights;  // [V]
  std::span<int32_t> ids;            // [V]
  std::span<float> tops;             // largest of each 64
  std::span<double> masses;          // histograms
  std::span<uint32_t> counts;

  SamplerMemory(const Buffer& buffer, int64_t vocabulary);
};
size_t sampler_bytes(int64_t vocabulary);

// The lowest index among the largest; no NaN.
int32_t largest(std::span<const float> logits);

void add_biases(std::span<float> logits, std::span<const TokenBias> biases);
// `counts` [V] is overwritten where the window has tokens.
void add_penalties(std::span<float> logits, const SamplerOptions& options, std::span<const int32_t> sequence, std::span<float> counts);
void forbid(std::span<float> logits, std::span<const int32_t> tokens);

// Tokens that are still in the draw, by ascending id.
struct Candidates {
  SamplerMemory& memory;
  int64_t count;
  float top = 0, inverse = 1;  // the largest logit; 1 / temperature
  double mass = 0;             // of the weights
};
// All of memory.logits; fails with numeric (NaN, +inf) or invalid_argument (every token is forbidden).
Candidates all_candidates(SamplerMemory& memory, float temperature);
void keep_top_k(Candidates& candidates, int64_t k);
void weigh(Candidates& candidates);  // before what follows
void keep_typical(Candidates& candidates, float p);
void keep_top_p(Candidates& candidates, float p);
void keep_min_p(Candidates& candidates, float p);
// u in [0, 1).
int32_t draw(const Candidates& candidates, double u);

// Stages 2, 3 and 5 to 10 over memory.logits; the token's place is sequence.size(). `forbidden`: stage 4.
int32_t sample(SamplerMemory& memory, const SamplerOptions& options, std::span<const int32_t> sequence,
               std::span<const std::span<const int32_t>> forbidden);

// Philox4x32-10 (Salmon et al., 2011).
struct Random128 {
  uint32_t word[4];
};
Random128 philox(uint64_t counter_low, uint64_t counter_high, uint64_t key);
double uniform_at(uint64_t seed, uint64_t position);  // [0, 1), 53 bits

struct TokenLogprob {
  int32_t id;
  float logprob;
};
inline constexpr int64_t kMaxBest = 64;
// Natural logarithms of the probabilities that the model itself gives (logits as they come, temperature 1): of `chosen` into
// out[0], of the `best` most likely after it, by falling probability and ascending ids; how many in all. Overwrites the memory.
int64_t read_logprobs(SamplerMemory& memory, std::span<const float> logits, int32_t chosen, int64_t best, TokenLogprob* out);

}  // namespace prm
