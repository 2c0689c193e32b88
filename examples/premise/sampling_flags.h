// The flags of sampling, and the options that they are for the library.
#pragma once
#include <premise/premise.h>

#include "arguments.h"

struct SamplingFlags {
  double temperature = 0, top_p = 0, min_p = 0, typical_p = 0;
  double repeat_penalty = 1, presence_penalty = 0, frequency_penalty = 0;
  int64_t top_k = 0, repeat_last = 64, min_tokens = 0, seed = 0;
  std::vector<std::string> stops;
  std::vector<prm_bias> biases;
};

void add_sampling_flags(CLI::App& app, SamplingFlags& flags);
// Options that borrow from the flags and from `stops`, which is filled.
void apply_sampling(const SamplingFlags& flags, std::vector<prm_text>& stops, prm_generate_options& options);

// One of the numbers by its flag's name without the dashes. Throws Failure: no such name, or a value out of its range.
void set_sampling(SamplingFlags& flags, const std::string& name, const std::string& value);
std::vector<std::string> sampling_names();
// What differs from the defaults, as flags: "--temp 0.7 --seed 3"; "" for greedy text.
std::string sampling_text(const SamplingFlags& flags);
