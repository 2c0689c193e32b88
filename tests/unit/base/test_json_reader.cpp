#include <string>

#include "base/json_reader.h"
#include "support/catch.h"
#include "support/refusal.h"

using namespace prm;

namespace {

const JsonLimits kLimits{.what = "test", .max_bytes = 1 << 20, .max_values = 1000, .max_depth = 8};

// A tree as text again, to compare whole trees at once.
std::string spell(const JsonDocument& document, const JsonValue& value) {
  std::string out;
  switch (value.kind) {
    case JsonKind::null: return "null";
    case JsonKind::boolean: return value.boolean ? "true" : "false";
    case JsonKind::integer: return "i" + std::to_string(value.integer);
    case JsonKind::real: return "r" + std::to_string(value.real);
    case JsonKind::string: return "<" + std::string(value.text) + ">";
    case JsonKind::array:
    case JsonKind::object: break;
  }
  for (const JsonValue* child = document.first(value); child; child = document.next(*child)) {
    out += (out.empty() ? "" : " ") + std::string(child->key) + (child->key.empty() ? "" : "=") + spell(document, *child);
  }
  return (value.kind == JsonKind::array ? "[" : "{") + out + (value.kind == JsonKind::array ? "]" : "}");
}

std::string respell(std::string_view text) {
  JsonDocument document = read_json(text, kLimits);
  return spell(document, document.root());
}

Status refusal(std::string_view text) {
  return test::refusal_of([&] { read_json(text, kLimits); }).first;
}

}  // namespace

TEST_CASE("json: a tree is read with kinds, keys and escapes", "[json]") {
  CHECK(respell(" null ") == "null");
  CHECK(respell(R"({"a":[1,-2,[],{}],"b":{"c":true,"d":"x"},"e":[[0]]})") == "{a=[i1 i-2 [] {}] b={c=true d=<x>} e=[[i0]]}");
  CHECK(respell("[1.5,-0.25e1,1E+2,9223372036854775807,9223372036854775808]") ==
        "[r1.500000 r-2.500000 r100.000000 i9223372036854775807 r9223372036854775808.000000]");
  CHECK(respell(R"(["\"\\\/\b\f\n\r\t","A\u00e9\u20ac\ud83d\ude00é","\u0000"])") ==
        "[<\"\\/\b\f\n\r\t> <Aé€😀é> <" + std::string(1, '\0') + ">]");
  JsonDocument document = read_json(R"({"a":1,"b":2,"a":3})", kLimits);
  CHECK(document.find(document.root(), "a")->integer == 3);
  CHECK(document.find(document.root(), "c") == nullptr);
  CHECK(document.find(*document.find(document.root(), "b"), "c") == nullptr);
}

TEST_CASE("json: many strings with escapes keep their content while blocks are added", "[json]") {
  std::string text = "[";
  for (int i = 0; i < 500; ++i) text += (i ? "," : "") + ("\"" + std::string(size_t(i % 97), 'x') + "\\n" + std::to_string(i)) + "\"";
  JsonDocument document = read_json(text + "]", kLimits);
  int i = 0;
  for (const JsonValue* child = document.first(document.root()); child; child = document.next(*child), ++i) {
    REQUIRE(child->text == std::string(size_t(i % 97), 'x') + "\n" + std::to_string(i));
  }
  CHECK(i == 500);
}

TEST_CASE("json: what is malformed is refused with its place", "[json]") {
  for (const char* text :
       {"", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "[1 2]", "1 2", "]", "\"",
        "\"\\\"", "\"a\nb\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
        "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "01", "-", "+1", ".5", "1.", "1e", "1e+", "1e999", "NaN", "Infinity",
        "nul", "truee", "'a'", "[1]x", "\xef\xbb\xbf[]", "/**/1", "\"\\", "\"\\\xc3\xa9\""}) {
    INFO(text);
    CHECK(refusal(text) == Status::bad_file);
  }
  CHECK(refusal(std::string_view("1\0", 2)) == Status::bad_file);
  try {
    read_json("[1, x]", {.what = "tools_json", .status = Status::invalid_argument});
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.status == Status::invalid_argument);
    CHECK(error.message == "tools_json is not JSON: expected a value at byte 4");
    CHECK(error.file_offset == 4);
  }
}

TEST_CASE("json: size, depth and number of values are bounded", "[json]") {
  CHECK(refusal(std::string(8, '[') + std::string(8, ']')) == Status::ok);
  CHECK(refusal(std::string(9, '[') + std::string(9, ']')) == Status::limit);
  CHECK(refusal(std::string(1 << 20, '[')) == Status::limit);
  CHECK(refusal(std::string((1 << 20) + 1, ' ')) == Status::limit);
  std::string ones = "[1";
  for (int i = 1; i < 999; ++i) ones += ",1";
  CHECK(refusal(ones + "]") == Status::ok);
  CHECK(refusal(ones + ",1]") == Status::limit);
}

TEST_CASE("json: every cut and every changed byte of a document is read or refused", "[json]") {
  const std::string good = R"({"a":[1,-2.5e3,"x\u00e9\n"],"b":{"c":null,"d":[true,false]},"é":"\ud83d\ude00"})";
  REQUIRE(refusal(good) == Status::ok);
  for (size_t i = 0; i < good.size(); ++i) {
    CHECK(refusal(std::string_view(good).substr(0, i)) == Status::bad_file);
    for (int c = 0; c < 256; ++c) {
      std::string changed = good;
      changed[i] = char(c);
      Status status = refusal(changed);
      REQUIRE((status == Status::ok || status == Status::bad_file));
    }
  }
}
