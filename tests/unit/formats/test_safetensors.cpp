#include "formats/safetensors.h"

#include "base/error.h"
#include "support/catch.h"
#include "support/refusal.h"

using namespace prm;
using namespace prm::test;

namespace {

std::string with_header(const std::string& header, size_t data_bytes) {
  uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(data_bytes, '\0');
}

Vector<NamedTensor> parse(const std::string& bytes) {
  return read_safetensors(borrow_memory(bytes.data(), bytes.size(), "file"));
}

std::pair<Status, std::string> refusal(const std::string& bytes) {
  return refusal_of([&] { parse(bytes); });
}

void says(const std::string& bytes, const std::string& what, Status expected = Status::bad_file) {
  auto [status, message] = refusal(bytes);
  INFO(message << " | " << what);
  CHECK((status == expected && message.find(what) != message.npos && message.starts_with("file")));
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":{}}})", name, dtype, shape, offsets);
}
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets, size_t bytes) {
  return with_header("{" + entry("t", dtype, shape, offsets) + "}", bytes);
}

const std::string kGood = with_header(R"({"__metadata__":{"format":"pt"},)" + entry("b", "F16", "[3]", "[16,22]") +
                                          "," + entry("a", "F32", "[2,2]", "[0,16]") + "}  ",
                                      22);

}  // namespace

TEST_CASE("a header's tensors come out with type, shape and place") {
  CHECK(is_safetensors(*borrow_memory(kGood.data(), kGood.size(), "file")));
  Vector<NamedTensor> tensors = parse(kGood);
  REQUIRE(tensors.size() == 2);
  CHECK((tensors[0].name == "b" && tensors[0].data.dtype == DType::f16 && tensors[0].data.rank == 1 &&
         tensors[0].data.dim[0] == 3));
  CHECK((tensors[1].name == "a" && tensors[1].data.dtype == DType::f32 && tensors[1].data.rank == 2 &&
         tensors[1].data.count() == 4));
  CHECK(tensors[1].offset == kGood.size() - 22);
  CHECK(tensors[0].offset == kGood.size() - 6);
  CHECK(parse(one("BF16", "[2,1]", "[0,4]", 4))[0].data.dtype == DType::bf16);
}

TEST_CASE("lengths, offsets, types and shapes that do not agree are refused by name") {
  says("", "the file ends inside the header's length");
  says("1234567", "the file ends inside the header's length");
  for (uint64_t length : {uint64_t(1) << 60, ~uint64_t(0), uint64_t(100)}) {
    std::string bytes = kGood;
    std::memcpy(bytes.data(), &length, 8);
    if (length > bytes.size()) says(bytes, fmt::format("the header's length is {}", length));
    else CHECK(refusal(bytes).first == Status::bad_file);
  }
  says(one("F32", "[4]", "[0,17]", 17), "tensor 't' has 4 values of F32, in 17 bytes");
  says(one("F16", "[4]", "[0,16]", 16), "tensor 't' has 4 values of F16, in 16 bytes");
  says(one("F32", "[4]", "[0,16]", 15), "tensor 't' lies from 0 to 16, behind the header come 15 bytes");
  says(one("F32", "[4]", "[16,0]", 16), "tensor 't' lies from 16 to 0");
  says(one("F32", "[4]", "[0,16]", 20), "4 bytes at the end of the file belong to no tensor");
  says(one("F32", "[4]", "[4,20]", 20), "4 bytes in front of tensor 't' belong to none");
  says(one("F32", "[4294967296,4294967296]", "[0,16]", 16), "tensor 't': extent 1 is 4294967296");
  says(one("F32", "[9223372036854775807]", "[0,16]", 16), "tensor 't': extent 0 is 9223372036854775807");
  says(one("F32", "[1099511627776,16777215]", "[0,16]", 16),
       "tensor 't' has 18446742974197923840 values of F32, in 16 bytes");
  says(one("F32", "[0]", "[0,0]", 0), "tensor 't': extent 0 is 0");
  says(one("F32", "[-4]", "[0,16]", 16), "tensor 't': its extents are not whole numbers");
  says(one("F32", "[4.0]", "[0,16]", 16), "tensor 't': its extents are not whole numbers");
  says(one("F32", "[4]", "[0,1e1]", 16), "tensor 't': its offsets are not whole numbers");
  says(one("F32", "[4]", "[0,16,16]", 16), "lacks dtype, shape or data_offsets");
  says(one("F32", "[1,1,1,1,1,1,1,1,4]", "[0,16]", 16), "its shape is no list of up to 8 extents");
  says(one("F8_E4M3", "[4]", "[0,4]", 4), "tensor types not supported: F8_E4M3; F32, F16 and BF16 are",
       Status::unsupported);
  says(with_header("{" + entry("a", "I64", "[1]", "[0,8]") + "," + entry("b", "U8", "[1]", "[8,9]") + "," +
                       entry("c", "U8", "[1]", "[9,10]") + "}",
                   10),
       "not supported: I64, U8;", Status::unsupported);
  says(with_header("{" + entry("a", "F32", "[2]", "[0,8]") + "," + entry("b", "F32", "[2]", "[4,12]") + "}", 12),
       "tensors 'a' and 'b' overlap");
  says(with_header("{" + entry("a", "F32", "[2]", "[0,8]") + "," + entry("a", "F32", "[2]", "[8,16]") + "}", 16),
       "tensor 'a' stands twice");
  says(with_header("{" + entry("", "F32", "[2]", "[0,8]") + "}", 8), "a tensor's name has 0 bytes");
  says(with_header("{" + entry(std::string(256, 'n'), "F32", "[2]", "[0,8]") + "}", 8),
       "a tensor's name has 256 bytes");
  says(with_header("[]", 0), "the header is no JSON object");
  says(with_header("{\"t\":7}", 0), "tensor 't' lacks dtype, shape or data_offsets");
  says(with_header("{\"t\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,4]}}", 4),
       "tensor 't': its dtype is no text");
  says(with_header("{\"t\":" + std::string(100000, '['), 0), "has more than 4 levels", Status::limit);
  says(with_header("{", 0), "is not JSON");
}

TEST_CASE("a header cut or changed at any byte is read or refused, and nothing else") {
  for (size_t n = 0; n < kGood.size(); ++n) {
    std::string cut(kGood.data(), n);
    cut.shrink_to_fit();
    CHECK(refusal(cut).first == Status::bad_file);
  }
  int read = 0;
  for (size_t i = 0; i < kGood.size() - 22; ++i)
    for (int value :
         std::initializer_list<int>{0, 1, '"', ',', '0', '9', '[', ']', '{', '}', 'F', '\\', 127, 128, 255}) {
      std::string changed = kGood;
      changed[i] = char(value);
      Status status = refusal(changed).first;
      if (status == Status::ok) ++read;
      else if (status != Status::bad_file && status != Status::limit && status != Status::unsupported)
        FAIL("byte " << i << " = " << value);
    }
  CHECK(read > 20);  // names and metadata may be anything
}
