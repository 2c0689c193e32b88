#include "ops/pooling.h"

#include <cmath>
#include <limits>

#include "tensor/dense.h"

namespace prm {

namespace {

void infer_pool(ShapeRule& r) {
  auto attr = r.at<PoolAttr>();
  r.need(r.inputs() == 1 && attr.rank >= 1 && attr.rank <= kMaxSpatial && r.shape(0).rank == attr.rank + 2, "needs x [N, C, spatial...] of 1 to 3 spatial dimensions");
  DType type = r.x(0).dtype;
  r.need(is_float(type) || (attr.kind == PoolKind::max && is_integer(type)), "is not for values of this type");
  r.need(attr.kind != PoolKind::lp || attr.p > 0, "needs p above 0");
  r.need(attr.indices == PoolIndices::none || attr.kind == PoolKind::max, "only maxima have indices");
  const Shape x = r.shape(0);
  Shape y{x.dims[0], x.dims[1]};
  for (int i = 0; i < attr.rank; ++i)
    y.dims[y.rank++] = attr.kernel[i] == 0 ? Dim(1) : window_count(r, x[2 + i], attr.kernel[i], attr.stride[i], attr.dilation[i], attr.pad_begin[i], attr.pad_end[i], attr.ceil);
  r.out = {{type, y}};
  if (attr.indices != PoolIndices::none) r.out.push_back({DType::i64, y});
}

Cost cost_pool(const OpArgs& a) {
  Windows w = pool_windows(a.at<PoolAttr>(), a.x(0), a.y());
  return cost_of_values(a, double(w.kernel[0]) * double(w.kernel[1]) * double(w.kernel[2]));
}

// Calls fn(z, y, x) for what the window meets.
template <class Fn>
void for_values(const Windows& w, const int64_t* o, Fn&& fn) {
  for (int64_t i = w.first(0, o[0]); i < w.last(0, o[0]); ++i)
    for (int64_t j = w.first(1, o[1]); j < w.last(1, o[1]); ++j)
      for (int64_t k = w.first(2, o[2]); k < w.last(2, o[2]); ++k) fn(w.place(0, o[0], i), w.place(1, o[1], j), w.place(2, o[2], k));
}

template <class T>
typename Dense<T>::Wide least() {
  using Wide = typename Dense<T>::Wide;
  if constexpr (std::is_same_v<Wide, double>) return -std::numeric_limits<double>::infinity();
  else return Wide(std::numeric_limits<T>::min());
}

template <class T>
void pool_maximum(const Windows& w, const int64_t* o, const T* plane, T* y, bool columns, int64_t* index) {
  auto best = least<T>();
  int64_t where = 0;
  bool any = false;
  for_values(w, o, [&](int64_t i, int64_t j, int64_t k) {
    auto value = Dense<T>::load(plane[(i * w.in[1] + j) * w.in[2] + k]);
    if (any && !(value > best) && value == value) return;
    if (any && best != best) return;
    any = true, best = value;
    where = columns ? (k * w.in[1] + j) * w.in[0] + i : (i * w.in[1] + j) * w.in[2] + k;
  });
  *y = Dense<T>::store(best);
  *index = where;
}

template <class T>
double pool_sum(const PoolAttr& attr, const Windows& w, const int64_t* o, const T* plane) {
  double sum = 0, count = 0;
  for_values(w, o, [&](int64_t i, int64_t j, int64_t k) {
    double value = double(Dense<T>::load(plane[(i * w.in[1] + j) * w.in[2] + k]));
    sum += attr.kind == PoolKind::lp ? std::pow(std::fabs(value), attr.p) : value;
    count += 1;
  });
  if (attr.kind == PoolKind::lp) return std::pow(sum, 1.0 / attr.p);
  if (attr.count_padding) count = double(w.last_padded(0, o[0])) * double(w.last_padded(1, o[1])) * double(w.last_padded(2, o[2]));
  return count > 0 ? sum / count : 0;
}

void reference_pool(const OpArgs& a) {
  auto attr = a.at<PoolAttr>();
  Windows w = pool_windows(attr, a.x(0), a.y());
  int64_t* index = attr.indices == PoolIndices::none ? nullptr : a.y(1).as<int64_t>();
  visit_dense(a.y().dtype, [&]<class T>() {
    int64_t at = 0;
    for (int64_t plane = 0; plane < a.y().dim[0] * a.y().dim[1]; ++plane) {
      const T* x = a.x(0).as<T>() + plane * w.inputs();
      for (int64_t o[3] = {}; o[0] < w.out[0]; ++o[0])
        for (o[1] = 0; o[1] < w.out[1]; ++o[1])
          for (o[2] = 0; o[2] < w.out[2]; ++o[2], ++at) {
            T* y = a.y().as<T>() + at;
            if (attr.kind == PoolKind::max) {
              int64_t where;
              pool_maximum(w, o, x, y, attr.indices == PoolIndices::column_major, &where);
              if (index) index[at] = plane * w.inputs() + where;
            } else if constexpr (std::is_same_v<typename Dense<T>::Wide, double>) {
              *y = Dense<T>::store(pool_sum(attr, w, o, x));
            }
          }
    }
  });
}

// Extents of the tensor that maxima were taken of, as far as windows tell.
Dim pooled_extent(DimTable& dims, const MaxUnpoolAttr& attr, int i, Dim x) {
  int64_t more = int64_t(attr.kernel[i]) - attr.pad_begin[i] - attr.pad_end[i] - attr.stride[i];
  return dims.add(dims.multiply(x, attr.stride[i]), more);
}

void infer_max_unpool(ShapeRule& r) {
  auto attr = r.at<MaxUnpoolAttr>();
  r.need(r.inputs() == 2 && attr.rank >= 1 && attr.rank <= kMaxSpatial && r.shape(0).rank == attr.rank + 2, "needs x and places [N, C, spatial...] of 1 to 3 spatial dimensions");
  r.need(is_dense(r.x(0).dtype) && r.x(1).dtype == DType::i64 && r.shape(0) == r.shape(1), "needs places of i64 in x's shape");
  const Shape x = r.shape(0);
  Shape y{x.dims[0], x.dims[1]};
  for (int i = 0; i < attr.rank; ++i) {
    Dim extent = pooled_extent(r.graph.dims, attr, i, x[2 + i]);
    r.need(!extent.literal() || extent.value >= 0, "its pads are larger than what is padded");
    r.need(attr.extent[i] == 0 || (extent.literal() && attr.extent[i] >= extent.value), "the output is to be smaller than its windows are");
    y.dims[y.rank++] = attr.extent[i] ? Dim(attr.extent[i]) : extent;
  }
  r.out = {{r.x(0).dtype, y}};
}

Cost cost_max_unpool(const OpArgs& a) { return cost_of_values(a, 1); }

void reference_max_unpool(const OpArgs& a) {
  auto attr = a.at<MaxUnpoolAttr>();
  const Tensor &x = a.x(0), &y = a.y();
  uint64_t from[3] = {1, 1, 1}, to[3] = {1, 1, 1};
  for (int i = 0; i < attr.rank; ++i) {
    int at = i + kMaxSpatial - attr.rank;
    to[at] = uint64_t(y.dim[2 + i]);
    int64_t extent = (x.dim[2 + i] - 1) * attr.stride[i] + attr.kernel[i] - attr.pad_begin[i] - attr.pad_end[i];
    from[at] = attr.extent[i] ? uint64_t(extent) : to[at];
  }
  if (!y.count()) return;
  std::memset(y.data, 0, y.bytes());
  uint64_t plane = from[0] * from[1] * from[2], planes = uint64_t(y.dim[0]) * uint64_t(y.dim[1]);
  visit_width(y.dtype, [&]<class T>() {
    for (int64_t i = 0; i < x.count(); ++i) {
      uint64_t place = uint64_t(a.x(1).as<int64_t>()[i]);
      if (plane == 0 || place >= plane * planes) continue;
      uint64_t in = place % plane, deep = in / (from[1] * from[2]), high = in / from[2] % from[1], wide = in % from[2];
      y.as<T>()[((place / plane * to[0] + deep) * to[1] + high) * to[2] + wide] = x.as<T>()[i];
    }
  });
}

}  // namespace

const Op kMaxUnpool{.name = "max_unpool", .infer = infer_max_unpool, .cost = cost_max_unpool, .reference = reference_max_unpool};
const Op kPool{.name = "pool", .infer = infer_pool, .cost = cost_pool, .reference = reference_pool};

}  // namespace prm
