// Ops that only move values: the kernels on cut, reversed work against the reference, and both against the definition, index by index.
#include <algorithm>
#include <functional>
#include <numeric>

#include "ops/assemble.h"
#include "ops/indexing.h"
#include "ops/pattern.h"
#include "ops/rearrange.h"
#include "ops/scatter.h"
#include "support/catch.h"
#include "support/isas.h"
#include "support/random.h"
#include "support/run_graph.h"
#include "tensor/strided.h"

using namespace prm;
using namespace prm::test;

namespace {

constexpr DType kWidths[] = {DType::u8, DType::f16, DType::f32, DType::f64};

using Index = std::vector<int64_t>;

int64_t flat(const Shape& shape, const Index& index) {
  int64_t at = 0;
  for (int i = 0; i < shape.rank; ++i) at = at * shape.dims[i].value + index[size_t(i)];
  return at;
}

int64_t count_of(const Shape& shape) {
  int64_t count = 1;
  for (int i = 0; i < shape.rank; ++i) count *= shape.dims[i].value;
  return count;
}

std::vector<std::byte> noise(const Shape& shape, DType type, Random& random) {
  std::vector<std::byte> bytes(size_t(count_of(shape)) * size_t(info(type).bytes));
  for (std::byte& b : bytes) b = std::byte(random.bits());
  return bytes;
}

// Of `rank` dimensions, some of them large enough for tiles, with at most `most` values.
Shape some_shape(Random& random, int rank, int64_t most = 6000) {
  constexpr int64_t kExtents[] = {1, 2, 3, 4, 5, 7, 31, 33, 70};
  for (;;) {
    Shape shape;
    for (int i = 0; i < rank; ++i) shape.dims[shape.rank++] = kExtents[random.below(int64_t(std::size(kExtents)))];
    if (count_of(shape) <= most) return shape;
  }
}

// The bytes that a result of this shape has where each value is one of x, or zeros where `from` says -1.
std::vector<std::byte> expected(const Shape& shape, DType type, const std::vector<std::byte>& x, const std::function<int64_t(const Index&)>& from) {
  size_t width = size_t(info(type).bytes);
  std::vector<std::byte> y(size_t(count_of(shape)) * width);
  Index index(size_t(shape.rank), 0);
  for (size_t at = 0; at < y.size(); at += width) {
    if (int64_t place = from(index); place >= 0) std::memcpy(y.data() + at, x.data() + size_t(place) * width, width);
    for (int i = shape.rank - 1; i >= 0; --i) {
      if (++index[size_t(i)] < shape.dims[i].value) break;
      index[size_t(i)] = 0;
    }
  }
  return y;
}

void check(const Graph& graph, const GraphRun& run, const std::vector<std::byte>& want) {
  BareDevice bare;
  CHECK((run_graph(graph, bare, run) == want));
  for (const std::string& isa : test_isas()) {
    auto device = open_cpu(isa);
    Plan plan;
    CHECK((run_graph(graph, *device, run, {}, &plan) == want));
    CHECK(plan.fallbacks == 0);
    if (isa != test_isas()[0]) continue;  // they share these kernels
    ThreadPool pool(1, 10);
    for (int64_t cut : {1, 37}) {
      Work work;
      work.pool = cut == 1 ? nullptr : &pool, work.cut = cut, work.reverse = true;
      CHECK((run_graph(graph, *device, run, work) == want));
    }
  }
}

// One node over x, its only input that is not known.
void check_node(const Op& op, const Attr& attr, DType type, const Shape& shape, const std::vector<std::byte>& x, const std::function<int64_t(const Shape& y, const Index&)>& from) {
  Graph g;
  ValueId y = g.node(op, attr, {g.input("x", type, shape)}, "y");
  g.outputs = {y};
  const Shape made = g[y].shape;
  INFO(op.name << " " << info(type).name << " " << print(shape, g.dims) << " -> " << print(made, g.dims));
  check(g, {{}, {{"x", x}}, {}}, expected(made, type, x, [&](const Index& index) { return from(made, index); }));
}

ValueId index_constant(Graph& g, const std::vector<int64_t>& values, const Shape& shape, std::vector<std::byte>& held) {
  held = bytes_of(values);
  Tensor t(DType::i64, {}, held.data());
  for (int i = 0; i < shape.rank; ++i) t.dim[t.rank++] = shape.dims[i].value;
  return g.constant("indices", t, nullptr);
}

}  // namespace

TEST_CASE("transposing puts every value where the order of dimensions says, over tiles and runs of all widths") {
  Random random(1);
  for (int round = 0; round < 60; ++round) {
    DType type = kWidths[round % 4];
    int rank = int(random.below(7));
    Shape shape = some_shape(random, rank);
    TransposeAttr attr{};
    for (int i = 0; i < rank; ++i) attr.from[i] = int8_t(i);
    for (int i = rank - 1; i > 0; --i) std::swap(attr.from[i], attr.from[random.below(i + 1)]);
    check_node(kTranspose, attr, type, shape, noise(shape, type, random), [&](const Shape&, const Index& index) {
      Index at(size_t(rank), 0);
      for (int i = 0; i < rank; ++i) at[size_t(attr.from[i])] = index[size_t(i)];
      return flat(shape, at);
    });
  }
}

TEST_CASE("cuts begin at either end and go in steps both ways") {
  Random random(2);
  for (int round = 0; round < 60; ++round) {
    DType type = kWidths[round % 4];
    int rank = 1 + int(random.below(5));
    Shape shape = some_shape(random, rank);
    SliceAttr attr{};
    for (int axis = 0; axis < rank && attr.cuts < kMaxCuts; ++axis) {
      if (random.below(3) == 0) continue;
      int64_t extent = shape[axis].value, first = random.below(extent), step = (1 + random.below(3)) * (random.below(2) ? 1 : -1);
      int64_t most = (step > 0 ? extent - 1 - first : first) / std::abs(step) + 1;
      attr.axis[attr.cuts] = axis;
      attr.cut[attr.cuts++] = {random.below(2) ? first : first - extent, step, random.below(most + 1)};
    }
    check_node(kSlice, attr, type, shape, noise(shape, type, random), [&](const Shape&, Index index) {
      for (int i = 0; i < attr.cuts; ++i) {
        int64_t first = attr.cut[i].begin + (attr.cut[i].begin < 0 ? shape[attr.axis[i]].value : 0);
        index[size_t(attr.axis[i])] = first + index[size_t(attr.axis[i])] * attr.cut[i].step;
      }
      return flat(shape, index);
    });
  }
  Graph g;
  ValueId x = g.input("x", DType::f32, {5});
  for (SliceCut cut : {SliceCut{0, 1, 6}, SliceCut{5, 1, 1}, SliceCut{-6, 1, 1}, SliceCut{4, -1, 6}, SliceCut{1, INT64_MIN, 2}, SliceCut{1, INT64_MAX, 2}, SliceCut{0, 0, 1}})
    CHECK_THROWS_AS(g.node(kSlice, SliceAttr{{cut}, {0}, 1}, {x}, "y"), Error);
}

TEST_CASE("dimensions of 1 are broadcast, wherever they stand") {
  Random random(3);
  for (int round = 0; round < 40; ++round) {
    DType type = kWidths[round % 4];
    int rank = int(random.below(6));
    Shape wide = some_shape(random, rank), shape;
    int lacks = int(random.below(rank + 1));
    for (int i = lacks; i < rank; ++i) shape.dims[shape.rank++] = random.below(2) ? wide.dims[i] : Dim(1);
    check_node(kExpand, shape_attr(wide), type, shape, noise(shape, type, random), [&](const Shape&, const Index& index) {
      Index at;
      for (int i = 0; i < shape.rank; ++i) at.push_back(shape.dims[i] == Dim(1) ? 0 : index[size_t(i + lacks)]);
      return flat(shape, at);
    });
  }
}

TEST_CASE("tensors are put one behind the other along any axis, empty ones too") {
  Random random(4);
  for (int round = 0; round < 40; ++round) {
    DType type = kWidths[round % 4];
    int rank = 1 + int(random.below(4)), axis = int(random.below(rank)), inputs = 1 + int(random.below(kMaxInputs));
    Shape shape = some_shape(random, rank, 500);
    Graph g;
    GraphRun run;
    Vector<ValueId> in;
    std::vector<std::byte> all;
    std::vector<int64_t> begins, extents;
    for (int i = 0; i < inputs; ++i) {
      Shape one = shape;
      one[axis] = random.below(5);
      String name = format_text("x{}", i);
      in.push_back(g.input(name, type, one));
      run.inputs[std::string(name)] = noise(one, type, random);
      begins.push_back(int64_t(all.size()) / info(type).bytes);
      extents.push_back(one[axis].value);
      all.insert(all.end(), run.inputs[std::string(name)].begin(), run.inputs[std::string(name)].end());
    }
    g.outputs = {g.node(kConcat, ConcatAttr{axis}, in, "y")};
    check(g, run, expected(g[g.outputs[0]].shape, type, all, [&](Index index) {
            size_t from = 0;
            for (; index[size_t(axis)] >= extents[from]; ++from) index[size_t(axis)] -= extents[from];
            Shape one = shape;
            one[axis] = extents[from];
            return begins[from] + flat(one, index);
          }));
  }
}

TEST_CASE("margins show a value, a mirror, the edge or a torus, however wide they are") {
  Random random(5);
  for (int round = 0; round < 80; ++round) {
    DType type = kWidths[round % 4];
    auto mode = PadMode(round / 4 % 4);
    int rank = 1 + int(random.below(4));
    Shape shape = some_shape(random, rank, 300);
    PadAttr attr{mode};
    for (int i = 0; i < rank; ++i) attr.before[i] = int32_t(random.below(12) / 2), attr.after[i] = int32_t(random.below(9) / 2);
    Graph g;
    std::vector<std::byte> x = noise(shape, type, random), zero(8);
    Vector<ValueId> in{g.input("x", type, shape)};
    if (mode == PadMode::constant) in.push_back(g.constant("zero", Tensor(type, {}, zero.data()), nullptr));
    g.outputs = {g.node(kPad, attr, in, "y")};
    INFO("mode " << int(mode) << " of " << print(shape, g.dims));
    check(g, {{}, {{"x", x}}, {}}, expected(g[g.outputs[0]].shape, type, x, [&](Index index) {
            for (int i = 0; i < rank; ++i) {
              int64_t &at = index[size_t(i)], n = shape[i].value;
              at -= attr.before[i];
              if (at >= 0 && at < n) continue;
              if (mode == PadMode::constant) return int64_t(-1);
              if (mode == PadMode::edge) at = std::clamp<int64_t>(at, 0, n - 1);
              while (mode == PadMode::wrap && (at < 0 || at >= n)) at += at < 0 ? n : -n;
              while (mode == PadMode::reflect && (at < 0 || at >= n)) at = n == 1 ? 0 : at < 0 ? -at : 2 * (n - 1) - at;
            }
            return flat(shape, index);
          }));
  }
}

TEST_CASE("values are taken by indices of any shape; one that is out of range gives zeros and reads nothing") {
  Random random(6);
  for (int round = 0; round < 40; ++round) {
    DType type = kWidths[round % 4];
    int rank = 1 + int(random.below(4)), axis = int(random.below(rank));
    Shape shape = some_shape(random, rank, 600), chosen = some_shape(random, int(random.below(3)), 30);
    int64_t extent = shape[axis].value;
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < count_of(chosen); ++i) indices.push_back(random.below(8) ? random.below(2 * extent) - extent : i % 2 ? INT64_MIN : INT64_MAX - 1);
    auto inside = [&](int64_t index) { return index >= -extent && index < extent ? (index + extent) % extent : -1; };
    Graph g;
    std::vector<std::byte> x = noise(shape, type, random), held;
    g.outputs = {g.node(kGather, GatherAttr{axis}, {g.input("x", type, shape), index_constant(g, indices, chosen, held)}, "y")};
    check(g, {{}, {{"x", x}}, {}}, expected(g[g.outputs[0]].shape, type, x, [&](const Index& index) {
            Index at(index.begin(), index.begin() + axis), which(index.begin() + axis, index.begin() + axis + chosen.rank);
            at.push_back(inside(indices[size_t(flat(chosen, which))]));
            at.insert(at.end(), index.begin() + axis + chosen.rank, index.end());
            return at[size_t(axis)] < 0 ? -1 : flat(shape, at);
          }));

    Shape part = shape;
    for (int i = 0; i < rank; ++i) part[i] = 1 + random.below(shape[i].value);
    part[axis] = 1 + random.below(6);
    indices.clear();
    for (int64_t i = 0; i < count_of(part); ++i) indices.push_back(random.below(8) ? random.below(2 * extent) - extent : extent);
    Graph each;
    each.outputs = {each.node(kGatherElements, GatherAttr{axis}, {each.input("x", type, shape), index_constant(each, indices, part, held)}, "y")};
    check(each, {{}, {{"x", x}}, {}}, expected(part, type, x, [&](Index index) {
            int64_t taken = inside(indices[size_t(flat(part, index))]);
            index[size_t(axis)] = taken;
            return taken < 0 ? -1 : flat(shape, index);
          }));
  }
}

TEST_CASE("tuples of indices take parts of a tensor, batch by batch") {
  Random random(7);
  for (int round = 0; round < 40; ++round) {
    DType type = kWidths[round % 4];
    int rank = 1 + int(random.below(4)), batch = int(random.below(rank)), tuple = int(random.below(rank - batch + 1));
    Shape shape = some_shape(random, rank, 600), chosen;
    for (int i = 0; i < batch; ++i) chosen.dims[chosen.rank++] = shape.dims[i];
    chosen.dims[chosen.rank++] = 3;
    chosen.dims[chosen.rank++] = tuple;
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < count_of(chosen); ++i) {
      int64_t extent = shape[batch + int(i % tuple)].value;
      indices.push_back(random.below(10) ? random.below(2 * extent) - extent : extent);
    }
    Graph g;
    std::vector<std::byte> x = noise(shape, type, random), held;
    g.outputs = {g.node(kGatherNd, GatherNdAttr{batch}, {g.input("x", type, shape), index_constant(g, indices, chosen, held)}, "y")};
    check(g, {{}, {{"x", x}}, {}}, expected(g[g.outputs[0]].shape, type, x, [&](const Index& index) {
            Index at(index.begin(), index.begin() + batch), which(index.begin(), index.begin() + batch + 1);
            which.push_back(0);
            for (int i = 0; i < tuple; ++i) {
              which.back() = i;
              int64_t extent = shape[batch + i].value, taken = indices[size_t(flat(chosen, which))];
              if (taken >= extent) return int64_t(-1);
              at.push_back(taken < 0 ? taken + extent : taken);
            }
            at.insert(at.end(), index.begin() + batch + 1, index.end());
            return flat(shape, at);
          }));
  }
}

TEST_CASE("triangles are cut by any diagonal, and sequences turned by any length") {
  Random random(8);
  for (int64_t k : {int64_t(0), int64_t(1), int64_t(-2), int64_t(3), int64_t(-3), int64_t(70), INT64_MIN, INT64_MAX})
    for (int upper : {0, 1}) {
      Shape shape{2, 3, 5};
      Graph g;
      std::vector<std::byte> x = noise(shape, DType::f32, random), held;
      g.outputs = {g.node(kTrilu, TriluAttr{upper}, {g.input("x", DType::f32, shape), index_constant(g, {k}, {}, held)}, "y")};
      INFO("k " << k << " upper " << upper);
      check(g, {{}, {{"x", x}}, {}}, expected(shape, DType::f32, x, [&](const Index& index) {
              bool kept = upper ? index[2] - index[1] >= k : index[2] - index[1] <= k;
              return kept ? flat(shape, index) : -1;
            }));
    }
  for (int time : {0, 1}) {
    Shape shape = time == 0 ? Shape{5, 4, 3} : Shape{4, 5, 3};
    std::vector<int64_t> lengths{0, 3, 77, INT64_MIN};
    Graph g;
    std::vector<std::byte> x = noise(shape, DType::f32, random), held;
    g.outputs = {g.node(kReverseSequence, ReverseSequenceAttr{time}, {g.input("x", DType::f32, shape), index_constant(g, lengths, {4}, held)}, "y")};
    check(g, {{}, {{"x", x}}, {}}, expected(shape, DType::f32, x, [&](Index index) {
            int64_t length = std::clamp<int64_t>(lengths[size_t(index[size_t(1 - time)])], 0, 5);
            int64_t& t = index[size_t(time)];
            if (t < length) t = length - 1 - t;
            return flat(shape, index);
          }));
  }
}

namespace {

template <class T>
std::vector<T> scattered(const Op& op, const Attr& attr, DType type, std::vector<T> x, const Shape& shape, std::vector<int64_t> indices, const Shape& chosen, std::vector<T> updates, const Shape& update) {
  Graph g;
  std::vector<std::byte> held;
  bool cache = &op == &kTensorScatter;
  ValueId to = g.input("x", type, shape), what = g.input("updates", type, update), where = index_constant(g, indices, chosen, held);
  g.outputs = {cache ? g.node(op, attr, {to, what, where}, "y") : g.node(op, attr, {to, where, what}, "y")};
  BareDevice bare;
  GraphRun run{{}, {{"x", bytes_of(x)}, {"updates", bytes_of(updates)}}, {}};
  std::vector<std::byte> bytes = run_graph(g, bare, run);
  check(g, run, bytes);
  std::memcpy(x.data(), bytes.data(), bytes.size());
  return x;
}

}  // namespace

TEST_CASE("numbers are evenly spaced from any start, and integers wrap around") {
  auto spaced = [](DType type, auto start, auto step, int64_t count) {
    Graph g;
    g.outputs = {g.node(kRange, RangeAttr{count}, {g.constant("start", Tensor(type, {}, &start), nullptr), g.constant("step", Tensor(type, {}, &step), nullptr)}, "y")};
    BareDevice bare;
    std::vector<std::byte> bytes = run_graph(g, bare, {});
    check(g, {}, bytes);
    std::vector<decltype(start)> values(size_t(count), start);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  };
  CHECK(spaced(DType::i8, int8_t(120), int8_t(5), 3) == std::vector<int8_t>{120, 125, -126});
  CHECK(spaced(DType::i64, INT64_MIN, int64_t(-1), 2) == std::vector<int64_t>{INT64_MIN, INT64_MAX});
  CHECK(spaced(DType::f32, 0.5f, -0.25f, 4) == std::vector<float>{0.5f, 0.25f, 0, -0.25f});
}

TEST_CASE("updates are put in their order; where an index is out of range nothing is written") {
  auto elements = [](ScatterKind kind, std::vector<int32_t> x, std::vector<int64_t> indices, std::vector<int32_t> updates) {
    Shape shape{int64_t(x.size())}, chosen{int64_t(indices.size())};
    return scattered(kScatterElements, ScatterAttr{kind, 0}, DType::i32, x, shape, indices, chosen, updates, chosen);
  };
  using Ints = std::vector<int32_t>;
  CHECK(elements(ScatterKind::replace, {1, 2, 3}, {0, -1, 0, 3, -4}, {5, 6, 7, 8, 9}) == Ints{7, 2, 6});
  CHECK(elements(ScatterKind::add, {1, INT32_MAX, 3}, {1, 1, INT64_MIN}, {1, 1, 8}) == Ints{1, INT32_MIN + 1, 3});
  CHECK(elements(ScatterKind::mul, {1, 65536, 3}, {1, 2}, {65536, -2}) == Ints{1, 0, -6});
  CHECK(elements(ScatterKind::max, {1, 2, 3}, {0, 1}, {-5, 9}) == Ints{1, 9, 3});
  CHECK(elements(ScatterKind::min, {1, 2, 3}, {0, 1}, {-5, 9}) == Ints{-5, 2, 3});

  auto rows = [](std::vector<int64_t> indices, int64_t tuple, std::vector<float> updates, const Shape& update) {
    Shape chosen{int64_t(indices.size()) / std::max<int64_t>(tuple, 1), tuple};
    return scattered<float>(kScatterNd, ScatterAttr{ScatterKind::add, 0}, DType::f32, {1, 2, 3, 4}, {2, 2}, indices, chosen, updates, update);
  };
  CHECK(rows({1, -3}, 1, {10, 20, 30, 40}, {2, 2}) == std::vector<float>{1, 2, 13, 24});
  CHECK(rows({0, 1, 1, 2, -1, -1}, 2, {10, 20, 30}, {3}) == std::vector<float>{1, 12, 3, 34});

  auto cache = [](int circular, std::vector<int64_t> index) {
    return scattered<uint8_t>(kTensorScatter, TensorScatterAttr{1, circular}, DType::u8, {1, 2, 3, 4, 5, 6}, {2, 3}, index, {2}, {10, 20, 30, 40}, {2, 2});
  };
  using Bytes = std::vector<uint8_t>;
  CHECK(cache(0, {1, 2}) == Bytes{1, 10, 20, 4, 5, 30});
  CHECK(cache(1, {2, -1}) == Bytes{20, 2, 10, 40, 5, 30});
  CHECK(cache(0, {INT64_MAX, INT64_MIN}) == Bytes{1, 2, 3, 4, 5, 6});
  CHECK(cache(1, {INT64_MAX, INT64_MIN}) == Bytes{1, 10, 20, 4, 30, 40});
}

TEST_CASE("strided copies join the dimensions that lie in one step, and no others") {
  std::vector<float> x(24), y(24);
  std::iota(x.begin(), x.end(), 0.0f);
  Tensor from(DType::f32, {24}, x.data()), to(DType::f32, {2, 3, 4}, y.data());
  int64_t dense[] = {12, 4, 1};
  StridedCopy all = strided_copy(from, to, dense);
  CHECK((all.rank == 1 && all.dim[0] == 24 && all.stride[0] == 1));
  Tensor windows(DType::f32, {3, 4}, y.data());  // x[i + j]: steps are equal, and nothing is joined
  int64_t overlapping[] = {1, 1};
  StridedCopy c = strided_copy(from, windows, overlapping);
  CHECK(c.rank == 2);
  copy_units(c, from, windows, 0, c.units);
  CHECK((std::vector<float>(y.begin(), y.begin() + 12) == std::vector<float>{0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5}));
}
