// What peer.cpp and compare.cpp share: RAII over llama.h, files, the command line. Both are programs for tests: on any
// trouble they throw, and guarded_main turns that into one line on stderr and exit code 1.
#pragma once

#include <llama.h>

#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace golden {

struct ModelCloser {
  void operator()(llama_model *model) const { llama_model_free(model); }
};
struct ContextCloser {
  void operator()(llama_context *context) const { llama_free(context); }
};
using Model = std::unique_ptr<llama_model, ModelCloser>;
using Context = std::unique_ptr<llama_context, ContextCloser>;

inline void log_errors_only(ggml_log_level level, const char *text, void *) {
  if (level == GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
}

inline Model open_model(const std::string &path, bool vocabulary_only = false, bool repack = true) {
  llama_log_set(log_errors_only, nullptr);
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = 0;
  params.vocab_only = vocabulary_only;
  params.use_extra_bufts = repack;
  Model model(llama_model_load_from_file(path.c_str(), params));
  if (!model) throw std::runtime_error(path + ": llama.cpp cannot load it");
  return model;
}

struct ContextOptions {
  int32_t tokens = 512;  // capacity of the cache, and of one call
  int32_t threads = 2;
  ggml_type cache = GGML_TYPE_F16;
  bool flash_attention = false;
};

inline Context open_context(llama_model *model, const ContextOptions &options) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<uint32_t>(options.tokens);
  params.n_batch = params.n_ctx;
  params.n_ubatch = params.n_ctx < 512 ? params.n_ctx : 512;
  params.n_threads = params.n_threads_batch = options.threads;
  params.type_k = params.type_v = options.cache;
  params.flash_attn_type = options.flash_attention ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
  Context context(llama_init_from_model(model, params));
  if (!context) throw std::runtime_error("llama.cpp cannot make a context");
  return context;
}

// Ids of a text with what the file says is put before it (BOS). Throws what llama.cpp throws.
inline std::vector<llama_token> tokenize(const llama_vocab *vocab, const std::string &text, bool parse_special = false) {
  if (text.size() > INT32_MAX / 4) throw std::runtime_error("the text is too long");
  // A token has at least one byte; but where byte-level BPE meets an invalid byte it puts the three of U+FFFD.
  std::vector<llama_token> ids(3 * text.size() + 8);
  const auto size = static_cast<int32_t>(text.size());
  const auto room = static_cast<int32_t>(ids.size());
  const int32_t count = llama_tokenize(vocab, text.data(), size, ids.data(), room, true, parse_special);
  if (count < 0) throw std::runtime_error("llama.cpp: the text gives more tokens than was thought possible");
  ids.resize(static_cast<size_t>(count));
  return ids;
}

// Decodes ids at positions first, first + 1, ...; logits are kept from index `wanted_from` of the batch on.
inline void decode(llama_context *context, const std::vector<llama_token> &ids, int32_t first, size_t wanted_from) {
  llama_batch batch = llama_batch_init(static_cast<int32_t>(ids.size()), 0, 1);
  for (size_t i = 0; i < ids.size(); ++i) {
    batch.token[i] = ids[i];
    batch.pos[i] = first + static_cast<int32_t>(i);
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = i >= wanted_from;
  }
  batch.n_tokens = static_cast<int32_t>(ids.size());
  const int32_t failed = llama_decode(context, batch);
  llama_synchronize(context);
  llama_batch_free(batch);
  if (failed) throw std::runtime_error("llama_decode answers " + std::to_string(failed));
}

inline void forget(llama_context *context) { llama_memory_clear(llama_get_memory(context), true); }

inline std::string read_file(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error(path + ": " + std::strerror(errno));
  return {std::istreambuf_iterator<char>(in), {}};
}

// Words by position, and "--name value" pairs.
struct Arguments {
  std::vector<std::string> words;
  std::vector<std::pair<std::string, std::string>> options;

  int32_t number(const std::string &name, int32_t otherwise) const {
    for (const auto &[key, value] : options)
      if (key == name) return to_number(name, value);
    return otherwise;
  }
  bool on(const std::string &name, bool otherwise) const {
    for (const auto &[key, value] : options) {
      if (key != name) continue;
      if (value != "on" && value != "off") throw std::runtime_error(name + ": '" + value + "' is neither on nor off");
      return value == "on";
    }
    return otherwise;
  }
  static int32_t to_number(const std::string &name, const std::string &value) {
    size_t used = 0;
    int number = -1;
    try {
      number = std::stoi(value, &used);
    } catch (const std::exception &) {
    }
    if (used != value.size() || number < 1) throw std::runtime_error(name + ": '" + value + "' is not a number from 1 on");
    return number;
  }
};

inline Arguments parse_arguments(int count, char **values) {
  Arguments result;
  for (int i = 1; i < count; ++i) {
    const std::string word = values[i];
    if (word.rfind("--", 0) != 0) {
      result.words.push_back(word);
    } else if (i + 1 < count) {
      result.options.emplace_back(word, values[++i]);
    } else {
      throw std::runtime_error(word + " needs a value");
    }
  }
  return result;
}

template <class Body> int guarded_main(const char *name, Body body) {
  try {
    return body();
  } catch (const std::exception &error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 1;
  }
}

}  // namespace golden
