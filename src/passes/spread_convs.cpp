// A transposed convolution in steps of s is s convolutions along each dimension, one for each place within a step: output m s + r - pad
// is the sum over u of x[m - u] w[r + u s]. They read the same windows, so they are one convolution of more channels.
#include <optional>

#include "graph/rewrite.h"
#include "ops/conv_transpose.h"
#include "ops/convolution.h"
#include "ops/rearrange.h"
#include "ops/view.h"
#include "passes/channel_values.h"
#include "passes/passes.h"

namespace prm {

namespace {

struct Spreading {
  ConvTransposeAttr attr;
  int64_t group, inputs, outputs;                                          // channels of a group
  int64_t taps[kMaxSpatial] = {}, steps[kMaxSpatial] = {}, places = 1;     // taps of each place; steps: values of the convolution's result
  int64_t kernel[kMaxSpatial] = {}, image[kMaxSpatial] = {};
};

bool is_literal(const Shape& shape) {
  for (int i = 0; i < shape.rank; ++i)
    if (!shape[i].literal() || shape[i].value <= 0) return false;
  return true;
}

std::optional<Spreading> spreading_of(const Graph& graph, const Node& n) {
  if (n.op != &kConvTranspose) return {};
  const Value &x = graph[n.in[0]], &w = graph[n.in[1]], &y = graph[n.out[0]];
  Spreading s{n.attr.as<ConvTransposeAttr>(), 0, 0, 0};
  bool constant = w.kind == ValueKind::constant && (n.in.size() < 3 || graph[n.in[2]].kind == ValueKind::constant);
  if (!constant || x.dtype != DType::f32 || !is_literal(x.shape) || !is_literal(w.shape) || !is_literal(y.shape)) return {};
  s.group = s.attr.group, s.inputs = w.shape[0].value / s.group, s.outputs = w.shape[1].value;
  if (2 * s.attr.rank + 2 + (s.group > 1) > kMaxRank) return {};
  for (int i = 0; i < s.attr.rank; ++i) {
    int64_t stride = s.attr.stride[i];
    s.kernel[i] = w.shape[2 + i].value, s.image[i] = y.shape[2 + i].value;
    s.taps[i] = (s.kernel[i] + stride - 1) / stride;
    s.steps[i] = std::max((s.attr.pad_begin[i] + s.image[i] + stride - 1) / stride, x.shape[2 + i].value);
    s.places *= stride;
    if (s.attr.dilation[i] != 1 || stride > s.kernel[i]) return {};  // a place without taps would be zeros for nothing
  }
  return s;
}

// Calls fn(i) for all indices below `extent` of the spatial dimensions, the last fastest.
template <class Fn>
void for_spatial(int rank, const int64_t* extent, Fn&& fn) {
  int64_t index[kMaxSpatial] = {}, all = 1;
  for (int i = 0; i < rank; ++i) all *= extent[i];
  for (int64_t at = 0; at < all; ++at) {
    int64_t rest = at;
    for (int i = rank - 1; i >= 0; --i) index[i] = rest % extent[i], rest /= extent[i];
    fn(index);
  }
}

int64_t row_major(int rank, const int64_t* extent, const int64_t* index) {
  int64_t at = 0;
  for (int i = 0; i < rank; ++i) at = at * extent[i] + index[i];
  return at;
}

// [group * places * outputs, inputs, taps...] of w [group * inputs, outputs, kernel...].
void spread_weights(const Spreading& s, const float* w, float* to) {
  int rank = s.attr.rank;
  int64_t stride[kMaxSpatial], size = 1, windows = 1;
  for (int i = 0; i < rank; ++i) stride[i] = s.attr.stride[i], size *= s.kernel[i], windows *= s.taps[i];
  for (int64_t g = 0; g < s.group; ++g)
    for_spatial(rank, stride, [&](const int64_t* place) {
      for (int64_t o = 0; o < s.outputs; ++o)
        for (int64_t c = 0; c < s.inputs; ++c) {
          const float* from = w + ((g * s.inputs + c) * s.outputs + o) * size;
          float* row = to + (((g * s.places + row_major(rank, stride, place)) * s.outputs + o) * s.inputs + c) * windows;
          for_spatial(rank, s.taps, [&](const int64_t* tap) {
            int64_t at[kMaxSpatial];
            bool inside = true;
            for (int i = 0; i < rank; ++i) at[i] = place[i] + (s.taps[i] - 1 - tap[i]) * stride[i], inside = inside && at[i] < s.kernel[i];
            *row++ = inside ? from[row_major(rank, s.kernel, at)] : 0;
          });
        }
    });
}

SliceAttr cut_of(const Spreading& s) {
  SliceAttr attr{};
  for (int i = 0; i < s.attr.rank; ++i) {
    if (!s.attr.pad_begin[i] && s.steps[i] * s.attr.stride[i] == s.image[i]) continue;
    attr.axis[attr.cuts] = 2 + i;
    attr.cut[attr.cuts++] = {s.attr.pad_begin[i], 1, s.image[i]};
  }
  return attr;
}

struct Spreader {
  const Graph& graph;
  const FileBytes* file;
  MemoryAccount& account;
  Rewriter r;

  ValueId constant(const String& name, std::initializer_list<int64_t> head, int rank, const int64_t* tail, std::shared_ptr<Buffer>& buffer, Tensor& data) {
    data.dtype = DType::f32;
    for (int64_t extent : head) data.dim[data.rank++] = extent;
    for (int i = 0; i < rank; ++i) data.dim[data.rank++] = tail[i];
    buffer = make_charged<Buffer>(data.bytes(), account, MemoryKind::weights, name);
    data.data = buffer->data();
    return r.to.constant(name, data, buffer);
  }

  ValueId convolved(const Spreading& s, const Node& n) {
    std::shared_ptr<Buffer> held;
    Tensor data;
    int64_t outputs = s.group * s.places * s.outputs;
    Vector<ValueId> in{r.use(n.in[0]), constant(n.name + ".weights", {outputs, s.inputs}, s.attr.rank, s.taps, held, data)};
    spread_weights(s, constant_values(graph[n.in[1]], file).data(), data.as<float>());
    if (n.in.size() > 2) {
      Tensor bias;
      in.push_back(constant(n.name + ".bias", {outputs}, 0, nullptr, held, bias));
      Vector<float> from = constant_values(graph[n.in[2]], file);
      for (int64_t o = 0; o < outputs; ++o) bias.as<float>()[o] = from[size_t(o / (s.places * s.outputs) * s.outputs + o % s.outputs)];
    }
    ConvAttr attr{};
    attr.rank = s.attr.rank, attr.group = int32_t(s.group), attr.act = s.attr.act, attr.a = s.attr.a, attr.b = s.attr.b;
    for (int i = 0; i < attr.rank; ++i) {
      attr.stride[i] = attr.dilation[i] = 1;
      attr.pad_begin[i] = int32_t(s.taps[i] - 1), attr.pad_end[i] = int32_t(s.steps[i] - graph[n.in[0]].shape[2 + i].value);
    }
    return r.to.node(kConv, attr, std::move(in), n.name + ".places");
  }

  // [N, (group,) places..., outputs, steps...] -> [N, (group,) outputs, (step, place)...], as one image each.
  ValueId side_by_side(const Spreading& s, const Node& n, ValueId v) {
    int rank = s.attr.rank, lead = s.group > 1 ? 2 : 1;
    Dim batch = graph[n.in[0]].shape[0];
    Shape apart{batch};
    if (lead > 1) apart.dims[apart.rank++] = s.group;
    for (int i = 0; i < rank; ++i) apart.dims[apart.rank++] = s.attr.stride[i];
    apart.dims[apart.rank++] = s.outputs;
    for (int i = 0; i < rank; ++i) apart.dims[apart.rank++] = s.steps[i];
    TransposeAttr order{};
    for (int i = 0; i < lead; ++i) order.from[i] = int8_t(i);
    order.from[lead] = int8_t(lead + rank);
    for (int i = 0; i < rank; ++i) order.from[lead + 1 + 2 * i] = int8_t(lead + rank + 1 + i), order.from[lead + 2 + 2 * i] = int8_t(lead + i);
    v = r.to.node(kTranspose, order, {view_as(r.to, v, apart, n.name + ".apart")}, n.name + ".turned");
    Shape whole{batch, s.group * s.outputs};
    for (int i = 0; i < rank; ++i) whole.dims[whole.rank++] = s.steps[i] * s.attr.stride[i];
    SliceAttr cut = cut_of(s);
    if (!cut.cuts) return view_as(r.to, v, whole, graph[n.out[0]].name);
    return r.to.node(kSlice, cut, {view_as(r.to, v, whole, n.name + ".whole")}, graph[n.out[0]].name);
  }

  Graph run() {
    r.keep_inputs();
    for (const Node& n : graph.nodes) {
      std::optional<Spreading> s = spreading_of(graph, n);
      if (!s) r.copy(n);
      else r.map[size_t(n.out[0])] = side_by_side(*s, n, convolved(*s, n));
    }
    return r.finish();
  }
};

}  // namespace

Graph spread_convolutions(Graph graph, const FileBytes* file, MemoryAccount& account) {
  if (!has_any_op(graph, {&kConvTranspose})) return graph;
  return Spreader{graph, file, account, Rewriter(graph)}.run();
}

}  // namespace prm
