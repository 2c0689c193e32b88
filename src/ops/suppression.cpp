#include "ops/suppression.h"

#include <algorithm>

namespace prm {

namespace {

void infer_suppress(ShapeRule& r) {
  auto attr = r.at<SuppressAttr>();
  r.need(r.inputs() == 5 && r.x(0).dtype == DType::f32 && r.x(1).dtype == DType::f32, "needs boxes and scores of f32");
  r.need(r.x(2).dtype == DType::i64 && r.x(3).dtype == DType::f32 && r.x(4).dtype == DType::f32, "needs a number i64 and two thresholds f32");
  for (int i = 2; i < 5; ++i) r.need(r.shape(i).rank == 0, "needs a number and thresholds of one value");
  const Shape boxes = r.shape(0), scores = r.shape(1);
  r.need(boxes.rank == 3 && scores.rank == 3 && boxes[2] == Dim(4), "needs boxes [B, N, 4] and scores [B, C, N]");
  r.need(boxes[0] == scores[0] && boxes[1] == scores[2], "needs a score of each box");
  r.need(attr.bound >= 0, "needs a bound that is not below 0");
  Dim each = boxes[1].literal() ? Dim(std::min(boxes[1].value, attr.bound)) : boxes[1];
  DimTable& dims = r.graph.dims;
  r.out = {{DType::i64, {dims.multiply(dims.multiply(scores[0], scores[1]), each), 3}}, {DType::i64, {1}}, {DType::u8, {boxes[1]}}};
}

// Each box taken looks at all the others once.
Cost cost_suppress(const OpArgs& a) { return cost_of_values(a, 10 * double(a.x(0).dim[1])); }

struct Box {
  double low[2], high[2];
  double area() const { return (high[0] - low[0]) * (high[1] - low[1]); }
};

Box box_at(const float* values, bool centers) {
  Box box;
  for (int i = 0; i < 2; ++i) {
    double a = double(values[i]), b = double(values[i + 2]);
    box.low[i] = centers ? a - b / 2 : std::min(a, b);
    box.high[i] = centers ? a + b / 2 : std::max(a, b);
  }
  return box;
}

// The quotient is one of floats, so that one that equals the threshold is told from one that is above it.
bool overlap(const Box& a, const Box& b, float most) {
  Box common;
  for (int i = 0; i < 2; ++i) common.low[i] = std::max(a.low[i], b.low[i]), common.high[i] = std::min(a.high[i], b.high[i]);
  if (!(common.high[0] > common.low[0] && common.high[1] > common.low[1])) return false;
  double shared = common.area(), all = a.area() + b.area() - shared;
  return a.area() > 0 && b.area() > 0 && all > 0 && float(shared / all) > most;
}

// The open box of the highest score; -1: there is none.
int64_t best_open(const float* scores, const uint8_t* left_out, int64_t count) {
  int64_t best = -1;
  for (int64_t i = 0; i < count; ++i)
    if (!left_out[i] && (best < 0 || scores[i] > scores[best])) best = i;
  return best;
}

void reference_suppress(const OpArgs& a) {
  auto attr = a.at<SuppressAttr>();
  int64_t count = a.x(0).dim[1], classes = a.x(1).dim[1], taken = 0;
  int64_t most = std::min(std::clamp<int64_t>(a.x(2).as<int64_t>()[0], 0, count), attr.bound);
  float shared = a.x(3).as<float>()[0], least = a.x(4).as<float>()[0];
  uint8_t* left_out = a.y(2).as<uint8_t>();
  int64_t* rows = a.y().as<int64_t>();
  std::fill_n(rows, a.y().count(), 0);
  for (int64_t group = 0; group < a.x(0).dim[0] * classes; ++group) {
    const float *boxes = a.x(0).as<float>() + group / classes * count * 4, *scores = a.x(1).as<float>() + group * count;
    for (int64_t i = 0; i < count; ++i) left_out[i] = attr.any_score ? scores[i] != scores[i] : !(scores[i] > least);
    for (int64_t n = 0; n < most; ++n) {
      int64_t best = best_open(scores, left_out, count);
      if (best < 0) break;
      int64_t row[3] = {group / classes, group % classes, best};
      std::copy_n(row, 3, rows + 3 * taken++);
      Box box = box_at(boxes + best * 4, attr.centers);
      left_out[best] = 1;
      for (int64_t i = 0; i < count; ++i)
        if (!left_out[i]) left_out[i] = overlap(box, box_at(boxes + i * 4, attr.centers), shared);
    }
  }
  a.y(1).as<int64_t>()[0] = taken;
}

}  // namespace

const Op kSuppress{.name = "suppress", .infer = infer_suppress, .cost = cost_suppress, .reference = reference_suppress};

}  // namespace prm
