#include "synth_vocabulary.h"

namespace {

// The letter that stands for a byte in byte-level BPE: itself where it prints in Latin-1, else 256 + its number among the others.
std::string letter_of(int byte) {
  auto prints = [](int b) { return (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae; };
  int code = byte;
  if (!prints(byte)) {
    code = 256;
    for (int b = 0; b < byte; ++b) code += !prints(b);
  }
  if (code < 0x80) return std::string(1, char(code));
  return {char(0xc0 | code >> 6), char(0x80 | (code & 0x3f))};
}

constexpr const char* kControl[] = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
constexpr const char* kTemplate =
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

}  // namespace

// A word is a letter, or a space, with letters behind it; each word joins a shorter one and a letter, so that all words of a length
// come before longer ones, and no two are the same.
void add_vocabulary(GgufHeader& header, uint32_t size, bool is_llama) {
  std::vector<std::string> tokens, merges;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(letter_of(byte));
  std::vector<std::string> words = {letter_of(' ')};
  for (char c = 'a'; c <= 'z'; ++c) words.emplace_back(1, c);
  for (size_t shorter = 0; tokens.size() + std::size(kControl) < size; ++shorter)
    for (char c = 'a'; c <= 'z' && tokens.size() + std::size(kControl) < size; ++c) {
      merges.push_back(words[shorter] + " " + c);
      words.push_back(words[shorter] + c);
      tokens.push_back(words.back());
    }
  auto control = uint32_t(tokens.size());
  std::vector<int32_t> types(tokens.size(), 1);
  for (const char* token : kControl) tokens.emplace_back(token), types.push_back(3);
  header.text("tokenizer.ggml.model", "gpt2");
  header.text("tokenizer.ggml.pre", is_llama ? "llama-bpe" : "qwen2");
  header.texts("tokenizer.ggml.tokens", tokens);
  header.integers("tokenizer.ggml.token_type", types);
  header.texts("tokenizer.ggml.merges", merges);
  header.u32("tokenizer.ggml.bos_token_id", control);
  header.u32("tokenizer.ggml.eos_token_id", control + 2);
  header.boolean("tokenizer.ggml.add_bos_token", is_llama);
  header.text("tokenizer.chat_template", kTemplate);
}
