// Hugging Face's folders: one of the files beside the weights is the input. Its first byte tells which.
#include "base/file.h"
#include "formats/hf_folder.h"
#include "fuzz.h"
#include "runtime/model_tokenizer.h"
#include "support/memory_files.h"

using namespace prm;
using namespace prm::fuzz;

namespace {

constexpr const char* kNames[] = {"config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "model.safetensors.index.json"};

const std::map<std::string, std::string>& whole_folder() {
  static const std::map<std::string, std::string> files = [] {
    std::map<std::string, std::string> read;
    for (const char* name : {"config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"})
      read[std::string("f/") + name] = test::read_whole(std::string(PREMISE_TEST_DATA "/folders/tiny-qwen3-f16/") + name);
    return read;
  }();
  return files;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (!size) return 0;
  static test::MemoryFiles files{whole_folder()};
  std::string name = std::string("f/") + kNames[data[0] % std::size(kNames)];
  files.files[name] = as_text(data + 1, size - 1);
  int result = with_account([&](MemoryAccount& account) {
    ModelFile file = read_hf_folder(files.service(), "f/", account, {});
    read_tokenizer(file, -1, {});
  });
  auto whole = whole_folder().find(name);
  if (whole == whole_folder().end()) files.files.erase(name);
  else files.files[name] = whole->second;
  return result;
}
