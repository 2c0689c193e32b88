// Operators that move values, where onnx's own node tests do not look: older versions, many parts and axes, types that are only
// moved, values at the ends of their types, and what is refused.
#include <limits>

#include "support/catch.h"
#include "support/onnx_node.h"

using namespace prm;
using namespace prm::test;

namespace {

using Values = std::vector<double>;
using Ints = std::vector<int64_t>;
constexpr int64_t kLeast = INT64_MIN, kMost = INT64_MAX;

bool refuses(const OnnxNodeCase& one, const std::string& part, Status status = Status::bad_file) {
  auto [is, message] = one.refused();
  INFO(message);
  CHECK(is == status);
  return message.find(part) != message.npos;
}

OnnxNodeCase over(const char* op, const Ints& dims, int64_t version = 17) {
  int64_t count = 1;
  for (int64_t extent : dims) count *= extent;
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(float(i));
  return OnnxNodeCase(op, version).floats(dims, values);
}

}  // namespace

TEST_CASE("what became inputs is read from attributes in older versions") {
  Ints dims;
  CHECK(over("Slice", {2, 3}, 9).list("starts", {1}).list("ends", {1000}).list("axes", {1}).values(&dims) == Values{1, 2, 4, 5});
  CHECK(dims == Ints{2, 2});
  CHECK(over("Slice", {2, 3}, 9).list("starts", {0, -2}).list("ends", {1, -1}).values() == Values{1});
  CHECK(over("Split", {5}, 11).list("split", {2, 3}).values(nullptr, 1) == Values{2, 3, 4});
  CHECK(over("Pad", {3}, 10).list("pads", {1, 2}).real("value", 7).values() == Values{7, 0, 1, 2, 7, 7});
  CHECK(over("Pad", {3}, 2 + 5).list("pads", {1, 1}).text("mode", "edge").values() == Values{0, 0, 1, 2, 2});
  CHECK(over("Scatter", {1, 3}, 10).integers({1, 2}, {2, 0}).floats({1, 2}, {8, 9}).integer("axis", 1).values() == Values{9, 1, 8});
}

TEST_CASE("Concat takes more parts, and Slice more axes, than a node of ours") {
  OnnxNodeCase many("Concat");
  Values all;
  for (int i = 0; i < 150; ++i) {
    many.floats({1, i % 3}, std::vector<float>(size_t(i % 3), float(i)));
    all.insert(all.end(), size_t(i % 3), double(i));
  }
  CHECK(many.integer("axis", -1).values() == all);
  Ints dims;
  CHECK(over("Slice", {2, 2, 2, 2, 2, 2, 2, 2}).integers({8}, {0, 1, 0, 1, 1, 1, -1, 1}).integers({8}, {2, 2, 1, 2, 2, 2, kLeast, 2}).integers({8}, {7, 6, 5, 4, 3, 2, 1, 0})
            .integers({8}, {1, 1, 1, 1, 1, 1, -1, 1}).values(&dims) == Values{250, 251, 186, 187});
  CHECK(dims == Ints{1, 2, 1, 1, 1, 1, 1, 2});
}

TEST_CASE("Slice moves what is outside of a dimension inside, as far as integers go") {
  auto cut = [](int64_t start, int64_t end, int64_t step) { return over("Slice", {4}).integers({1}, {start}).integers({1}, {end}).integers({1}, {0}).integers({1}, {step}).values(); };
  CHECK(cut(kLeast, 3, 1) == Values{0, 1, 2});
  CHECK(cut(1, kMost, 1) == Values{1, 2, 3});
  CHECK(cut(kMost, kLeast, -1) == Values{3, 2, 1, 0});
  CHECK(cut(kMost, kLeast, kLeast) == Values{3});
  CHECK(cut(kLeast, kMost, kMost) == Values{0});
  CHECK(cut(3, 1, 1) == Values{});
  CHECK(cut(-1, -3, -1) == Values{3, 2});
  CHECK(over("Slice", {0}).integers({1}, {0}).integers({1}, {5}).integers({1}, {0}).integers({1}, {-1}).values() == Values{});
}

TEST_CASE("Tile repeats the dimensions of a tensor that has as many as there may be") {
  Ints dims;
  CHECK(over("Tile", {1, 1, 1, 2, 1, 1, 1, 2}).integers({8}, {1, 1, 1, 1, 1, 2, 1, 2}).values(&dims) == Values{0, 1, 0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3, 2, 3});
  CHECK(dims == Ints{1, 1, 1, 2, 1, 2, 1, 4});
  CHECK(over("Tile", {2, 2}).integers({2}, {0, 3}).values(&dims) == Values{});
  CHECK(dims == Ints{0, 6});
}

TEST_CASE("Pad cuts off before it adds, and mirrors what is left") {
  CHECK(over("Pad", {5}).integers({2}, {-2, 3}).text("mode", "reflect").values() == Values{2, 3, 4, 3, 2, 3});
  CHECK(over("Pad", {1}).integers({2}, {2, 1}).text("mode", "reflect").values() == Values{0, 0, 0, 0});
  CHECK(over("Pad", {2}, 19).integers({2}, {3, 3}).text("mode", "wrap").values() == Values{1, 0, 1, 0, 1, 0, 1, 0});
  CHECK(over("Pad", {0}).integers({2}, {1, 1}).values() == Values{0, 0});
  CHECK(over("Pad", {3}).integers({2}, {-3, 1}).values() == Values{0});
  CHECK(refuses(over("Pad", {0}).integers({2}, {1, 1}).text("mode", "edge"), "a dimension of 0"));
  CHECK(refuses(over("Pad", {2}).integers({2}, {kLeast, kLeast}), "more is cut off"));
  CHECK(refuses(over("Pad", {2}).integers({2}, {kMost, 0}), "a margin of more than", Status::unsupported));
}

TEST_CASE("values of narrow types are moved, and only replaced") {
  auto narrow = [](const char* op) { return OnnxNodeCase(op, 24).raw(17, {3}, "\x01\x7e\x82"); };  // float8e4m3fn
  CHECK(narrow("Concat").raw(17, {1}, "\x03").integer("axis", 0).values().size() == 4);
  CHECK(narrow("ScatterElements").integers({1}, {1}).raw(17, {1}, "\x03").values().size() == 3);
  CHECK(refuses(narrow("ScatterElements").integers({1}, {1}).raw(17, {1}, "\x03").text("reduction", "add"), "a reduction of values"));
}

TEST_CASE("indices that are known may not be outside of their dimension") {
  CHECK(refuses(over("Gather", {3}).integers({1}, {3}), "index 3 is outside of a dimension of 3"));
  CHECK(refuses(over("GatherElements", {3}).integers({1}, {-4}), "index -4"));
  CHECK(refuses(over("GatherND", {2, 3}).integers({1, 2}, {1, kMost}), "outside of a dimension of 3"));
  CHECK(refuses(over("ScatterND", {2, 3}).integers({1, 1}, {kLeast}).floats({1, 3}, {0, 0, 0}), "outside of a dimension of 2"));
  CHECK(refuses(over("ScatterElements", {3}).integers({1}, {7}).floats({1}, {0}), "index 7"));
  CHECK(over("Gather", {3}).integers({2}, {-3, 2}).values() == Values{0, 2});
}

TEST_CASE("OneHot counts from the end, and knows no place beyond") {
  Ints dims;
  OnnxNodeCase hot = OnnxNodeCase("OneHot").floats({4}, {0, -1, 3, -4}).integers({}, {3}).integers({2}, {5, 6}).integer("axis", 0);
  CHECK(hot.values(&dims) == Values{6, 5, 5, 5, 5, 5, 5, 5, 5, 6, 5, 5});
  CHECK(dims == Ints{3, 4});
  CHECK(refuses(OnnxNodeCase("OneHot").integers({1}, {0}).integers({}, {-1}).integers({2}, {0, 1}), "its depth"));
}

TEST_CASE("Range counts its values without overflow") {
  auto range = [](int64_t start, int64_t limit, int64_t delta) { return OnnxNodeCase("Range").integers({}, {start}).integers({}, {limit}).integers({}, {delta}); };
  CHECK(range(kLeast, kMost, kMost).values() == Values{double(kLeast), -1, double(kMost - 1)});
  CHECK(range(kMost, kLeast, kLeast).values() == Values{double(kMost), -1});
  CHECK(range(3, 3, 1).values() == Values{});
  CHECK(range(3, 5, -1).values() == Values{});
  CHECK(refuses(range(0, 1, 0), "its delta is 0"));
  CHECK(refuses(range(kLeast, kMost, 1), "too many values"));
  CHECK(refuses(OnnxNodeCase("Range").floats({}, {0}).floats({}, {1}).floats({}, {0}), "no number of values"));
}

TEST_CASE("Unique orders by value or by place, and takes NaN for one value") {
  float nan = std::numeric_limits<float>::quiet_NaN();
  OnnxNodeCase by_value = OnnxNodeCase("Unique").floats({7}, {2, nan, -1, 2, nan, -0.0f, 0}), by_place = by_value;
  CHECK(by_value.values(nullptr, 1) == Values{2, 5, 0, 1});
  CHECK(by_value.values(nullptr, 2) == Values{2, 3, 0, 2, 3, 1, 1});
  CHECK(by_value.values(nullptr, 3) == Values{1, 2, 2, 2});
  by_place.integer("sorted", 0);
  CHECK(by_place.values(nullptr, 1) == Values{0, 1, 2, 5});
  CHECK(by_place.values(nullptr, 2) == Values{0, 1, 2, 0, 1, 3, 3});
  Ints dims;
  CHECK(over("Unique", {2, 0}).integer("axis", 0).values(&dims) == Values{});
  CHECK(dims == Ints{1, 0});
}

TEST_CASE("what does not go together is refused, with the node's name") {
  CHECK(refuses(over("Transpose", {2, 3}).list("perm", {0, 0}), "Transpose"));
  CHECK(refuses(over("Transpose", {2, 3}).list("perm", {-1, 0}), "perm"));
  CHECK(refuses(over("Split", {5}).integer("axis", 0).integers({1}, {4}), "the parts do not add up"));
  CHECK(refuses(over("DepthToSpace", {1, 6, 1, 1}).integer("blocksize", 2), "not a multiple"));
  CHECK(refuses(over("DepthToSpace", {1, 4, 1, 1}).integer("blocksize", kMost), "too large", Status::limit));
  CHECK(refuses(over("SpaceToDepth", {1, 4, 2, 2}).integer("blocksize", 0), "blocksize"));
  CHECK(refuses(OnnxNodeCase("BitCast", 26).raw(2, {1}, "\x02").integer("to", 9), "values as", Status::unsupported));
  CHECK(refuses(OnnxNodeCase("ConstantOfShape").integers({2}, {kMost, kMost}), "too large", Status::limit));
}
