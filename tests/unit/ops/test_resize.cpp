// Resizing: its kernel against its reference, and all instruction sets with each other.
#include "ops/resize.h"
#include "support/check_kernels.h"
#include "support/conv_graph.h"

using namespace prm;
using namespace prm::test;

TEST_CASE("resizing by its kernel agrees with its reference") {
  Random random(35);
  struct Extents {
    std::vector<int64_t> from, to;
  };
  const Extents extents[] = {{{1, 2, 5, 7}, {1, 2, 10, 14}}, {{2, 3, 9, 8}, {2, 3, 4, 5}}, {{1, 1, 1, 1}, {1, 1, 3, 5}}, {{2, 2, 4, 6, 16}, {2, 2, 7, 300, 16}},
                             {{1, 2, 3, 4, 5, 16}, {1, 2, 5, 6, 4, 16}}, {{3, 4}, {3, 4}}, {{4, 3, 5, 21}, {4, 3, 5, 21}}, {{5, 6, 19}, {7, 6, 19}}};
  for (const Extents& e : extents)
    for (ResizeKind kind : {ResizeKind::nearest, ResizeKind::linear, ResizeKind::cubic})
      for (ResizePlace place : {ResizePlace::half_pixel, ResizePlace::align_corners, ResizePlace::asymmetric, ResizePlace::half_pixel_or_first})
        for (uint8_t exclude : {uint8_t(0), uint8_t(1)}) {
          Shape from, to;
          for (int64_t extent : e.from) from[from.rank++] = extent;
          for (int64_t extent : e.to) to[to.rank++] = extent;
          std::vector<double> geometry(e.from.size() * 3, 0);
          for (size_t i = 0; i < e.from.size(); ++i) geometry[2 * e.from.size() + i] = 1;
          Graph g;
          ResizeAttr attr{shape_attr(to), kind, place, ResizeNearest::floor, exclude, 0, -0.75f, 0};
          ValueId where = g.constant("geometry", Tensor(DType::f64, {3, int64_t(e.from.size())}, geometry.data()), nullptr);
          g.outputs = {g.node(kResize, attr, {g.input("x", DType::f32, from), where}, "y")};
          INFO("rank " << from.rank << " kind " << int(kind) << " place " << int(place) << " exclude " << int(exclude));
          check_kernels(g, {{}, {{"x", bytes_of(uniform(ConvGraph::values_of(from), random))}}, {}}, [&](size_t, double) { return kind == ResizeKind::nearest ? 0.0 : 2e-6; });
        }
}
