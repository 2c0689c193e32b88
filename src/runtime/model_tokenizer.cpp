#include "runtime/model_tokenizer.h"

#include "base/error.h"

namespace prm {

namespace {

int32_t token_id(const ModelFile& file, const char* name, int32_t otherwise = -1) {
  return int32_t(file.integer_or(format_message("tokenizer.ggml.{}_token_id", name), -1, INT32_MAX, otherwise));
}

}  // namespace

TokenizerPtr read_tokenizer(const ModelFile& file, int64_t vocabulary, const Control& control) {
  VocabularySource source;
  source.model = String(file.text("tokenizer.ggml.model"));
  source.pre = String(file.text_or("tokenizer.ggml.pre", "default"));
  source.name = String(file.text_or("general.name", ""));
  source.tokens = file.texts("tokenizer.ggml.tokens");
  if (file.find("tokenizer.ggml.scores")) source.scores = file.reals("tokenizer.ggml.scores");
  if (file.find("tokenizer.ggml.token_type")) source.types = file.integers("tokenizer.ggml.token_type");
  if (source.model == "gpt2" || file.find("tokenizer.ggml.merges")) source.merges = file.texts("tokenizer.ggml.merges");
  bool numbered = source.model == "llama" &&
                  source.tokens.size() > 2;  // SentencePiece gives its trainer's ids where none are named
  source.bos = token_id(file, "bos", numbered ? 1 : -1);
  source.eos = token_id(file, "eos", numbered ? 2 : -1);
  source.eot = token_id(file, "eot");
  source.eom = token_id(file, "eom");
  source.unknown = token_id(file, "unknown", numbered ? 0 : -1);
  int role = 0;
  for (const char* name : {"fim_pre", "fim_suf", "fim_mid", "fim_pad", "fim_rep", "fim_sep"})
    source.infill[role++] = token_id(file, name);
  if (file.find("tokenizer.ggml.add_bos_token"))
    source.add_bos = file.boolean_or("tokenizer.ggml.add_bos_token", false);
  source.add_eos = file.boolean_or("tokenizer.ggml.add_eos_token", false);
  source.add_space_prefix = file.boolean_or("tokenizer.ggml.add_space_prefix", true);
  source.prefix_once = file.boolean_or("tokenizer.space_prefix.once", false);
  source.prefix_unless_spaced = file.boolean_or("tokenizer.space_prefix.unless_spaced", false);
  if (file.find("tokenizer.strips")) source.strips = file.integers("tokenizer.strips");
  if (vocabulary >= 0 && int64_t(source.tokens.size()) != vocabulary)
    file.bad(format_message("the vocabulary has {} tokens, 'token_embd.weight' has {} rows", source.tokens.size(),
                            vocabulary));
  control.require();
  return make_tokenizer(source, control);
}

}  // namespace prm
