// Float kernels of tensors: within a bound of the references, and the same bytes on every instruction set, however work is cut.
#include "ops/along_axis.h"
#include "ops/contract.h"
#include "ops/convolution.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "support/check_kernels.h"

using namespace prm;
using namespace prm::test;

namespace {

int64_t count_of(const Shape& shape) {
  int64_t count = 1;
  for (int i = 0; i < shape.rank; ++i) count *= shape[i].value;
  return count;
}

// Runs one node over uniform inputs; `constant` inputs are constants.
template <class Bound>
void check_node(const Op& op, const Attr& attr, const std::vector<Shape>& shapes, float amplitude, Random& random, Bound bound, int constant = -1) {
  Graph g;
  GraphRun run;
  std::vector<std::vector<float>> values;
  Vector<ValueId> in;
  for (const Shape& shape : shapes) values.push_back(uniform(count_of(shape), random, amplitude));
  for (size_t i = 0; i < shapes.size(); ++i) {
    String name = format_text("x{}", i);
    if (int(i) == constant) {
      Tensor data;
      for (int d = 0; d < shapes[i].rank; ++d) data.dim[data.rank++] = shapes[i][d].value;
      data.data = reinterpret_cast<std::byte*>(values[i].data());
      in.push_back(g.constant(name, data, nullptr));
      continue;
    }
    in.push_back(g.input(name, DType::f32, shapes[i]));
    run.inputs[std::string(name)] = bytes_of(values[i]);
  }
  g.outputs = {g.node(op, attr, in, "y")};
  check_kernels(g, run, bound);
}

}  // namespace

TEST_CASE("functions of single values keep within their bounds of the exact ones") {
  struct Case {
    UnaryAttr attr;
    double relative, absolute;
  };
  constexpr double kExact = 1e-7;
  const Case cases[] = {
      {{UnaryKind::abs}, 0, 0}, {{UnaryKind::neg}, 0, 0}, {{UnaryKind::relu}, 0, 0}, {{UnaryKind::clip, 0, -0.5, 1.5}, 0, 0}, {{UnaryKind::reciprocal}, kExact, 0},
      {{UnaryKind::leaky_relu, 0, 0.1, 0}, 2e-7, 0}, {{UnaryKind::hard_sigmoid, 0, 0.2, 0.5}, 3e-7, 1e-7}, {{UnaryKind::hard_swish}, 4e-7, 1e-7},
      {{UnaryKind::exp}, 4e-7, 1e-37}, {{UnaryKind::tanh}, 3e-7, 0}, {{UnaryKind::sigmoid}, 5e-7, 1e-37}, {{UnaryKind::erf}, 6e-7, 0},
      // Far below zero the exact values run out of floats before they are zero.
      {{UnaryKind::gelu}, 4e-6, 1e-7}, {{UnaryKind::gelu_tanh}, 1e-5, 1e-6}, {{UnaryKind::swish, 0, 1.7, 0}, 1.2e-5, 1e-33},
  };
  Random random(11);
  for (const Case& c : cases)
    for (float amplitude : {0.01f, 1.0f, 8.0f, 60.0f})
      for (int64_t n : {1, 15, 16, 33, 100}) {
        INFO(unary_name(c.attr.kind) << " amplitude " << amplitude << " n " << n);
        check_node(kUnary, c.attr, {{3, n}}, amplitude, random, [&](size_t, double size) { return c.relative * size + c.absolute; });
      }
}

TEST_CASE("functions of two tensors take every way of broadcasting") {
  const std::pair<Shape, Shape> shapes[] = {
      {{5}, {5}}, {{1}, {37}}, {{37}, {}}, {{4, 19}, {19}}, {{4, 19}, {4, 1}}, {{4, 1}, {1, 19}}, {{2, 3, 5, 7}, {3, 1, 1}}, {{2, 3, 5, 7}, {2, 1, 5, 1}}, {{2, 1, 5, 1}, {1, 3, 1, 7}}, {{0, 4}, {4}},
  };
  Random random(12);
  for (BinaryKind kind : {BinaryKind::add, BinaryKind::sub, BinaryKind::mul, BinaryKind::div, BinaryKind::min, BinaryKind::max})
    for (const auto& [a, b] : shapes) {
      INFO(binary_name(kind) << " " << print(a, {}) << " " << print(b, {}));
      check_node(kBinary, BinaryAttr{kind}, {a, b}, 2, random, [](size_t, double size) { return 1e-7 * size; });
    }
}

TEST_CASE("softmax, normalization and reductions of rows") {
  Random random(13);
  for (int64_t n : {1, 7, 16, 33, 300}) {
    INFO("n " << n);
    check_node(kSoftmax, SoftmaxAttr{1}, {{3, n}}, 20, random, [](size_t, double size) { return 4e-6 * size + 1e-36; });  // a half unit of exp's argument, up to 40
    check_node(kNormalize, NormalizeAttr{.eps = 1e-5, .axis = 1, .gain = 1, .bias = 1}, {{3, n}, {n}, {n}}, 3, random, [](size_t, double) { return 2e-5; });
    check_node(kNormalize, NormalizeAttr{.eps = 1e-5, .axis = 1, .centred = 0, .gain = 1}, {{3, n}, {n}}, 3, random, [](size_t, double) { return 1e-5; });
    for (ReduceKind kind : {ReduceKind::sum, ReduceKind::mean, ReduceKind::max})
      check_node(kReduce, ReduceAttr{kind, 6, 0}, {{2, 3, n}}, 3, random, [&](size_t, double) { return 3e-7 * double(9 * n); });
  }
}

TEST_CASE("products of matrices in batches, of either side turned, of constants, with tails in every extent") {
  struct Case {
    Shape a, b;
    bool trans_a, trans_b;
    double alpha;
  };
  const Case cases[] = {
      {{1, 1}, {1, 1}, false, false, 1},       {{1, 300}, {300, 1000}, false, false, 1},  {{17, 31}, {31, 33}, false, false, 1},  {{29, 513}, {513, 47}, false, false, 0.5},
      {{3, 15, 8}, {3, 8, 16}, false, false, 1}, {{2, 1, 5, 9}, {3, 9, 7}, false, false, 1}, {{31, 17}, {31, 20}, true, false, 1},  {{17, 300}, {50, 300}, false, true, 0.125},
      {{300, 17}, {20, 300}, true, true, 1},   {{2, 113, 20}, {20, 70}, false, false, 1},  {{5, 0}, {0, 4}, false, false, 1},
  };
  Random random(14);
  for (const Case& c : cases)
    for (int constant : {-1, 1}) {
      INFO(print(c.a, {}) << " " << print(c.b, {}) << " " << c.trans_a << c.trans_b << " constant " << constant);
      int64_t k = c.a[c.trans_a ? -2 : -1].value;
      check_node(kMatmulNd, MatmulNdAttr{c.trans_a, c.trans_b, c.alpha}, {c.a, c.b}, 1, random, [&](size_t, double) { return 1e-7 * double(k + 1); }, constant);
    }
}

TEST_CASE("convolutions in their plain layout, of one to three dimensions") {
  struct Case {
    Shape x, w;
    ConvAttr attr;
    bool bias;
  };
  const Case cases[] = {
      {{1, 1, 1}, {1, 1, 1}, {1, 1, {1}, {1}, {0}, {0}}, false},
      {{2, 3, 40}, {17, 3, 5}, {1, 1, {2}, {1}, {2}, {1}}, true},
      {{1, 4, 9, 11}, {33, 4, 3, 3}, {2, 1, {1, 1}, {1, 1}, {1, 1}, {1, 1}, Activation::relu}, true},
      {{2, 6, 13, 12}, {8, 3, 3, 2}, {2, 2, {2, 1}, {1, 2}, {0, 1}, {1, 0}, Activation::clip, -0.1f, 0.2f}, false},
      {{1, 40, 7, 7}, {5, 40, 3, 3}, {2, 1, {1, 1}, {2, 2}, {2, 2}, {2, 2}}, true},
      {{1, 5, 8, 8}, {5, 1, 3, 3}, {2, 5, {1, 1}, {1, 1}, {1, 1}, {1, 1}}, true},
      {{1, 2, 5, 6, 7}, {3, 2, 3, 1, 2}, {3, 1, {1, 2, 1}, {1, 1, 1}, {1, 0, 0}, {1, 0, 1}}, true},
  };
  Random random(15);
  for (const Case& c : cases) {
    INFO(print(c.x, {}) << " " << print(c.w, {}));
    std::vector<Shape> shapes = {c.x, c.w};
    if (c.bias) shapes.push_back({c.w[0]});
    check_node(kConv, c.attr, shapes, 1, random, [&](size_t, double) { return 1e-7 * double(count_of(c.w)); }, 1);
  }
}
