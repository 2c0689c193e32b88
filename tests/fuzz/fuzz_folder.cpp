// Hugging Face's folders: one of the files beside the weights is the input, the others are those of tests/fuzz/folder. The
// first byte tells which. What the folder holds is read as well. Around what says nothing of weights there is one tensor only,
// which takes less time.
#include "base/file.h"
#include "formats/hf_folder.h"
#include "fuzz.h"
#include "runtime/model_tokenizer.h"
#include "support/memory_files.h"

using namespace prm;
using namespace prm::fuzz;

namespace {

constexpr const char* kNames[] = {"config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "model.safetensors.index.json", "chat_template.jinja"};

constexpr const char *kConfig = "f/config.json", *kIndex = "f/model.safetensors.index.json";

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

using Folder = std::map<std::string, std::string>;

Folder make_folder(bool all) {
  Folder made = {{"f/a.safetensors", shard_of(all ? std::span<const Shape>(kFirst) : std::span<const Shape>(kFirst, 1))}, {"f/chat_template.jinja", "{{ messages }}"}};
  if (all) made["f/b.safetensors"] = shard_of(kSecond);
  else made[kIndex] = R"({"weight_map":{"model.embed_tokens.weight":"a.safetensors"}})";
  for (const char* name : kNames)
    if (std::string path = std::string("f/") + name; !made.contains(path)) made[path] = test::read_whole(std::string(PREMISE_FUZZ_FOLDER "/") + name);
  return made;
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
  static const Folder whole = make_folder(true), small = make_folder(false);
  static test::MemoryFiles whole_files{whole}, small_files{small};
  std::string name = std::string("f/") + kNames[data[0] % std::size(kNames)];
  bool of_weights = name == kConfig || name == kIndex;
  test::MemoryFiles& files = of_weights ? whole_files : small_files;
  files.files[name] = as_text(data + 1, size - 1);
  int result = with_account([&](MemoryAccount& account) {
    ModelFile file = read_hf_folder(files.service(), "f/", account, {});
    read_all(file);
    read_tokenizer(file, -1, {});
  });
  files.files[name] = (of_weights ? whole : small).at(name);
  return result;
}
