// What a tokenizer.json says, in GGUF's keys: byte-pair encoding over bytes ("gpt2") or over characters with bytes to fall back on
// ("ranked"); other models, and steps that have no counterpart here, are refused.
#pragma once
#include "base/control.h"
#include "formats/folder_json.h"
#include "formats/metadata.h"

namespace prm {

struct HfTokenizerFiles {
  FolderJson tokenizer;
  std::optional<FolderJson> settings;  // tokenizer_config.json
  const FolderJson& config;
  std::optional<FolderJson> generation;  // generation_config.json
};

// `vocabulary`: rows of the embedding; ids without a token up to there get one that is never made. Fails with bad_file, limit or
// unsupported, naming the file and what it is about.
void read_hf_tokenizer(const HfTokenizerFiles& files, int64_t vocabulary, MetadataBuilder& out, const Control& control);

// The name that GGUF has for the steps of a pre-tokenizer (hf_patterns.cpp tells how they are written); nullptr: none.
const char* find_hf_pattern(std::string_view steps, bool ignore_merges);

}  // namespace prm
