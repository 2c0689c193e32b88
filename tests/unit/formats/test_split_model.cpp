#include "formats/split_model.h"

#include <map>

#include "base/error.h"
#include "formats/gguf.h"
#include "support/catch.h"
#include "support/gguf_writer.h"
#include "support/refusal.h"

using namespace prm;
using namespace prm::test;

namespace {

using Parts = std::map<std::string, std::string>;  // files by path

std::string part_name(int number, int count) { return fmt::format("folder/m-{:05}-of-{:05}.gguf", number, count); }

// Part `number` of `count`, with one tensor [2, 3] of F32 under each name, all of whose values are `number`.
std::string make_part(uint16_t number, uint16_t count, int32_t tensors, const std::vector<std::string>& names) {
  GgufWriter w;
  if (number == 0) w.text("general.architecture", "none");
  w.scalar<uint16_t>("split.no", 2, number)
      .scalar<uint16_t>("split.count", 2, count)
      .scalar<int32_t>("split.tensors.count", 5, tensors);
  std::vector<float> values(6, float(number));
  auto* data = reinterpret_cast<const std::byte*>(values.data());
  for (const std::string& name : names) w.tensor(name, DType::f32, {2, 3}, {data, data + 24});
  return w.finish();
}

Parts three_parts() {
  return {{part_name(1, 3), make_part(0, 3, 4, {"a"})},
          {part_name(2, 3), make_part(1, 3, 4, {})},
          {part_name(3, 3), make_part(2, 3, 4, {"b", "c", "d"})}};
}

ModelFile read_part(const Parts& parts, const std::string& path) {
  auto found = parts.find(path);
  if (found == parts.end()) fail_about(Status::not_found, path, "{}: no such file", path);
  return read_gguf(borrow_memory(found->second.data(), found->second.size(), path));
}

ModelFile join(const Parts& parts, const std::string& first) {
  return join_parts(read_part(parts, first), [&](const String& path) { return read_part(parts, std::string(path)); });
}

std::pair<Status, std::string> refusal(const Parts& parts, const std::string& first = part_name(1, 3)) {
  return refusal_of([&] { join(parts, first); });
}

// The three parts, one of them replaced.
Parts with(int number, std::string part) {
  Parts parts = three_parts();
  parts[part_name(number, 3)] = std::move(part);
  return parts;
}

}  // namespace

TEST_CASE("the parts of a split model are one file, each tensor with the part that it lies in") {
  Parts parts = three_parts();
  ModelFile whole = join(parts, part_name(1, 3));
  CHECK(whole.text("general.architecture") == "none");
  REQUIRE(whole.tensors.size() == 4);
  for (auto [name, number] : {std::pair{"a", 1}, {"b", 3}, {"c", 3}, {"d", 3}}) {
    const NamedTensor* tensor = whole.find_tensor(name);
    REQUIRE(tensor);
    CHECK(std::string_view(tensor->file->name) == part_name(number, 3));
    float values[6] = {};
    whole.read_tensor(*tensor, reinterpret_cast<std::byte*>(values));
    for (float value : values) CHECK(value == float(number - 1));
  }
  CHECK(split_count(read_part(parts, part_name(2, 3))) == 3);
}

TEST_CASE("parts that are missing, or contradict each other, are refused by the name of their file") {
  CHECK(refusal(three_parts()).first == Status::ok);
  Parts parts = three_parts();
  parts.erase(part_name(2, 3));
  CHECK(refusal(parts) == std::pair{Status::not_found, std::string("folder/m-00002-of-00003.gguf: no such file")});
  auto [status, message] = refusal(three_parts(), part_name(3, 3));
  CHECK((status == Status::invalid_argument &&
         message.find("part 3 of 3: open the first, 'folder/m-00001-of-00003.gguf'") != message.npos));
  auto says = [](const Parts& wrong, const std::string& what) {
    auto [code, text] = refusal(wrong);
    INFO(text << " | " << what);
    CHECK((code == Status::bad_file && text.find(what) != text.npos));
  };
  says(with(2, make_part(2, 3, 4, {})), "folder/m-00002-of-00003.gguf: this is part 3 of 3, expected part 2 of 3");
  says(with(2, make_part(1, 4, 4, {})), "folder/m-00002-of-00003.gguf: this is part 2 of 4, expected part 2 of 3");
  says(with(2, make_part(1, 3, 5, {})),
       "folder/m-00002-of-00003.gguf: metadata 'split.tensors.count' is 5, the first part says 4");
  says(with(3, make_part(2, 3, 4, {"b", "c"})),
       "folder/m-00001-of-00003.gguf: metadata 'split.tensors.count' is 4, the 3 parts have 3 tensors");
  says(with(3, make_part(2, 3, 4, {"b", "a", "d"})),
       "folder/m-00003-of-00003.gguf: tensor 'a' stands in an earlier part too");
  says(with(2, GgufWriter().text("general.architecture", "none").finish()),
       "folder/m-00002-of-00003.gguf: metadata 'split.no' is missing");
  says(with(2, "GGUF"), "folder/m-00002-of-00003.gguf: offset 4: the file ends inside the version");
  says(with(1, make_part(0, 2, 4, {"a"})), "its name should end in '-00001-of-00002.gguf'");
  says(with(1, make_part(3, 3, 4, {"a"})), "metadata 'split.no' is 3, expected 0 to 2");
  says(with(1, make_part(0, 1001, 4, {"a"})), "metadata 'split.count' is 1001, expected 0 to 1000");
}
