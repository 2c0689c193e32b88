#include "formats/hf_folder.h"

#include <cstring>

#include "base/error.h"
#include "formats/hf_config.h"
#include "formats/hf_tokenizer.h"
#include "formats/joined_file.h"
#include "formats/safetensors.h"

namespace prm {

namespace {

constexpr size_t kMaxShards = 1000, kMaxTemplate = 1 << 20;
constexpr int64_t kMaxExperts = 1024;

struct OwnedFile : FileBytes {
  Vector<float> values;
};

class FolderReader {
 public:
  FolderReader(const FileService& service, const char* path, MemoryAccount& account, const Control& control,
               const Limits& limits)
      : service_(service),
        folder_(path),
        account_(account),
        control_(control),
        limits_(limits) {
    if (!folder_.ends_with('/')) folder_ += '/';
  }
  ModelFile read();

 private:
  FilePtr open(std::string_view name);
  FilePtr open_if_there(std::string_view name);
  Vector<NamedTensor> read_weights(FilePtr file);
  Vector<NamedTensor> read_tensors();
  Vector<NamedTensor> read_shards(const FolderJson& index);
  bool is_left_out(const NamedTensor& tensor) const;
  void place(const NamedTensor& tensor);
  Vector<NamedTensor> stack_of(const String& name, const Map<int64_t, NamedTensor>& found) const;
  void add(NamedTensor tensor, std::span<const NamedTensor> pieces);
  void add_made(MadeTensor& made);
  ModelFile finish();

  const FileService& service_;
  String folder_;
  MemoryAccount& account_;
  const Control& control_;
  const Limits& limits_;
  const HfFamily* family_ = nullptr;
  bool tied_ = false;
  ModelFile model_;
  Set<String> names_;
  Map<String, Map<int64_t, NamedTensor>> stacks_;  // experts by their number
  FileJoiner joiner_;
  Vector<uint64_t> begins_;  // of tensors in the joined file
};

FilePtr FolderReader::open(std::string_view name) {
  String path = folder_ + String(name);
  FilePtr file = open_file(service_, path.c_str(), account_, limits_);
  model_.sources.push_back({std::move(path), file->bytes.size(), nullptr});
  return file;
}

// A host's service has one answer for all that it cannot open: it counts as absence here.
FilePtr FolderReader::open_if_there(std::string_view name) {
  try {
    return open(name);
  } catch (const Error& error) {
    if (error.status == Status::not_found || error.status == Status::callback) return nullptr;
    throw;
  }
}

// Of the file that was opened last.
Vector<NamedTensor> FolderReader::read_weights(FilePtr file) {
  model_.sources.back().file = file;
  return read_safetensors(std::move(file), control_, limits_);
}

Vector<NamedTensor> FolderReader::read_tensors() {
  if (FilePtr whole = open_if_there("model.safetensors")) return read_weights(std::move(whole));
  FilePtr index = open_if_there("model.safetensors.index.json");
  if (!index)
    fail_about(Status::not_found, folder_, "{}: neither model.safetensors nor model.safetensors.index.json is there",
               folder_);
  return read_shards(FolderJson(std::move(index), limits_));
}

Vector<NamedTensor> FolderReader::read_shards(const FolderJson& index) {
  const JsonValue* map = index.object(index.root(), "weight_map");
  if (!map) index.bad("'weight_map' is missing");
  Map<std::string_view, size_t> shards;  // by name: how many tensors it should have
  Map<String, std::string_view> places;
  for (const JsonValue* entry = index.document().first(*map); entry; entry = index.document().next(*entry)) {
    std::string_view shard = entry->text;
    if (entry->kind != JsonKind::string || shard.empty() || shard[0] == '.' ||
        shard.find_first_of("/\\:") != shard.npos || shard.find('\0') != shard.npos)
      index.bad(
          format_message("tensor '{}' lies in '{}', which is no name of a file in this folder", entry->key, shard));
    if (!places.emplace(entry->key, shard).second) index.bad(format_message("tensor '{}' stands twice", entry->key));
    ++shards[shard];
  }
  if (shards.size() > kMaxShards)
    fail_about(Status::limit, index.name(), "{}: {} files, the limit is {}", index.name(), shards.size(), kMaxShards);
  Vector<NamedTensor> all;
  for (auto& [shard, count] : shards) {
    size_t found = 0;
    for (NamedTensor& tensor : read_weights(open(shard))) {
      auto place = places.find(tensor.name);
      if (place == places.end() || place->second != shard)
        fail_about(Status::bad_file, tensor.file->name, "{}: tensor '{}' is not of this file by the index",
                   tensor.file->name, tensor.name);
      ++found;
      all.push_back(std::move(tensor));
    }
    if (found != count) index.bad(format_message("'{}' should have {} tensors, it has {}", shard, count, found));
  }
  return all;
}

// Frequencies that old files keep, and an output that is the embedding again.
bool FolderReader::is_left_out(const NamedTensor& tensor) const {
  return tensor.name.ends_with(".rotary_emb.inv_freq") || (tied_ && tensor.name == "lm_head.weight");
}

void FolderReader::place(const NamedTensor& tensor) {
  const String& where = tensor.file->name;
  HfPlace place;
  if (!place_hf_tensor(*family_, tensor.name, place))
    fail_about(Status::unsupported, tensor.name, "{}: tensor '{}' has no place in model type '{}'", where, tensor.name,
               family_->model_type);
  if (place.expert < 0) {
    if (!names_.insert(place.name).second)
      fail_about(Status::bad_file, where, "{}: tensor '{}' stands twice", where, tensor.name);
    NamedTensor placed = tensor;
    placed.name = place.name;
    add(std::move(placed), {&tensor, 1});
    return;
  }
  if (place.expert >= kMaxExperts)
    fail_about(Status::limit, where, "{}: tensor '{}' is of expert {}, the limit is {}", where, tensor.name,
               place.expert, kMaxExperts);
  if (!stacks_[place.name].emplace(place.expert, tensor).second)
    fail_about(Status::bad_file, where, "{}: expert {} of '{}' stands twice, once as '{}'", where, place.expert,
               place.name, tensor.name);
}

Vector<NamedTensor> FolderReader::stack_of(const String& name, const Map<int64_t, NamedTensor>& found) const {
  Vector<NamedTensor> experts;
  for (auto& [number, tensor] : found) {
    size_t i = experts.size();
    if (number != int64_t(i)) fail_about(Status::bad_file, folder_, "{}: expert {} of '{}' is missing", folder_, i, name);
    experts.push_back(tensor);
    const Tensor &one = experts[i].data, &first = experts[0].data;
    if (one.rank != 2 || one.dtype != first.dtype || one.dim[0] != first.dim[0] || one.dim[1] != first.dim[1])
      fail_about(Status::bad_file, experts[i].file->name, "{}: tensor '{}' is not as the other experts of '{}'",
                 experts[i].file->name, experts[i].name, name);
  }
  return experts;
}

// A tensor whose bytes are those of the pieces. What has one dimension becomes F32, as GGUF files have it.
void FolderReader::add(NamedTensor tensor, std::span<const NamedTensor> pieces) {
  if (tensor.name.ends_with("ffn_gate_inp_shexp.weight") && tensor.data.rank == 2 && tensor.data.dim[0] == 1)
    tensor.data.dim[0] = tensor.data.dim[1], tensor.data.dim[1] = 0, tensor.data.rank = 1;
  float plus = family_->plus_one && tensor.data.rank == 1 && tensor.name.ends_with("norm.weight") ? 1.0f : 0.0f;
  bool to_f32 = tensor.data.rank == 1 && (plus != 0 || tensor.data.dtype != DType::f32);
  begins_.push_back(joiner_.align());
  for (const NamedTensor& piece : pieces) {
    uint64_t bytes = uint64_t(piece.data.count()) * uint64_t(info(piece.data.dtype).bytes);
    joiner_.add({piece.file, piece.offset, bytes, to_f32, piece.data.dtype, plus});
  }
  if (to_f32) tensor.data.dtype = DType::f32;
  model_.tensors.push_back(std::move(tensor));
}

void FolderReader::add_made(MadeTensor& made) {
  auto file = make_charged<OwnedFile>();
  file->name = folder_ + "config.json";
  file->values = std::move(made.values);
  file->bytes = std::as_bytes(std::span(file->values));
  NamedTensor tensor{made.name, Tensor(DType::f32, {int64_t(file->values.size())}), file, 0};
  add(tensor, {&tensor, 1});
}

ModelFile FolderReader::finish() {
  model_.file = joiner_.finish(folder_);
  for (size_t i = 0; i < begins_.size(); ++i)
    model_.tensors[i].data.data = const_cast<std::byte*>(model_.file->bytes.data()) + begins_[i];
  return std::move(model_);
}

ModelFile FolderReader::read() {
  MetadataBuilder metadata;
  Vector<MadeTensor> made;
  FolderJson config(open("config.json"), limits_);
  family_ = &read_hf_config(config, metadata, made);
  tied_ = config.boolean(config.root(), "tie_word_embeddings").value_or(family_->tied);
  control_.require();
  model_.stored = read_tensors();
  for (const NamedTensor& tensor : model_.stored)
    if (!is_left_out(tensor)) place(tensor);
  for (auto& [name, found] : stacks_) {
    Vector<NamedTensor> experts = stack_of(name, found);
    NamedTensor stack = experts[0];
    stack.name = name;
    stack.data = Tensor(stack.data.dtype, {int64_t(experts.size()), stack.data.dim[0], stack.data.dim[1]});
    add(std::move(stack), experts);
  }
  for (MadeTensor& one : made) add_made(one);
  model_.kind = "safetensors";
  const NamedTensor* table = model_.find_tensor("token_embd.weight");
  if (!table || table->data.rank != 2)
    fail_about(Status::bad_file, folder_, "{}: tensor 'model.embed_tokens.weight' [V, C] is missing", folder_);
  if (!tied_ && !model_.find_tensor("output.weight"))
    fail_about(Status::bad_file, folder_, "{}: tensor 'lm_head.weight' is missing, and config.json ties it to no other",
               folder_);
  control_.require();
  HfTokenizerFiles files{FolderJson(open("tokenizer.json"), limits_), {}, config, {}};
  if (FilePtr file = open_if_there("tokenizer_config.json")) files.settings.emplace(std::move(file), limits_);
  if (FilePtr file = open_if_there("generation_config.json")) files.generation.emplace(std::move(file), limits_);
  read_hf_tokenizer(files, table->data.dim[0], metadata, control_);
  if (FilePtr file = open_if_there("chat_template.jinja")) {
    if (file->bytes.size() > kMaxTemplate)
      fail_about(Status::limit, file->name, "{}: the template has {} bytes, the limit is {}", file->name,
                 file->bytes.size(), kMaxTemplate);
    file->load(0, file->bytes.size());
    metadata.text("tokenizer.chat_template", {reinterpret_cast<const char*>(file->bytes.data()), file->bytes.size()});
  }
  metadata.finish(model_);
  return finish();
}

}  // namespace

ModelFile read_hf_folder(const FileService& service, const char* path, MemoryAccount& account, const Control& control,
                         const Limits& limits) {
  return FolderReader(service, path, account, control, limits).read();
}

}  // namespace prm
