// Text generation and scoring on a model: the way from a C call down to run_step.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/chat.h"
#include "runtime/model.h"

namespace prm {

enum class Finish : int32_t { none = 0, end = 1, stop_string = 2, length = 3, callback = 5, cancelled = 6, deadline = 7, error = 8 };

// What the model reads: text, tokens as they are, or a conversation.
struct PromptSource {
  std::string_view text = {};
  TokenizeFlags flags = {};
  std::span<const int32_t> tokens = {};
  bool is_text = false;
  ChatPrompt chat = {};
  bool is_chat = false;
};

struct TokenRecord {  // as prm_token in premise.h
  int32_t id;
  float logprob;
  int32_t text_size, rank;
};

struct GenerateRequest {
  PromptSource prompt;
  int64_t max_tokens = 0;  // 0 = until the end or a full context
  bool ignore_end = false;
  int64_t min_tokens = 0;  // none of `stop_tokens`, stops and end tokens before so many
  SamplerOptions sampler;
  std::span<const std::string_view> stops = {};
  std::span<const int32_t> stop_tokens = {};
  int32_t logprobs = 0;  // 1 + k: of the chosen token and of the k best
  Session* session = nullptr;
  int32_t (*on_text)(void* user, const char* text, size_t size) = nullptr;
  int32_t (*on_token)(void* user, int32_t token) = nullptr;
  int32_t (*on_logits)(void* user, float* logits, size_t count) = nullptr;
  void* user = nullptr;
  int32_t (*on_logprobs)(const void* options, const TokenRecord* tokens, size_t count) = nullptr;
  const void* options = nullptr;
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

// Prompt and answer go behind what the session holds. Fails with context_full, numeric, cancelled, deadline, invalid_argument (a
// prompt without tokens, or no token is left to draw) and invalid_state; the session is then as it was.
void generate(Model& model, const GenerateRequest& request, const Control& control, GenerateResult& result);

// Logits of every position of one sequence into out [T, V] float32. Fails as generate does.
void score(Model& model, std::span<const int32_t> tokens, const Control& control, float* out);

}  // namespace prm
