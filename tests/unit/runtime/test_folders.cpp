// Folders with safetensors, as transformers saved them (tests/golden/tiny_folders.py), beside the GGUF files of the same weights;
// and folders that somebody broke.
#include <algorithm>
#include <cmath>

#include "base/json_reader.h"
#include "formats/hf_folder.h"
#include "formats/hf_tokenizer.h"
#include "runtime/generate.h"
#include "runtime/model_tokenizer.h"
#include "support/catch.h"
#include "support/engines.h"
#include "support/isas.h"
#include "support/memory_files.h"
#include "support/npy.h"
#include "support/refusal.h"

using namespace prm;
using namespace prm::test;

namespace {

const std::string kData = PREMISE_TEST_DATA "/";

std::vector<float> score_path(const std::string& path, const std::string& isa, const std::vector<int32_t>& ids,
                              int64_t context) {
  LoadOptions options;
  options.context = context;
  options.cache_type = DType::f32;
  EnginePtr engine = open_test_engine(isa, 1);  // outlives the model, whose memory is of its account
  ModelPtr model = load_model(engine, {path.c_str()}, options, {});
  std::vector<float> logits(ids.size() * size_t(model->config.vocabulary));
  score(*model, ids, {}, logits.data());
  return logits;
}

// The largest difference, in the largest value.
double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = 0, size = 0;
  for (float value : a) size = std::max(size, std::fabs(double(value)));
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::fabs(double(a[i]) - double(b[i])));
  return worst / size;
}

MemoryFiles load_folder(const std::string& name) {
  MemoryFiles all;
  for (const char* file :
       {"config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors", "model.safetensors.index.json",
        "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}) {
    std::string bytes = read_whole(kData + "folders/" + name + "/" + file);
    if (!bytes.empty()) all.files[std::string("m/") + file] = bytes;
  }
  return all;
}

// Of opening the folder, header only: everything but the weights is read.
std::pair<Status, std::string> refusal(MemoryFiles& all) {
  EngineOptions options;
  options.host.files = all.service();
  EnginePtr engine = make_engine(options);
  engine->device = open_cpu("scalar");
  LoadOptions header;
  header.header_only = true;
  return refusal_of([&] { load_model(engine, {"m/"}, header, {}); });
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  size_t at = text.find(from);
  if (at == text.npos) FAIL("'" << from << "' is not in the text");
  return text.replace(at, from.size(), to);
}

void says(const std::string& folder, const std::string& file, const std::string& from, const std::string& to,
          Status expected, const std::string& what) {
  MemoryFiles all = load_folder(folder);
  std::string& text = all.files.at("m/" + file);
  text = replaced(text, from, to);
  auto [status, message] = refusal(all);
  INFO(from << " -> " << to << ": " << message << " | " << what);
  CHECK((status == expected && message.find(what) != message.npos &&
         (status == Status::ok || message.find("m/") != message.npos || message.starts_with("tokenizer: "))));
}

}  // namespace

TEST_CASE("folders give the logits of the GGUF files of the same weights, and of transformers") {
  for (const char* name :
       {"tiny-llama-f16", "tiny-gemma2-f16", "tiny-phi3-f16", "tiny-qwen3-f16", "tiny-qwen3moe-f16"}) {
    std::vector<int32_t> ids = read_ids(kData + name + ".ids");
    std::vector<float> expected = read_npy(kData + name + ".logits.npy");
    int64_t context = name == std::string("tiny-phi3-f16") ? 256 : 0;  // short factors, as its golden has them
    for (const std::string& isa : test_isas()) {
      std::vector<float> folder = score_path(kData + "folders/" + name, isa, ids, context),
                         file = score_path(kData + name + ".gguf", isa, ids, context);
      REQUIRE((folder.size() == file.size() && folder.size() == expected.size()));
      INFO(name << " " << isa << ": " << distance(file, folder) << " from the GGUF file, " << distance(expected, folder)
                << " from transformers");
      CHECK(distance(expected, folder) <= 1e-4);
      // llama's heads lie in another order there, gemma's gains are rounded twice.
      bool same =
          std::string(name).find("llama") == std::string::npos && std::string(name).find("gemma") == std::string::npos;
      CHECK(distance(file, folder) <= (same ? 0 : 1e-5));
    }
  }
}

TEST_CASE("tokenizer.json files give the ids of the tokenizers package") {
  std::string raw = read_whole(kData + "tokenizers/texts.json");
  JsonDocument texts = read_json(raw, {.what = "texts"});
  for (const char* name : {"bytes-gpt2", "bytes-qwen2", "bytes-llama3", "characters-every", "characters-never",
                           "characters-first", "characters-always"}) {
    std::string tokenizer = read_whole(kData + "tokenizers/" + name + ".json"),
                wanted = read_whole(kData + "tokenizers/" + name + ".ids.json"), none = "{}";
    FolderJson config(borrow_memory(none.data(), none.size(), "config.json"), {});
    HfTokenizerFiles files{FolderJson(borrow_memory(tokenizer.data(), tokenizer.size(), name), {}), {}, config, {}};
    MetadataBuilder metadata;
    read_hf_tokenizer(files, 600, metadata, {});
    ModelFile file;
    file.file = borrow_memory(none.data(), none.size(), name);
    metadata.finish(file);
    TokenizerPtr made = read_tokenizer(file, 600, {});
    JsonDocument ids = read_json(wanted, {.what = "ids"});
    const JsonValue *text = texts.first(texts.root()), *row = ids.first(ids.root());
    for (; text && row; text = texts.next(*text), row = ids.next(*row)) {
      Vector<int32_t> got, expected;
      tokenize(*made, text->text, {.special = true, .add_begin = true}, got);
      for (const JsonValue* id = ids.first(*row); id; id = ids.next(*id)) expected.push_back(int32_t(id->integer));
      INFO(name << ": '" << text->text << "'");
      CHECK(got == expected);
    }
    CHECK((!text && !row));
  }
}

TEST_CASE("configurations with missing, mistyped or contradictory keys are refused by name") {
  MemoryFiles good = load_folder("tiny-qwen3-f16");
  CHECK(refusal(good) == std::pair{Status::ok, std::string()});
  auto config = [](const std::string& folder, const std::string& from, const std::string& to, Status status,
                   const std::string& what) { says(folder, "config.json", from, to, status, what); };
  for (const char* key : {"model_type", "num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads",
                          "max_position_embeddings", "rms_norm_eps"})
    config("tiny-qwen3-f16", std::string("\"") + key + "\"", std::string("\"x") + key + "\"", Status::bad_file,
           std::string("config.json: '") + key + "' is missing");
  config("tiny-qwen3-f16", "\"qwen3\"", "\"qwen9\"", Status::unsupported,
         "model type 'qwen9' is not supported; known: gemma, gemma2, gemma3_text, llama, mistral");
  config("tiny-qwen3-f16", "\"hidden_size\": 32", "\"hidden_size\": \"32\"", Status::bad_file,
         "'hidden_size' is not an integer");
  config("tiny-qwen3-f16", "\"hidden_size\": 32", "\"hidden_size\": 64", Status::bad_file,
         "is [279, 32], expected [279, 64]");
  config("tiny-qwen3-f16", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", Status::bad_file,
         "tensor 'blk.2.attn_norm.weight' [32] is missing");
  config("tiny-qwen3-f16", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", Status::unsupported,
         "tensor 'blk.1.");
  config("tiny-qwen3-f16", "\"use_sliding_window\": false", "\"use_sliding_window\": true", Status::unsupported,
         "'use_sliding_window' is not supported");
  config("tiny-qwen3-f16", "\"silu\"", "\"relu\"", Status::unsupported, "activation 'relu' is not supported");
  config("tiny-qwen3-f16", "\"rope_theta\": 1000000.0", "\"rope_theta\": 0", Status::bad_file, "'rope_theta' is 0");
  config("tiny-qwen3-f16", "\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"dynamic\"}", Status::unsupported,
         "RoPE scaling 'dynamic' is not supported");
  config("tiny-qwen3-f16", "\"rope_scaling\": null", "\"quantization_config\": {}", Status::unsupported,
         "'quantization_config'");
  config("tiny-qwen3moe-f16", "\"norm_topk_prob\": true", "\"norm_topk_prob\": false", Status::unsupported,
         "'norm_topk_prob' is false, expected true");
  config("tiny-qwen3moe-f16", "\"norm_topk_prob\": true,", "", Status::unsupported, "'norm_topk_prob' is false, expected true");
  std::string many = "\"eos_token_id\": [0";
  for (int i = 1; i < 100; ++i) many += "," + std::to_string(i);
  config("tiny-qwen3-f16", "\"rope_scaling\": null", many + "]", Status::bad_file, "'eos_token_id' holds more than 64 ids");
  config("tiny-qwen3-f16", "\"rope_scaling\": null", "\"rope_parameters\": {\"rope_theta\": 10000.0, \"partial_rotary_factor\": 1.5}",
         Status::bad_file, "'partial_rotary_factor' is 1.5");
  config("tiny-qwen3moe-f16", "\"decoder_sparse_step\": 1", "\"decoder_sparse_step\": 2", Status::unsupported,
         "'decoder_sparse_step' is 2");
  config("tiny-qwen3moe-f16", "\"num_experts\": 8", "\"num_experts\": 9", Status::bad_file, "expected [9, ");
  config("tiny-gemma2-f16", "\"full_attention\"", "\"chunked_attention\"", Status::unsupported,
         "layer type 'chunked_attention' is not supported");
  config("tiny-gemma2-f16", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 4", Status::bad_file,
         "'layer_types' names 2 layers, 'num_hidden_layers' is 4");
  config("tiny-phi3-f16", "\"short_factor\": [", "\"short_factor\": [1.0, ", Status::bad_file, "expected 6");
  config("tiny-llama-f16", "\"factor\": 4.0", "\"factor\": -4.0", Status::bad_file, "'factor' is -4");
  config("tiny-llama-f16", "{", "[", Status::bad_file, "config.json is not JSON");
}

TEST_CASE("the host's bounds hold for config.json, which is read first") {
  MemoryFiles files = load_folder("tiny-qwen3-f16");
  MemoryAccount account({}, 0);
  auto message = [&](const Limits& limits) {
    try {
      read_hf_folder(files.service(), "m/", account, {}, limits);
    } catch (const Error& error) {
      return std::pair{error.status, std::string(error.message)};
    }
    return std::pair{Status::ok, std::string()};
  };
  CHECK(message({}).first == Status::ok);
  uint64_t size = files.files["m/config.json"].size();
  CHECK(message({.metadata_bytes = size}).second.find("config.json") == std::string::npos);
  auto [status, what] = message({.metadata_bytes = size - 1});
  CHECK(status == Status::limit);
  CHECK(what.find("m/config.json: ") == 0);
}

TEST_CASE("shards and tensors that are missing, twice or not of the model are refused by name") {
  MemoryFiles sharded = load_folder("tiny-qwen3-f16");
  sharded.files.erase("m/model-00002-of-00002.safetensors");
  CHECK(refusal(sharded).second.find("m/model-00002-of-00002.safetensors") != std::string::npos);
  sharded.files.erase("m/model.safetensors.index.json");
  CHECK(refusal(sharded) ==
        std::pair{Status::not_found,
                  std::string("m/: neither model.safetensors nor model.safetensors.index.json is there")});
  const char* index = "model.safetensors.index.json";
  for (const char* wrong : {"../m/model-00001-of-00002.safetensors", "/etc/passwd", "..", "", "a\\\\b"})
    says("tiny-qwen3-f16", index, "\"model-00001-of-00002.safetensors\"", std::string("\"") + wrong + "\"",
         Status::bad_file, "which is no name of a file in this folder");
  says("tiny-qwen3-f16", index, "model.norm.weight", "model.morn.weight", Status::bad_file,
       "tensor 'model.norm.weight' is not of this file by the index");
  says("tiny-qwen3-f16", index, "weight_map", "weight_mop", Status::bad_file, "'weight_map' is missing");
  says("tiny-llama-f16", "model.safetensors", "self_attn.o_proj.weight", "self_attn.o_prej.weight", Status::unsupported,
       "self_attn.o_prej.weight' has no place in model type 'llama'");
  says("tiny-llama-f16", "model.safetensors", "model.embed_tokens.weight", "model.embed_takens.weight",
       Status::unsupported, "has no place");
  says("tiny-qwen3moe-f16", "model.safetensors", "layers.0.mlp.experts.3.up_proj", "layers.0.mlp.experts.9.up_proj",
       Status::bad_file, "expert 3 of 'blk.0.ffn_up_exps.weight' is missing");
  says("tiny-qwen3moe-f16", "model.safetensors", "layers.0.mlp.experts.3.up_proj", "layers.1.mlp.experts.3.up_proj",
       Status::bad_file, "stands twice");
  says("tiny-llama-f16", "config.json", "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false",
       Status::bad_file, "'lm_head.weight' is missing");
}

TEST_CASE("tokenizers that cannot be followed to the letter are refused by what they ask for") {
  auto tokenizer = [](const std::string& folder, const std::string& from, const std::string& to, Status status,
                      const std::string& what) { says(folder, "tokenizer.json", from, to, status, what); };
  const char *bytes = "tiny-qwen3-f16", *characters = "tiny-llama-f16";
  tokenizer(bytes, "\\\\p{N}|", "\\\\p{N}{1,2}|", Status::unsupported,
            "pre-tokenizer '(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,2}|");
  tokenizer(bytes, "\"Isolated\"", "\"Removed\"", Status::unsupported, "pre-tokenizer 'Split' is not supported");
  tokenizer(bytes, "\"NFC\"", "\"NFKC\"", Status::unsupported, "normalizer 'NFKC' is not supported");
  tokenizer(bytes, "\"BPE\"", "\"Unigram\"", Status::unsupported, "tokenizer model 'Unigram' is not supported; BPE is");
  tokenizer(bytes, "\"vocab\":{\"!\":0", "\"vocab\":{\"!\":1", Status::bad_file, "both have id 1");
  tokenizer(bytes, "\"vocab\":{\"!\":0", "\"vocab\":{\"!\":279", Status::bad_file,
            "token '!' has id 279, the model has 279 tokens");
  tokenizer(bytes, "\"added_tokens\":[", "\"added_tokens\":[{\"id\":279,\"content\":\"<picture>\"},", Status::ok, "");
  tokenizer(bytes, "\"vocab\":{\"!\":0", "\"vocab\":{\"!\":-1", Status::bad_file, "token '!' has id -1");
  tokenizer(bytes, "\"vocab\":{\"!\":0", "\"vocab\":{\"\\\"\":0", Status::bad_file, "are both '\"'");
  tokenizer(bytes, "\"merges\":[", "\"merges\":[[\"a b\",\"c\"],", Status::bad_file, "merge 0 is no pair of texts");
  tokenizer(bytes, "\"merges\":[", "\"merges\":[7,", Status::bad_file, "merge 0 is no pair of texts");
  tokenizer(characters, "\"byte_fallback\":true", "\"byte_fallback\":false", Status::unsupported,
            "without 'byte_fallback'");
  tokenizer(characters, "\"<0x41>\"", "\"<0x4g>\"", Status::bad_file, "<0x4g>");
  tokenizer(characters, "\"unk_token\":\"<unk>\"", "\"unk_token\":\"<unq>\"", Status::bad_file, "'<unq>' is no token");
  tokenizer(characters, "\"Prepend\"", "\"Lowercase\"", Status::unsupported, "normalizer 'Lowercase' is not supported");
  tokenizer(characters, "TemplateProcessing", "BertProcessing", Status::unsupported,
            "post-processor 'BertProcessing' is not supported");
  says(characters, "tokenizer_config.json", "\"<bos>\"", "\"<boss>\"", Status::bad_file, "'<boss>' is no token");
}

TEST_CASE("folders changed at any byte are opened or refused, and nothing else") {
  for (const char* name : {"tiny-qwen3-f16", "tiny-llama-f16"}) {
    MemoryFiles good = load_folder(name);
    for (const char* file :
         {"config.json", "tokenizer_config.json", "tokenizer.json", "model.safetensors.index.json"}) {
      auto found = good.files.find(std::string("m/") + file);
      if (found == good.files.end()) continue;
      const std::string whole = found->second;
      size_t step = std::max<size_t>(1, whole.size() / 150);
      for (size_t i = 0; i < whole.size(); i += step)
        for (char value : {'0', '"', '-', '}', ']', ',', '\x80'}) {
          found->second[i] = value;
          auto [status, message] = refusal(good);
          bool expected = status == Status::ok || status == Status::bad_file || status == Status::unsupported ||
                          status == Status::limit || status == Status::invalid_argument ||
                          status == Status::not_found || status == Status::callback;
          if (!expected) FAIL(file << ": byte " << i << ": " << message);
          found->second[i] = whole[i];
        }
      found->second = whole;
    }
  }
}
