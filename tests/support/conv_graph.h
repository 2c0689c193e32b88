// A graph of one convolution of a blocked (or plain) value with random weights.
#pragma once
#include <vector>

#include "cases/conv.h"
#include "ops/blocked.h"
#include "support/random.h"

namespace prm::test {

struct ConvGraph {
  Graph graph;
  std::vector<float> w, factor, shift;
  int64_t x_values = 0, y_values = 0;
  double K = 1;  // products of a sum

  ConvGraph(const cases::ConvCase& c, Random& random, const Op& op = kConvBlocked) {
    int spatial = (c.D > 0) + (c.H > 0) + (c.W > 0), extents[3] = {c.D, c.H, c.W};
    ConvAttr attr{};
    attr.rank = spatial;
    Shape x{c.N, c.plain ? c.C : (c.C + 15) / 16};
    Tensor weights(DType::f32, {c.O, c.C / c.group});
    K = c.C / c.group;
    for (int i = 0; i < spatial; ++i) {
      x[x.rank++] = extents[3 - spatial + i];
      weights.dim[weights.rank++] = c.k;
      K *= c.k;
      attr.stride[i] = c.stride, attr.dilation[i] = c.dilation;
      attr.pad_begin[i] = attr.pad_end[i] = c.pad;
    }
    if (!c.plain) x[x.rank++] = 16;
    attr.group = c.group;
    if (c.relu) attr.act = c.more ? Activation::relu : Activation::clip, attr.a = -0.5f, attr.b = 6;
    for (int64_t i = 0; i < weights.count(); ++i) w.push_back(random.uniform());
    for (int i = 0; i < (c.O + 15) / 16 * 16; ++i) factor.push_back(random.uniform()), shift.push_back(random.uniform());
    weights.data = reinterpret_cast<std::byte*>(w.data());
    ValueId in = graph.input("x", DType::f32, x), weight = graph.constant("w", weights, nullptr);
    Vector<ValueId> all{in, weight};
    for (std::vector<float>* one : {&factor, &shift})
      all.push_back(graph.constant(one == &factor ? "factor" : "shift", Tensor(DType::f32, {int64_t(one->size())}, one->data()), nullptr));
    Shape y = graph.infer(op, attr, all, "y")[0].second;
    if (c.more) all.push_back(graph.input("more", DType::f32, y));
    graph.outputs = {graph.node(op, attr, all, "y")};
    x_values = values_of(x), y_values = values_of(y);
  }
  static int64_t values_of(const Shape& shape) {
    int64_t n = 1;
    for (int i = 0; i < shape.rank; ++i) n *= shape[i].value;
    return n;
  }
};

}  // namespace prm::test
