#include "formats/gguf.h"

#include <functional>

#include "base/error.h"
#include "support/catch.h"
#include "support/refusal.h"
#include "support/tiny_model.h"

using namespace prm;
using namespace prm::test;

namespace {

ModelFile parse(const std::string& bytes) { return read_gguf(borrow_memory(bytes.data(), bytes.size(), "file")); }

std::pair<Status, std::string> refusal(const std::string& bytes) {
  return refusal_of([&] { parse(bytes); });
}

std::vector<std::byte> zeros(size_t n) { return std::vector<std::byte>(n); }

std::string one_tensor(DType type = DType::f32, std::vector<int64_t> shape = {2, 4}) {
  GgufWriter w;
  w.text("general.architecture", "none");
  return w.tensor("t", type, shape, zeros(Tensor(type, {shape[0], shape[1]}).bytes())).finish();
}

template <class T>
std::string patched(std::string bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
  return bytes;
}

}  // namespace

TEST_CASE("metadata of every type and tensors come out as they were written") {
  GgufWriter w;
  w.text("t", "text").u32("u", 7).f32("f", 0.5f).boolean("b", true).scalar<int8_t>("i8", 1, -3).scalar<uint64_t>("u64", 10, ~0ull);
  w.scalar<int64_t>("i64", 11, -5).scalar<double>("d", 12, 0.25).scalar<uint16_t>("u16", 2, 65535).scalar<int16_t>("i16", 3, -2);
  w.texts("list", {"a", "", "ccc"}).array<float>("reals", 6, {1, 2}).array<int32_t>("ints", 5, {-1, 4});
  w.tensor("m", DType::f32, {2, 3}, zeros(24)).tensor("q", DType::q4_k, {4, 256}, zeros(4 * 144));
  std::string bytes = w.finish();
  ModelFile file = parse(bytes);
  CHECK(file.text("t") == "text");
  CHECK(file.integer("u", 0, 10) == 7);
  CHECK(file.real("f") == 0.5);
  CHECK(file.boolean_or("b", false));
  CHECK(file.integer("i8", -10, 10) == -3);
  CHECK(file.find("u64")->unsigned_int == ~0ull);
  CHECK(file.integer("i64", -10, 0) == -5);
  CHECK(file.real("d") == 0.25);
  CHECK(file.integer("u16", 0, 65535) == 65535);
  CHECK(file.integer("i16", -2, -2) == -2);
  CHECK(file.texts("list") == Vector<std::string_view>{"a", "", "ccc"});
  CHECK(file.reals("reals") == Vector<float>{1, 2});
  CHECK(file.integers("ints") == Vector<int32_t>{-1, 4});
  REQUIRE(file.tensors.size() == 2);
  CHECK(file.tensors[0].data.dim[0] == 2);
  CHECK(file.tensors[0].data.dim[1] == 3);
  CHECK(file.tensors[1].data.bytes() == 4 * 144);
  CHECK(file.tensors[1].data.data == reinterpret_cast<const std::byte*>(bytes.data()) + file.tensors[1].offset);
}

TEST_CASE("wrong metadata is refused naming file and key") {
  GgufWriter w;
  std::string bytes = w.u32("n", 99).text("t", "x").finish();
  ModelFile file = parse(bytes);
  auto message = [](const std::function<void()>& call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      return error.message;
    }
    return "";
  };
  CHECK(message([&] { file.integer("n", 1, 98); }) == "file: metadata 'n' is 99, expected 1 to 98");
  CHECK(message([&] { file.integer("t", 1, 98); }) == "file: metadata 't' is not an integer");
  CHECK(message([&] { file.text("absent"); }) == "file: metadata 'absent' is missing");
  CHECK(message([&] { file.texts("t"); }) == "file: metadata 't' is not an array of the expected type");
}

TEST_CASE("a file cut at any byte is refused, never read past its end") {
  TinyModel tiny{.layers = 1, .width = 32, .heads = 2, .kv_heads = 1, .head_dim = 16, .ffn = 32, .vocabulary = 264};
  std::string whole = make_tiny_model(tiny);
  CHECK(refusal(whole).first == Status::ok);
  size_t step = whole.size() > 20000 ? 7 : 1;
  for (size_t n = 0; n < whole.size(); n += n < 4096 ? 1 : step) {
    std::string cut(whole.data(), n);  // its own allocation: a sanitizer sees any read past the end
    cut.shrink_to_fit();
    auto [status, message] = refusal(cut);
    if (status != Status::bad_file && !(n > whole.size() - 32 && status == Status::ok)) FAIL("cut at " << n << ": " << message);
  }
}

TEST_CASE("flipping any byte of the header never crashes") {
  GgufWriter w;
  w.text("general.architecture", "qwen2").texts("list", {"a", "bb"}).array<float>("reals", 6, {1, 2, 3});
  std::string whole = w.tensor("m", DType::q8_0, {2, 32}, zeros(68)).finish();
  for (size_t i = 0; i < whole.size(); ++i)
    for (int value : {0, 1, 127, 128, 255}) refusal(patched(whole, i, uint8_t(value)));
}

TEST_CASE("hostile counts, lengths and extents are refused before anything is allocated") {
  std::string good = one_tensor();
  CHECK(refusal("").first == Status::bad_file);
  CHECK(refusal("GGUX" + good.substr(4)).first == Status::bad_file);
  CHECK(refusal(patched<uint32_t>(good, 4, 1)).second.find("GGUF version 1 is not supported") != std::string::npos);
  CHECK(refusal(patched<uint32_t>(good, 4, 3u << 24)).second.find("big-endian") != std::string::npos);
  for (uint64_t n : {~0ull, 1ull << 63, 1ull << 32, 1ull << 20}) {
    CHECK(refusal(patched(good, 8, n)).first == Status::bad_file);   // tensors
    CHECK(refusal(patched(good, 16, n)).first == Status::bad_file);  // metadata pairs
    CHECK(refusal(patched(good, 24, n)).first == Status::bad_file);  // length of the first key
  }
  size_t table = good.find("t", 24 + 8 + 20 + 4 + 8 + 4) - 8;  // length of the tensor's name
  size_t rank = table + 9, extents = rank + 4, type = extents + 16, offset = type + 4;
  CHECK(refusal(patched<uint32_t>(good, rank, 0)).first == Status::bad_file);
  CHECK(refusal(patched<uint32_t>(good, rank, 5)).first == Status::bad_file);
  for (uint64_t n : {0ull, 1ull << 63, ~0ull, 0x7fffffffffffffc0ull, 1ull << 41}) CHECK(refusal(patched(good, extents, n)).first == Status::bad_file);
  CHECK(refusal(patched(patched(good, extents, 1ull << 39), extents + 8, 1ull << 39)).first == Status::bad_file);
  for (auto [number, name] : {std::pair{16, "IQ2_XXS"}, {19, "IQ1_S"}, {29, "IQ1_M"}, {34, "TQ1_0"}, {40, "NVFP4"}, {42, "Q2_0"}, {43, "unknown"}})
    CHECK(refusal(patched<uint32_t>(good, type, uint32_t(number))).second == fmt::format("file: tensor types not supported: {} (type {}, first in 't')", name, number));
  CHECK(refusal(patched<uint32_t>(good, type, 4000000000u)).first == Status::unsupported);
  CHECK(refusal(patched<uint32_t>(good, type, 8)).second.find("rows of 4 values do not hold blocks of 32") != std::string::npos);
  for (uint64_t n : {32ull, ~0ull, ~0ull - 31, 1ull << 40}) CHECK(refusal(patched(good, offset, n)).first == Status::bad_file);
  CHECK(refusal(patched<uint64_t>(good, offset, 1)).second.find("is not a multiple of 32") != std::string::npos);
}

TEST_CASE("duplicates, overlaps and wrong alignments are refused by name") {
  GgufWriter twice;
  CHECK(refusal(twice.u32("k", 1).u32("k", 2).finish()).second.find("metadata 'k' stands twice") != std::string::npos);
  GgufWriter tensors;
  tensors.tensor("a", DType::f32, {8}, zeros(32)).tensor("a", DType::f32, {8}, zeros(32));
  CHECK(refusal(tensors.finish()).second.find("tensor 'a' stands twice") != std::string::npos);
  GgufWriter overlap;
  overlap.tensor("a", DType::f32, {16}, zeros(64)).tensor("b", DType::f32, {16}, zeros(64));
  std::string bytes = overlap.finish();
  size_t at = bytes.rfind("b", bytes.size() - 128) + 1 + 4 + 8 + 4;
  CHECK(refusal(patched<uint64_t>(bytes, at, 32)).second.find("tensors 'a' and 'b' overlap") != std::string::npos);
  for (uint32_t alignment : {0u, 3u, 33u, 1u << 31}) {
    GgufWriter w;
    CHECK(refusal(w.u32("general.alignment", alignment).finish()).first == Status::bad_file);
  }
  GgufWriter text;
  CHECK(refusal(text.text("general.alignment", "32").finish()).first == Status::bad_file);
}

TEST_CASE("arrays of arrays and unknown types are refused") {
  GgufWriter nested;
  nested.array<uint32_t>("k", 9, {1, 2, 3});
  CHECK(refusal(nested.finish()).second.find("array of type 9 is not known") != std::string::npos);
  GgufWriter unknown;
  unknown.scalar<uint32_t>("k", 13, 0);
  CHECK(refusal(unknown.finish()).second.find("metadata 'k' has unknown type 13") != std::string::npos);
}
