// Operators that reduce, select and contract, where onnx's own node tests do not look: nothing to reduce, hostile values, older
// versions, and what is refused.
#include <cmath>
#include <limits>

#include "support/catch.h"
#include "support/onnx_node.h"

using namespace prm;
using namespace prm::test;

namespace {

using Values = std::vector<double>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

bool refuses(const OnnxNodeCase& one, const std::string& part, Status status = Status::bad_file) {
  auto [is, message] = one.refused();
  INFO(message);
  CHECK(is == status);
  return message.find(part) != message.npos;
}

}  // namespace

TEST_CASE("reducing nothing gives what adding nothing to it keeps") {
  auto reduced = [](const char* op) { return OnnxNodeCase(op, 18).floats({2, 0}, {}).integers({1}, {1}).values(); };
  CHECK(reduced("ReduceSum") == Values{0, 0});
  CHECK(reduced("ReduceProd") == Values{1, 1});
  CHECK(reduced("ReduceMax") == Values{-kInfinity, -kInfinity});
  CHECK(reduced("ReduceMin") == Values{kInfinity, kInfinity});
  CHECK(reduced("ReduceLogSumExp") == Values{-kInfinity, -kInfinity});
  CHECK(std::isnan(reduced("ReduceMean")[0]));
  CHECK(OnnxNodeCase("ReduceMean", 18).integers({2, 0}, {}).integers({1}, {1}).values() == Values{0, 0});
  CHECK(OnnxNodeCase("ReduceMax", 18).integers({0}, {}).values() == Values{double(kLeast)});
}

TEST_CASE("integers wrap around when they are reduced, and the least one has no opposite") {
  CHECK(OnnxNodeCase("ReduceSum", 13).integers({2}, {kLeast, kLeast}).values() == Values{0});
  CHECK(OnnxNodeCase("ReduceL1", 18).integers({1}, {kLeast}).values() == Values{double(kLeast)});
  CHECK(OnnxNodeCase("ReduceMean", 18).integers({2}, {-3, 0}).values() == Values{-1});
  CHECK(OnnxNodeCase("CumProd", 26).integers({3}, {kLeast, 2, 5}).integers({}, {0}).values() == Values{double(kLeast), 0, 0});
}

TEST_CASE("axes are an attribute in older versions, an input in newer ones") {
  std::vector<int64_t> dims;
  CHECK(OnnxNodeCase("ReduceSum", 11).floats({2, 2}, {1, 2, 3, 4}).list("axes", {-1}).integer("keepdims", 0).values(&dims) == Values{3, 7});
  CHECK(dims == std::vector<int64_t>{2});
  CHECK(OnnxNodeCase("ReduceSum", 13).floats({2, 2}, {1, 2, 3, 4}).integers({1}, {0}).values(&dims) == Values{4, 6});
  CHECK(dims == std::vector<int64_t>{1, 2});
  CHECK(OnnxNodeCase("ReduceL2", 18).floats({2}, {-3, 4}).integer("noop_with_empty_axes", 1).values() == Values{3, 4});
  CHECK(refuses(OnnxNodeCase("ReduceSum", 13).floats({2, 2}, {1, 2, 3, 4}).integers({1}, {2}), "axis 2 of 2 dimensions"));
  CHECK(refuses(OnnxNodeCase("ArgMax", 13).floats({2, 0}, {}).integer("axis", 1), "without values"));
}

TEST_CASE("until version 13 a softmax goes over all that stands from its axis on") {
  OnnxNodeCase old("Softmax", 11), now("Softmax", 13);
  for (OnnxNodeCase* one : {&old, &now}) one->floats({1, 2, 2}, {0, 0, 0, 0}).integer("axis", 1);
  CHECK(old.values() == Values{0.25, 0.25, 0.25, 0.25});
  CHECK(now.values() == Values{0.5, 0.5, 0.5, 0.5});
}

TEST_CASE("the largest values: equal ones in their order, NaN in front") {
  auto selected = [](int64_t count, int64_t largest, int output) {
    OnnxNodeCase one("TopK", 11);
    one.floats({5}, {2, kNan, 3, 2, -1}).integers({1}, {count}).integer("largest", largest);
    return one.values(nullptr, output);
  };
  CHECK(selected(5, 1, 1) == Values{1, 2, 0, 3, 4});
  CHECK(selected(5, 0, 1) == Values{4, 0, 3, 2, 1});
  CHECK(selected(2, 0, 0) == Values{-1, 2});
  CHECK(selected(0, 1, 0).empty());
  CHECK(OnnxNodeCase("TopK", 9).floats({3}, {1, 3, 2}).integer("k", 1).values(nullptr, 1) == Values{1});
  CHECK(refuses(OnnxNodeCase("TopK", 11).floats({2}, {1, 2}).integers({1}, {3}), "more values than there are"));
  CHECK(refuses(OnnxNodeCase("TopK", 11).floats({2}, {1, 2}).integers({1}, {kLeast}), "K is below 0"));
  CHECK(OnnxNodeCase("ArgMax", 13).floats({4}, {1, kNan, 5, kNan}).integer("select_last_index", 1).values() == Values{3});
  CHECK(OnnxNodeCase("ArgMin", 13).floats({4}, {1, kNan, 5, kNan}).values() == Values{1});
}

TEST_CASE("matrices without inner values are zeros, and vectors leave no dimension behind") {
  std::vector<int64_t> dims;
  CHECK(OnnxNodeCase("MatMul").floats({2, 0}, {}).floats({0, 2}, {}).values() == Values{0, 0, 0, 0});
  CHECK(OnnxNodeCase("MatMul").floats({2}, {1, 2}).floats({3, 2, 1}, {1, 1, 2, 2, 3, 3}).values(&dims) == Values{3, 6, 9});
  CHECK(dims == std::vector<int64_t>{3, 1});
  CHECK(OnnxNodeCase("MatMul").integers({2}, {kLeast, 1}).integers({2}, {2, 5}).values(&dims) == Values{5});
  CHECK(dims.empty());
  CHECK(refuses(OnnxNodeCase("MatMul").floats({2, 3}, {1, 2, 3, 4, 5, 6}).floats({2, 1}, {1, 1}), "inner dimensions"));
  CHECK(refuses(OnnxNodeCase("MatMul").floats({}, {1}).floats({1}, {1}), "without dimensions"));
  CHECK(refuses(OnnxNodeCase("Gemm").floats({1, 1}, {2}).floats({1, 1}, {3}).floats({2, 1}, {1, 1}), "C has more"));
  CHECK(OnnxNodeCase("FusedMatMul", 17, "com.microsoft").floats({2, 1}, {1, 2}).floats({2, 1}, {3, 4}).integer("transA", 1).real("alpha", 0.5f).values() == Values{5.5});
}

TEST_CASE("Einstein's notation: diagonals, several operands, implied results, and what is none") {
  auto einsum = [](const char* equation) { return OnnxNodeCase("Einsum").text("equation", equation).floats({2, 2}, {1, 2, 3, 4}); };
  CHECK(einsum("ii->i").values() == Values{1, 4});
  CHECK(einsum("ba").values() == Values{1, 3, 2, 4});
  CHECK(einsum("...i -> ...").values() == Values{3, 7});
  CHECK(einsum("ij, jk, k -> i").floats({2, 2}, {1, 0, 0, 1}).floats({2}, {1, 1}).values() == Values{3, 7});
  CHECK(refuses(einsum("ij->k"), "label that no input has"));
  CHECK(refuses(einsum("ijk->i"), "another number of dimensions"));
  CHECK(refuses(einsum("ij->ii"), "label twice"));
  CHECK(refuses(einsum("ij,jk->ik"), "another number of terms"));
  CHECK(refuses(einsum("i?->i"), "something else than letters"));
  CHECK(refuses(einsum("ij,jk").floats({3, 1}, {1, 2, 3}), "one label differ"));
  CHECK(refuses(OnnxNodeCase("Einsum").text("equation", ""), "no inputs"));
  CHECK(refuses(einsum(("ij->" + std::string(1 << 16, 'i')).c_str()), "more than 8 dimensions", Status::unsupported));
  OnnxNodeCase many("Einsum");
  std::string equation = "i";
  for (int i = 0; i < 100; ++i) many.floats({1}, {2}), equation += i ? ",i" : "";
  CHECK(refuses(many.text("equation", equation), "more than 64 terms", Status::unsupported));
}

TEST_CASE("a class that is none counts nothing") {
  auto loss = [](int64_t chosen, const char* reduction) {
    return OnnxNodeCase("NegativeLogLikelihoodLoss").floats({2, 2}, {-1, -2, -3, -4}).integers({2}, {1, chosen}).text("reduction", reduction).values();
  };
  CHECK(loss(0, "none") == Values{2, 3});
  CHECK(loss(2, "none") == Values{2, 0});
  CHECK(loss(kLeast, "sum") == Values{2});
  CHECK(loss(-1, "mean") == Values{2});
  CHECK(refuses(OnnxNodeCase("NegativeLogLikelihoodLoss").floats({2, 2}, {1, 2, 3, 4}).integers({3}, {0, 0, 0}), "a class for each place"));
}

TEST_CASE("normalizing: groups by version, and what is refused") {
  auto groups = [](int64_t version, const std::vector<float>& scale) {
    int64_t count = int64_t(scale.size());
    return OnnxNodeCase("GroupNormalization", version).floats({1, 4, 1}, {-1, 1, -1, 1}).floats({count}, scale).floats({count}, std::vector<float>(scale.size(), 0)).integer("num_groups", 2).real("epsilon", 0);
  };
  CHECK(groups(18, {1, 2}).values() == Values{-1, 1, -2, 2});
  CHECK(groups(21, {1, 2, 3, 4}).values() == Values{-1, 2, -3, 4});
  CHECK(refuses(groups(21, {1, 2}), "another number of values"));
  OnnxNodeCase batch("BatchNormalization", 15);
  batch.floats({1, 1, 1}, {3}).floats({1}, {2}).floats({1}, {1}).floats({1}, {1}).floats({1}, {4}).real("epsilon", 0);
  CHECK(batch.values() == Values{3});
  batch.integer("training_mode", 1);
  CHECK(refuses(batch, "training", Status::unsupported));
  CHECK(OnnxNodeCase("LpNormalization", 22).floats({2, 2}, {0, 0, 3, 4}).values() == Values{0, 0, double(0.6f), double(0.8f)});
  CHECK(OnnxNodeCase("SkipSimplifiedLayerNormalization", 17, "com.microsoft").floats({1, 2}, {1, 2}).floats({1, 2}, {2, 2}).floats({2}, {1, 1}).real("epsilon", 0).values(nullptr, 3) == Values{3, 4});
  CHECK(refuses(OnnxNodeCase("LayerNormalization", 17).floats({2, 2}, {1, 2, 3, 4}).floats({3}, {1, 1, 1}), "do not go together"));
  CHECK(OnnxNodeCase("Det", 11).floats({2, 2}, {2, 4, 1, 2}).values() == Values{0});
}
