// Text generation and scoring on a model: the way from a C call down to run_step.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/model.h"

namespace prm {

enum class Finish : int32_t { none = 0, end = 1, length = 3, callback = 5, cancelled = 6, deadline = 7, error = 8 };

// What the model reads: text, or tokens as they are.
struct PromptSource {
  std::string_view text = {};
  TokenizeFlags flags = {};
  std::span<const int32_t> tokens = {};
  bool is_text = false;
};

struct GenerateRequest {
  PromptSource prompt;
  int64_t max_tokens = 0;  // 0 = until the end or a full context
  bool ignore_end = false;
  int32_t (*on_text)(void* user, const char* text, size_t size) = nullptr;
  int32_t (*on_token)(void* user, int32_t token) = nullptr;
  void* user = nullptr;
};

struct GenerateResult {  // filled as far as it went, also when generate fails; finish then is the caller's to say: finish_of
  Finish finish = Finish::none;
  int64_t prompt_tokens = 0, generated = 0;
  int64_t first_ns = 0, total_ns = 0;
};

// Fails with invalid_argument (no tokens, ids outside the vocabulary) or context_full.
void check_tokens(const Model& model, std::span<const int32_t> tokens);

// What a failure in `status` says in GenerateResult::finish.
Finish finish_of(Status status);

// Greedy: the largest logit, the lowest id among equals. Fails with context_full, numeric, cancelled, deadline.
void generate(Model& model, const GenerateRequest& request, const Control& control, GenerateResult& result);

// Logits of every position of one sequence into out [T, V] float32. Fails as generate does.
void score(Model& model, std::span<const int32_t> tokens, const Control& control, float* out);

}  // namespace prm
