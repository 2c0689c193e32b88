// Attention where onnx's own node tests do not look: hostile masks, lengths and positions, and what is refused.
#include <cmath>
#include <limits>

#include "support/catch.h"
#include "support/onnx_node.h"

using namespace prm;
using namespace prm::test;

namespace {

using Values = std::vector<double>;
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(), kMost = std::numeric_limits<int64_t>::max();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

bool refuses(const OnnxNodeCase& one, const std::string& part) {
  auto [is, message] = one.refused();
  INFO(message);
  CHECK(is == Status::bad_file);
  return message.find(part) != message.npos;
}

// One head of one value, two tokens: the weights of keys 0 and 1 show in y.
OnnxNodeCase attention(const std::vector<float>& q = {0, 0}, const std::vector<float>& k = {0, 0}) {
  OnnxNodeCase one("Attention", 24);
  return one.floats({1, 1, 2, 1}, q).floats({1, 1, 2, 1}, k).floats({1, 1, 2, 1}, {2, 4});
}

}  // namespace

TEST_CASE("a hidden key counts for nothing, whatever its score is") {
  CHECK(attention().values() == Values{3, 3});
  CHECK(attention().integer("is_causal", 1).values() == Values{2, 3});
  CHECK(attention({0, 0}, {0, kNan}).raw(9, {2, 2}, std::string("\1\0\1\0", 4)).values() == Values{2, 2});
  CHECK(attention().raw(9, {2, 2}, std::string("\0\0\0\1", 4)).values() == Values{0, 4});
  CHECK(attention().floats({1}, {0}).values() == Values{2, 2});  // keys behind the mask's last one
}

TEST_CASE("numbers of filled keys that cannot be hide all or nothing") {
  auto filled = [](int64_t count) {
    return attention().none().none().none().integers({1}, {count}).values();
  };
  CHECK(filled(1) == Values{2, 2});
  CHECK(filled(kMost) == Values{3, 3});
  CHECK(filled(0) == Values{0, 0});
  CHECK(filled(kLeast) == Values{0, 0});
}

TEST_CASE("attention refuses inputs that do not go together") {
  CHECK(refuses(attention().floats({3, 2}, {0, 0, 0, 0, 0, 0}), "can be broadcast"));
  CHECK(refuses(attention().floats({2, 3}, {0, 0, 0, 0, 0, 0}), "more keys than there are"));
  CHECK(refuses(attention().integer("qk_matmul_output_mode", 4), "none of 0 to 3"));
  CHECK(refuses(attention().integer("left_window_size", kLeast), "below -1"));
  CHECK(refuses(attention().none().floats({1, 1, 0, 1}, {}), "not both"));
  OnnxNodeCase packed("Attention", 23);
  packed.floats({1, 1, 3}, {1, 2, 3}).floats({1, 1, 3}, {1, 2, 3}).floats({1, 1, 3}, {1, 2, 3}).integer("kv_num_heads", 1);
  CHECK(refuses(packed, "lacks attribute 'q_num_heads'"));
  CHECK(refuses(OnnxNodeCase(packed).integer("q_num_heads", 2), "do not divide"));
  CHECK(refuses(OnnxNodeCase(packed).integer("q_num_heads", 0), "do not divide"));
  CHECK(refuses(OnnxNodeCase(packed).integer("q_num_heads", kLeast), "do not divide"));
}

TEST_CASE("rotary embedding: a position that the tables lack gives zeros") {
  auto rotated = [](int64_t position) {
    return OnnxNodeCase("RotaryEmbedding", 23).floats({1, 1, 2}, {3, 4}).floats({2, 1}, {1, 0}).floats({2, 1}, {0, 1}).integers({1, 1}, {position}).integer("num_heads", 1).values();
  };
  CHECK(rotated(0) == Values{3, 4});
  CHECK(rotated(1) == Values{-4, 3});
  CHECK(rotated(2) == Values{0, 0});
  CHECK(rotated(kLeast) == Values{0, 0});
  CHECK(refuses(OnnxNodeCase("RotaryEmbedding", 23).floats({1, 1, 3}, {3, 4, 5}).floats({1, 1, 1}, {1}).floats({1, 1, 1}, {1}).integer("num_heads", 1), "half of the values"));
}

TEST_CASE("layers with a state refuse heads and inputs that their attributes do not ask for") {
  auto linear = [](const char* rule, int64_t heads) {
    OnnxNodeCase one("LinearAttention", 27);
    one.floats({1, 1, 2}, {1, 2}).floats({1, 1, 2}, {1, 1}).floats({1, 1, 1}, {5});
    return one.text("update_rule", rule).integer("q_num_heads", heads).integer("kv_num_heads", 1).real("scale", 1);
  };
  CHECK(linear("linear", 1).values() == Values{15});
  CHECK(refuses(linear("gated", 1), "other inputs"));
  CHECK(refuses(linear("quadratic", 1), "none of linear"));
  CHECK(refuses(linear("linear", kLeast), "do not divide"));
  CHECK(refuses(linear("linear", 3), "heads divide"));
  CHECK(refuses(OnnxNodeCase("CausalConvWithState", 27).floats({1, 1, 2}, {1, 2}).floats({1, 1, 0}, {}), "weight [C, 1, K]"));
  CHECK(OnnxNodeCase("CausalConvWithState", 27).floats({1, 1, 1}, {1}).floats({1, 1, 3}, {1, 1, 1}).values(nullptr, 1) == Values{0, 1});
}
