#include "ops/found.h"

#include <algorithm>
#include <cstring>

#include "tensor/dense.h"

namespace prm {

namespace {

Cost cost_found(const OpArgs& a) { return cost_of_values(a, 2); }

// ---- values that are not zero ----------------------------------------------------------------------------------------

void infer_non_zero(ShapeRule& r) {
  r.need(r.inputs() == 1 && r.shape(0).rank >= 1 && is_dense(r.x(0).dtype), "needs one input of one dimension at least");
  DimTable& dims = r.graph.dims;
  Dim count = dims.product(r.shape(0), 0, r.shape(0).rank);
  r.out = {{DType::i64, {r.shape(0).rank, dims.defined(r.name + ".found", count)}}};
}

// The rows are written far apart, and moved together when their length is known.
void reference_non_zero(const OpArgs& a) {
  const Tensor& x = a.x(0);
  Tensor& y = *a.out[0];
  int64_t count = x.count(), found = 0, *to = y.as<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    bool zero = visit_dense(x.dtype, [&]<class T>() { return !(Dense<T>::load(x.as<T>()[i]) != 0); });
    if (zero) continue;
    int64_t rest = i;
    for (int d = x.rank - 1; d >= 0; --d) to[d * count + found] = rest % x.dim[d], rest /= x.dim[d];
    ++found;
  }
  for (int d = 1; d < x.rank && found; ++d) std::memmove(to + d * found, to + d * count, size_t(found) * sizeof(int64_t));
  y.dim[1] = found;
}

// ---- slices that a condition picks -----------------------------------------------------------------------------------

void infer_compress(ShapeRule& r) {
  int axis = r.at<CompressAttr>().axis;
  r.need(r.inputs() == 2 && is_dense(r.x(0).dtype) && r.x(1).dtype == DType::boolean && r.shape(1).rank == 1, "needs x and a condition [m] bool");
  r.need(axis >= -1 && axis < r.shape(0).rank, "has no such axis");
  Shape shape = r.shape(0);
  DimTable& dims = r.graph.dims;
  if (axis < 0) shape = Shape{dims.product(shape, 0, shape.rank)};
  Dim& along = shape[std::max(axis, 0)];
  along = dims.defined(r.name + ".found", along);
  r.out = {{r.x(0).dtype, shape}};
}

void reference_compress(const OpArgs& a) {
  const Tensor& x = a.x(0);
  Tensor& y = *a.out[0];
  int axis = a.at<CompressAttr>().axis;
  int64_t outer = 1, along = axis < 0 ? x.count() : x.dim[axis], inner = 1, found = 0;
  for (int d = 0; d < axis; ++d) outer *= x.dim[d];
  for (int d = axis + 1; d < x.rank && axis >= 0; ++d) inner *= x.dim[d];
  size_t size = size_t(inner) * size_t(info(x.dtype).bytes);
  std::byte* to = y.data;
  int64_t asked = std::min(along, a.x(1).count());
  const bool* wanted = a.x(1).as<bool>();
  for (int64_t i = 0; i < asked; ++i) found += wanted[i];
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < asked; ++i) {
      if (!wanted[i]) continue;
      if (size) std::memcpy(to, x.data + size_t(o * along + i) * size, size);
      to += size;
    }
  y.dim[std::max(axis, 0)] = found;
}

// ---- boxes that do not cover each other ------------------------------------------------------------------------------

void infer_suppression(ShapeRule& r) {
  r.need(r.inputs() == 2 && r.x(0).dtype == DType::f32 && r.x(1).dtype == DType::f32, "needs boxes and scores of f32");
  const Shape &boxes = r.shape(0), &scores = r.shape(1);
  r.need(boxes.rank == 3 && scores.rank == 3 && boxes[2] == Dim(4) && boxes[0] == scores[0] && boxes[1] == scores[2], "needs boxes [B, N, 4] and scores [B, C, N]");
  auto attr = r.at<SuppressionAttr>();
  r.need(attr.most >= 0, "has less than no boxes to choose");
  DimTable& dims = r.graph.dims;
  int64_t known = dims.most(boxes[1]);
  Dim of_class = known >= 0 && attr.most > known ? boxes[1] : Dim(attr.most);
  if (known < 0) of_class = boxes[1];
  Dim most = dims.multiply(dims.multiply(scores[0], scores[1]), of_class);
  r.out = {{DType::i64, {dims.defined(r.name + ".found", most), 3}}, {DType::i64, {boxes[1]}}};
}

Cost cost_suppression(const OpArgs& a) {
  double boxes = double(a.x(0).dim[1]);
  return {double(a.x(1).dim[0] * a.x(1).dim[1]) * boxes * boxes, double(a.x(0).bytes() + a.x(1).bytes())};
}

struct Box {
  double low[2], high[2];
  double area() const { return (high[0] - low[0]) * (high[1] - low[1]); }
};

Box box_of(const float* b, bool centred) {
  Box box;
  for (int i = 0; i < 2; ++i) {
    double first = double(b[i]), second = double(b[i + 2]);
    if (centred) box.low[i] = first - second / 2, box.high[i] = first + second / 2;
    else box.low[i] = std::min(first, second), box.high[i] = std::max(first, second);
  }
  return box;
}

double overlap(const Box& a, const Box& b) {
  double common = 1;
  for (int i = 0; i < 2; ++i) common *= std::max(0.0, std::min(a.high[i], b.high[i]) - std::max(a.low[i], b.low[i]));
  double all = a.area() + b.area() - common;
  return a.area() > 0 && b.area() > 0 && all > 0 ? common / all : 0;
}

// One class of a batch; returns how many rows were written.
int64_t suppress(const SuppressionAttr& attr, const float* boxes, const float* scores, int64_t n, int64_t* order, int64_t* rows, int64_t batch, int64_t kind) {
  int64_t taken = 0, found = 0;
  for (int64_t i = 0; i < n; ++i)
    if (attr.any_score ? scores[i] == scores[i] : scores[i] > attr.least_score) order[taken++] = i;
  std::sort(order, order + taken, [&](int64_t a, int64_t b) { return scores[a] > scores[b] || (scores[a] == scores[b] && a < b); });
  for (int64_t i = 0; i < taken && found < attr.most; ++i) {
    Box box = box_of(boxes + order[i] * 4, attr.centred);
    bool covered = false;
    for (int64_t j = 0; j < found && !covered; ++j) covered = overlap(box, box_of(boxes + rows[j * 3 + 2] * 4, attr.centred)) > double(attr.least_overlap);
    if (covered) continue;
    rows[found * 3] = batch, rows[found * 3 + 1] = kind, rows[found * 3 + 2] = order[i];
    ++found;
  }
  return found;
}

void reference_suppression(const OpArgs& a) {
  auto attr = a.at<SuppressionAttr>();
  const Tensor &boxes = a.x(0), &scores = a.x(1);
  int64_t n = boxes.dim[1], classes = scores.dim[1], found = 0;
  for (int64_t b = 0; b < scores.dim[0]; ++b)
    for (int64_t c = 0; c < classes; ++c)
      found += suppress(attr, boxes.as<float>() + b * n * 4, scores.as<float>() + (b * classes + c) * n, n, a.y(1).as<int64_t>(), a.y().as<int64_t>() + found * 3, b, c);
  a.out[0]->dim[0] = found;
}

}  // namespace

const Op kNonZero{.name = "non_zero", .infer = infer_non_zero, .cost = cost_found, .reference = reference_non_zero, .defines = true};
const Op kCompress{.name = "compress", .infer = infer_compress, .cost = cost_found, .reference = reference_compress, .defines = true};
const Op kNonMaxSuppression{.name = "non_max_suppression", .infer = infer_suppression, .cost = cost_suppression, .reference = reference_suppression, .defines = true};

}  // namespace prm
