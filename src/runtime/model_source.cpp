#include "runtime/model_source.h"

#include "base/error.h"
#include "formats/gguf.h"
#include "formats/hf_folder.h"
#include "formats/onnx.h"
#include "formats/safetensors.h"
#include "formats/split_model.h"

namespace prm {

namespace {

ModelFile read_known(FilePtr file, const Control& control, const Limits& limits) {
  if (is_gguf(*file)) return read_gguf(std::move(file), control, limits);
  if (is_safetensors(*file))
    fail_about(Status::unsupported, file->name,
               "{}: this safetensors file alone is no model: give the path of a folder that has config.json and "
               "tokenizer.json beside it",
               file->name);
  if (file->bytes.empty()) fail_about(Status::bad_file, file->name, "{}: the file is empty", file->name);
  fail_about(Status::bad_file, file->name,
             "{}: no known model format: GGUF files are, which begin with 'GGUF', ONNX files, and folders with safetensors",
             file->name);
}

// The folder whose weights a file of this name has; empty for any other name.
String folder_of(std::string_view path) {
  constexpr std::string_view kWeights = "model.safetensors";
  if (!path.ends_with(kWeights)) return {};
  std::string_view folder = path.substr(0, path.size() - kWeights.size());
  if (folder.empty()) return "./";
  return folder.back() == '/' || folder.back() == '\\' ? String(folder) : String();
}

}  // namespace

FilePtr open_source(ModelHome& home, const ModelSource& source) {
  AccountScope models(home.account);
  const FileService& service = home.engine->host.files;
  const Limits& limits = home.engine->limits;
  if (source.data) return borrow_memory(source.data, source.data_size, source.path ? source.path : "memory", limits);
  if (is_folder(service, source.path)) return nullptr;
  return open_file(service, source.path, home.account, limits);
}

bool is_tensor_source(const FilePtr& first) { return first && !is_gguf(*first) && !is_safetensors(*first) && is_onnx(*first); }

ModelFile read_source(FilePtr first, const ModelSource& source, ModelHome& home, const Control& control) {
  const FileService& service = home.engine->host.files;
  const Limits& limits = home.engine->limits;
  if (source.data) {
    ModelFile file = read_known(std::move(first), control, limits);
    if (split_count(file) <= 1) return file;
    fail_about(Status::unsupported, file.file->name,
               "{}: this is a part of a split model, and one file alone can be given in memory: give the path of the "
               "first part, or join the parts",
               file.file->name);
  }
  auto read_folder = [&](const String& path) { return read_hf_folder(service, path.c_str(), home.account, control, limits); };
  if (!first) return read_folder(source.path);
  auto read = [&](const String& path) {
    return read_known(open_file(service, path.c_str(), home.account, limits), control, limits);
  };
  if (String folder = folder_of(source.path); !folder.empty() && is_safetensors(*first)) return read_folder(folder);
  ModelFile file = read_known(std::move(first), control, limits);
  return split_count(file) > 1 ? join_parts(std::move(file), read) : std::move(file);
}

}  // namespace prm
