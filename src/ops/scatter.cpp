#include "ops/scatter.h"

#include <algorithm>
#include <cstring>

#include "tensor/dense.h"
#include "tensor/walk.h"

namespace prm {

namespace {

// A copy of input 0, then the updates.
template <void (*put)(const OpArgs&)>
void reference_scatter(const OpArgs& a) {
  if (a.y().bytes()) std::memcpy(a.y().data, a.x(0).data, a.y().bytes());
  put(a);
}

template <class T>
T reduced(ScatterKind kind, T old, T update) {
  using Wide = typename Dense<T>::Wide;
  Wide a = Dense<T>::load(old), b = Dense<T>::load(update);
  switch (kind) {
    case ScatterKind::replace: return update;
    case ScatterKind::max: return b > a || b != b ? update : old;
    case ScatterKind::min: return b < a || b != b ? update : old;
    case ScatterKind::add:
    case ScatterKind::mul: break;
  }
  bool sum = kind == ScatterKind::add;
  if constexpr (std::is_same_v<Wide, double>) return Dense<T>::store(sum ? a + b : a * b);
  else return Dense<T>::store(Wide(sum ? uint64_t(a) + uint64_t(b) : uint64_t(a) * uint64_t(b)));
}

// Calls fn.template operator()<T>() with the type that values are reduced in: any of their size where they are replaced.
template <class Fn>
void visit_reduction(DType type, ScatterKind kind, Fn&& fn) {
  if (kind == ScatterKind::replace) return visit_width(type, fn);
  visit_dense(type, fn);
}

void need_updates(const ShapeRule& r) {
  bool types = r.inputs() == 3 && is_movable(r.x(0).dtype) && is_index(r.x(1).dtype) && r.x(2).dtype == r.x(0).dtype;
  r.need(types, "needs an input without blocks, indices (int32 or int64) and updates of the input's type");
  r.need(is_dense(r.x(0).dtype) || r.at<ScatterAttr>().kind == ScatterKind::replace, "has a reduction of values that nothing computes in");
}

// ---- one by one ------------------------------------------------------------------------------------------------------

void infer_scatter_elements(ShapeRule& r) {
  need_updates(r);
  int axis = r.at<ScatterAttr>().axis;
  const Shape &x = r.shape(0), &indices = r.shape(1);
  r.need(x.rank == indices.rank && indices == r.shape(2) && axis >= 0 && axis < x.rank, "indices and updates differ, or are not of the input's rank, or there is no such axis");
  for (int i = 0; i < x.rank; ++i) {
    bool inside = x.dims[i].literal() && indices.dims[i].literal() ? indices.dims[i].value <= x.dims[i].value : indices.dims[i] == x.dims[i];
    r.need(i == axis || inside, "the indices have a larger dimension than the input");
  }
  r.out = {{r.x(0).dtype, x}};
}

}  // namespace

void put_elements(const OpArgs& a) {
  auto attr = a.at<ScatterAttr>();
  int64_t count = a.x(1).count();
  if (!count) return;
  Walk<1> walk(a.x(1));
  dense_strides(a.y(), walk.stride[0]);
  int64_t step = walk.stride[0][attr.axis], extent = a.y().dim[attr.axis];
  walk.stride[0][attr.axis] = 0;
  visit_reduction(a.y().dtype, attr.kind, [&]<class T>() {
    for (int64_t i = 0; i < count; ++i, walk.next()) {
      int64_t index = load_index(a.x(1), i, extent);
      if (index < 0) continue;
      T& to = a.y().as<T>()[walk.offset[0] + index * step];
      to = reduced(attr.kind, to, a.x(2).as<T>()[i]);
    }
  });
}

namespace {

// ---- by tuples -------------------------------------------------------------------------------------------------------

void infer_scatter_nd(ShapeRule& r) {
  need_updates(r);
  const Shape &x = r.shape(0), &indices = r.shape(1), &updates = r.shape(2);
  r.need(indices.rank >= 1 && indices[-1].literal() && indices[-1].value <= x.rank, "the tuples are longer than the input has dimensions, or of unknown length");
  int tuple = int(indices[-1].value), many = indices.rank - 1;
  r.need(updates.rank == many + x.rank - tuple, "the updates are of another rank than indices and input make");
  for (int i = 0; i < updates.rank; ++i) r.need(updates.dims[i] == (i < many ? indices.dims[i] : x.dims[i - many + tuple]), "the updates have other dimensions than indices and input make");
  r.out = {{r.x(0).dtype, x}};
}

}  // namespace

void put_tuples(const OpArgs& a) {
  auto attr = a.at<ScatterAttr>();
  const Tensor &y = a.y(), &indices = a.x(1);
  int tuple = int(indices.cols());
  int64_t run = product(y, tuple, y.rank), many = product(indices, 0, indices.rank - 1);
  if (!y.count() || !run) return;
  visit_reduction(y.dtype, attr.kind, [&]<class T>() {
    for (int64_t i = 0; i < many; ++i) {
      int64_t to = 0;
      for (int j = 0; j < tuple && to >= 0; ++j) {
        int64_t index = load_index(indices, i * tuple + j, y.dim[j]);
        to = index < 0 ? -1 : to * y.dim[j] + index;
      }
      if (to < 0) continue;
      T* out = y.as<T>() + to * run;
      for (int64_t j = 0; j < run; ++j) out[j] = reduced(attr.kind, out[j], a.x(2).as<T>()[i * run + j]);
    }
  });
}

namespace {

// ---- from an index on ------------------------------------------------------------------------------------------------

void infer_tensor_scatter(ShapeRule& r) {
  bool types = r.inputs() == 3 && is_movable(r.x(0).dtype) && r.x(1).dtype == r.x(0).dtype && is_index(r.x(2).dtype);
  r.need(types, "needs a cache without blocks, an update of this type and indices (int32 or int64)");
  int axis = r.at<TensorScatterAttr>().axis;
  const Shape &cache = r.shape(0), &update = r.shape(1), &indices = r.shape(2);
  r.need(axis > 0 && axis < cache.rank && cache.rank == update.rank, "cache and update differ in rank, or have no such axis");
  for (int i = 0; i < cache.rank; ++i) r.need(i == axis || cache.dims[i] == update.dims[i], "cache and update differ in another dimension than the axis");
  bool known = cache[axis].literal() && update[axis].literal();
  r.need(!known || update[axis].value <= cache[axis].value, "the update is longer than the cache");
  r.need(indices.rank == 1 && indices.dims[0] == cache.dims[0], "has no index for each of the batch");
  r.out = {{r.x(0).dtype, cache}};
}

}  // namespace

void put_stretches(const OpArgs& a) {
  auto attr = a.at<TensorScatterAttr>();
  const Tensor &y = a.y(), &update = a.x(1);
  if (!update.count() || !y.count()) return;
  int64_t extent = y.dim[attr.axis], length = update.dim[attr.axis], outer = product(y, 0, attr.axis), each = outer / y.dim[0];
  size_t run = size_t(product(y, attr.axis + 1, y.rank)) * size_t(info(y.dtype).bytes);
  for (int64_t i = 0; i < outer * length; ++i) {
    int64_t row = i / length, batch = row / each;
    int64_t index = a.x(2).dtype == DType::i32 ? int64_t(a.x(2).as<int32_t>()[batch]) : a.x(2).as<int64_t>()[batch];
    if (attr.circular) index = (index % extent + extent + i % length) % extent;
    else if (index >= 0 && index < extent) index += i % length;
    if (index < 0 || index >= extent) continue;
    std::memcpy(y.data + size_t(row * extent + index) * run, update.data + size_t(i) * run, run);
  }
}

const Op kScatterElements{.name = "scatter_elements", .infer = infer_scatter_elements, .cost = cost_of_moving, .reference = reference_scatter<put_elements>};
const Op kScatterNd{.name = "scatter_nd", .infer = infer_scatter_nd, .cost = cost_of_moving, .reference = reference_scatter<put_tuples>};
const Op kTensorScatter{.name = "tensor_scatter", .infer = infer_tensor_scatter, .cost = cost_of_moving, .reference = reference_scatter<put_stretches>};

}  // namespace prm
