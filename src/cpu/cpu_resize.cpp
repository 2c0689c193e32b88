// Resizing: rows along the last dimension that changes. Its taps are found once for a chunk of columns, those of the dimensions before
// it once a row; what lies behind it (a block's channels) is moved in one piece.
#include <cstring>

#include "cpu/cpu_kernels.h"
#include "ops/resize.h"

namespace prm {

namespace {

constexpr int kMostTaps = 4, kMostSources = kMostTaps * kMostTaps;  // of cubic, in two dimensions before the last
constexpr int64_t kColumns = 256;                                   // whose taps are on the stack
constexpr int64_t kStrip = 16;                                      // values that stay in registers

struct Sources {
  int count = 0;
  int64_t from[kMostSources];  // in x, values
  float weight[kMostSources];
};

// What an output takes along dimension i at index o.
void find_sources(ResizeRun& run, int i, int64_t o, Sources& to) {
  to.count = 0;
  if (run.copies(i)) {
    to.from[0] = o * run.stride[i], to.weight[0] = 1, to.count = 1;
    return;
  }
  run.find(i, o);
  const Taps& taps = run.taps[i];
  for (int64_t index = taps.first; index <= taps.last; ++index) {
    double weight = run.attr.kind == ResizeKind::nearest ? 1 : run.weight(i, index);
    if (weight == 0) continue;
    to.from[to.count] = run.inside(i, index), to.weight[to.count++] = float(weight);
  }
}

// The same of all dimensions before `last`, for a row of the output.
void find_row(ResizeRun& run, int last, int64_t row, Sources& to) {
  to.count = 1, to.from[0] = 0, to.weight[0] = 1;
  for (int i = last - 1; i >= 0; --i) {
    Sources one, both;
    find_sources(run, i, row % run.y.dim[i], one);
    row /= run.y.dim[i];
    for (int n = 0; n < one.count; ++n)
      for (int k = 0; k < to.count; ++k, ++both.count) both.from[both.count] = one.from[n] + to.from[k], both.weight[both.count] = one.weight[n] * to.weight[k];
    to = both;
  }
}

struct Columns {
  int32_t count[kColumns];
  int64_t from[kColumns][kMostTaps];
  float weight[kColumns][kMostTaps];
};

void find_columns(ResizeRun& run, int last, int64_t begin, int64_t end, Columns& to) {
  Sources one;
  for (int64_t o = begin; o < end; ++o) {
    find_sources(run, last, o, one);
    to.count[o - begin] = one.count;
    for (int n = 0; n < one.count; ++n) to.from[o - begin][n] = one.from[n], to.weight[o - begin][n] = one.weight[n];
  }
}

// y[0..n) of one column: n is kStrip, or less of its kind at the end.
template <class Count>
void weigh(const float* x, const Sources& row, int taps, const int64_t* from, const float* weight, float* y, Count n) {
  float sum[kStrip] = {};
  for (int k = 0; k < row.count; ++k) {
    const float* source = x + row.from[k];
    float part[kStrip] = {};
    for (int t = 0; t < taps; ++t)
      for (int64_t c = 0; c < n; ++c) part[c] += weight[t] * source[from[t] + c];
    for (int64_t c = 0; c < n; ++c) sum[c] += row.weight[k] * part[c];
  }
  for (int64_t c = 0; c < n; ++c) y[c] = sum[c];
}

void weigh_columns(const float* x, const Sources& row, const Columns& columns, int64_t count, int64_t inner, float* y) {
  for (int64_t o = 0; o < count; ++o, y += inner) {
    int64_t c = 0;
    for (; c + kStrip <= inner; c += kStrip) weigh(x + c, row, columns.count[o], columns.from[o], columns.weight[o], y + c, std::integral_constant<int64_t, kStrip>{});
    if (c < inner) weigh(x + c, row, columns.count[o], columns.from[o], columns.weight[o], y + c, inner - c);
  }
}

template <class T>
void pick_columns(const T* x, const Columns& columns, int64_t count, T* y) {
  for (int64_t o = 0; o < count; ++o) y[o] = x[columns.from[o][0]];
}

void copy_columns(const Tensor& x, int64_t row, const Columns& columns, int64_t count, int64_t inner, std::byte* y) {
  size_t width = size_t(info(x.dtype).bytes), bytes = size_t(inner) * width;
  const std::byte* source = x.data + size_t(row) * width;
  if (inner == 1 && width == 4) return pick_columns(reinterpret_cast<const float*>(source), columns, count, reinterpret_cast<float*>(y));
  for (int64_t o = 0; o < count; ++o) std::memcpy(y + size_t(o) * bytes, source + size_t(columns.from[o][0]) * width, bytes);
}

void resize_rows(ResizeRun run, int last, int64_t inner, int64_t begin, int64_t end) {
  const Tensor &x = run.x, &y = run.y;
  size_t width = size_t(info(y.dtype).bytes);
  Columns columns;
  Sources row;
  for (int64_t first = 0; first < y.dim[last]; first += kColumns) {
    int64_t count = std::min(kColumns, y.dim[last] - first);
    find_columns(run, last, first, first + count, columns);
    for (int64_t r = begin; r < end; ++r) {
      find_row(run, last, r, row);
      std::byte* to = y.data + size_t((r * y.dim[last] + first) * inner) * width;
      if (run.attr.kind == ResizeKind::nearest) copy_columns(x, row.from[0], columns, count, inner, to);
      else weigh_columns(x.as<float>(), row, columns, count, inner, reinterpret_cast<float*>(to));
    }
  }
}

}  // namespace

bool accepts_resize(const KernelQuery& q) {
  auto attr = q.attr.as<ResizeAttr>();
  return attr.place != ResizePlace::region && (attr.kind == ResizeKind::nearest || (q.in[0].dtype == DType::f32 && !attr.antialias));
}

void run_resize(const OpArgs& a) {
  ResizeRun run{a.at<ResizeAttr>(), a.x(0), a.y(), a.x(1).as<double>()};
  if (!a.y().count()) return;
  if (!run.x.rank || !run.x.count()) return kResize.reference(a);
  dense_strides(run.x, run.stride);
  int last = -1, changed = 0;
  for (int i = 0; i < run.x.rank; ++i)
    if (!run.copies(i)) last = i, ++changed;
  if (changed > 3) return kResize.reference(a);  // more sources than there is room for
  if (last < 0) last = 0;
  int64_t rows = 1, inner = 1;
  for (int i = 0; i < run.x.rank; ++i) (i < last ? rows : inner) *= i == last ? 1 : run.y.dim[i];
  int64_t values = std::max<int64_t>(1, run.y.dim[last] * inner);
  a.work->rows(rows, std::max<int64_t>(1, (1 << 15) / values), [&](int64_t begin, int64_t end) { resize_rows(run, last, inner, begin, end); });
}

}  // namespace prm
