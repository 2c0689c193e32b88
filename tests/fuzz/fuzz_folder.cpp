// Hugging Face's folders: one of the files beside the weights is the input, the others are those of tests/fuzz/folder. The
// first byte tells which. What the folder holds is read as well.
#include "base/file.h"
#include "formats/hf_folder.h"
#include "fuzz.h"
#include "runtime/model_tokenizer.h"
#include "support/memory_files.h"

using namespace prm;
using namespace prm::fuzz;

namespace {

constexpr const char* kNames[] = {"config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "model.safetensors.index.json", "chat_template.jinja"};

struct Shape {
  const char *name, *type, *shape;
  size_t bytes;
};
// As model.safetensors.index.json has them.
constexpr Shape kFirst[] = {{"model.embed_tokens.weight", "F16", "[104,4]", 832}, {"model.layers.0.mlp.down_proj.weight", "F32", "[4,8]", 128}};
constexpr Shape kSecond[] = {{"model.norm.weight", "BF16", "[4]", 8},
                             {"model.layers.0.mlp.experts.0.up_proj.weight", "F16", "[8,4]", 64},
                             {"model.layers.0.mlp.experts.1.up_proj.weight", "F16", "[8,4]", 64},
                             {"model.layers.0.mlp.shared_expert_gate.weight", "F16", "[1,4]", 8},
                             {"model.layers.0.self_attn.rotary_emb.inv_freq", "F32", "[2]", 8}};

std::string shard_of(std::span<const Shape> tensors) {
  std::string header = "{", bytes;
  for (const Shape& one : tensors) {
    std::string begin = std::to_string(bytes.size());
    bytes.append(one.bytes, '\1');
    header += std::string(header.size() > 1 ? ",\"" : "\"") + one.name + R"(":{"dtype":")" + one.type + R"(","shape":)" + one.shape + R"(,"data_offsets":[)" + begin + "," + std::to_string(bytes.size()) + "]}";
  }
  header += "}";
  header.append((8 - header.size() % 8) % 8, ' ');
  uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), 8) + header + bytes;
}

const std::map<std::string, std::string>& whole_folder() {
  static const std::map<std::string, std::string> files = [] {
    std::map<std::string, std::string> made = {{"f/a.safetensors", shard_of(kFirst)}, {"f/b.safetensors", shard_of(kSecond)}, {"f/chat_template.jinja", "{{ messages }}"}};
    for (const char* name : kNames)
      if (!made.contains(std::string("f/") + name)) made[std::string("f/") + name] = test::read_whole(std::string(PREMISE_FUZZ_FOLDER "/") + name);
    return made;
  }();
  return files;
}

void read_all(const ModelFile& file) {
  for (const NamedTensor& tensor : file.tensors) {
    const DTypeInfo& type = info(tensor.data.dtype);
    Vector<std::byte> bytes(size_t(tensor.data.count() / type.block * type.bytes));
    file.read_tensor(tensor, bytes.data());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (!size) return 0;
  static test::MemoryFiles files{whole_folder()};
  std::string name = std::string("f/") + kNames[data[0] % std::size(kNames)];
  files.files[name] = as_text(data + 1, size - 1);
  int result = with_account([&](MemoryAccount& account) {
    ModelFile file = read_hf_folder(files.service(), "f/", account, {});
    read_all(file);
    read_tokenizer(file, -1, {});
  });
  files.files[name] = whole_folder().at(name);
  return result;
}
