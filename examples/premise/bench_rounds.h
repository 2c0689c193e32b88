// Timed rounds over an open model: a prompt, then greedy tokens, and what the model reads and multiplies for them.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "session.h"

// What the model's placement says about its work.
struct Traffic {
  double weight_bytes = 0;  // read for one generated token
  double prompt_macs = 0;   // 8-bit multiply-adds of one prompt token; negative: some weights are no 8-bit blocks
  struct Cache {
    double bytes_per_position;
    int64_t window;  // 0: all positions
  };
  std::vector<Cache> caches;
};
Traffic read_traffic(const Session& session);
// Weights and cache read for one token, averaged over `generated` tokens behind a prompt.
double bytes_per_token(const Traffic& traffic, int64_t prompt, int64_t generated);

struct Round {
  std::vector<int32_t> ids;                    // greedy: one from the prompt, then one a step
  double prefill_s = 0, decode_s = 0;          // until the first token; for the steps after it
  double prefill_cpu_s = 0, decode_cpu_s = 0;  // CPU time of all threads
};
Round run_round(const Session& session, const std::vector<int32_t>& prompt, int64_t generated);

// Ids spread over the vocabulary, the same in every run.
std::vector<int32_t> spread_ids(int64_t count, int32_t vocabulary);
