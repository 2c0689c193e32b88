#include "formats/split_model.h"

#include "base/error.h"
#include "formats/joined_file.h"

namespace prm {

namespace {

constexpr int64_t kMaxParts = 1000, kMaxTensors = INT32_MAX;

String part_ending(int64_t number, int64_t count) { return format_text("-{:05}-of-{:05}.gguf", number + 1, count); }

// What the names of all parts begin with.
String common_name(const String& path, int64_t number, int64_t count) {
  String ending = part_ending(number, count);
  if (path.size() <= ending.size() || !path.ends_with(ending))
    fail_about(Status::bad_file, path,
               "{}: this is part {} of {}, so its name should end in '{}': give it back its name, and put the other "
               "parts beside it",
               path, number + 1, count, ending);
  return path.substr(0, path.size() - ending.size());
}

void check_part(const ModelFile& part, int64_t number, int64_t count, int64_t tensors) {
  int64_t found = part.integer("split.no", 0, kMaxParts), all = split_count(part);
  if (found != number || all != count)
    part.bad(format_message("this is part {} of {}, expected part {} of {}", found + 1, all, number + 1, count));
  if (part.integer_or("split.tensors.count", 0, kMaxTensors, tensors) != tensors)
    part.bad(format_message("metadata 'split.tensors.count' is {}, the first part says {}",
                            part.integer("split.tensors.count", 0, kMaxTensors), tensors));
}

}  // namespace

int64_t split_count(const ModelFile& file) { return file.integer_or("split.count", 0, kMaxParts, 1); }

ModelFile join_parts(ModelFile first, const std::function<ModelFile(const String& path)>& read) {
  int64_t count = split_count(first), number = first.integer("split.no", 0, count - 1);
  const String path = first.file->name, name = common_name(path, number, count);
  if (number != 0) {
    String wanted = name + part_ending(0, count);
    fail_about(Status::invalid_argument, path, "{}: this is part {} of {}: open the first, '{}'", path, number + 1,
               count, wanted);
  }
  int64_t tensors = first.integer("split.tensors.count", 0, kMaxTensors);
  ModelFile whole;
  whole.kind = first.kind;
  whole.metadata = first.metadata;
  FileJoiner joiner;
  Set<String> names;
  Vector<uint64_t> begins;  // of each tensor's file in the joined one
  for (number = 0; number < count; ++number) {
    ModelFile part = number ? read(name + part_ending(number, count)) : std::move(first);
    check_part(part, number, count, tensors);
    uint64_t begin = joiner.align();
    joiner.add({.file = part.file, .bytes = part.file->bytes.size()});
    whole.sources.push_back(part.sources[0]);
    for (NamedTensor& tensor : part.tensors) {
      if (!names.insert(tensor.name).second)
        part.bad(format_message("tensor '{}' stands in an earlier part too", tensor.name));
      begins.push_back(begin);
      whole.tensors.push_back(std::move(tensor));
    }
  }
  whole.file = joiner.finish(path);
  if (int64_t(whole.tensors.size()) != tensors)
    whole.bad(format_message("metadata 'split.tensors.count' is {}, the {} parts have {} tensors", tensors, count,
                             whole.tensors.size()));
  for (size_t i = 0; i < whole.tensors.size(); ++i)
    whole.tensors[i].data.data = const_cast<std::byte*>(whole.file->bytes.data()) + begins[i] + whole.tensors[i].offset;
  return whole;
}

}  // namespace prm
