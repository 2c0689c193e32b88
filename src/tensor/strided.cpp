#include "tensor/strided.h"

#include <algorithm>
#include <cstring>

#include "tensor/dense.h"

namespace prm {

namespace {

constexpr int64_t kTile = 32, kLeastTile = 4, kThin = 8;  // thin tiles are copied along the other dimension
constexpr int64_t kGrain = 16384;  // values worth a thread's while

int64_t tiles(int64_t extent) { return (extent + kTile - 1) / kTile; }

// Where an index of all dimensions but those in `except` lies: its offset in x, and in y.
struct TileStart {
  int64_t x, y;
};
TileStart tile_start(const StridedCopy& c, const int64_t* dense, int64_t index, int except_a, int except_b) {
  TileStart start{c.offset, 0};
  for (int i = c.rank - 1; i >= 0; --i) {
    if (i == except_a || i == except_b) continue;
    int64_t here = index % c.dim[i];
    index /= c.dim[i];
    start.x += here * c.stride[i];
    start.y += here * dense[i];
  }
  return start;
}

template <class T>
void copy_run(const T* x, int64_t step, T* y, int64_t n) {
  if (step == 1) {
    std::memcpy(y, x, size_t(n) * sizeof(T));
  } else if (step == 0) {
    std::fill_n(y, n, *x);
  } else {
    for (int64_t i = 0; i < n; ++i) y[i] = x[i * step];
  }
}

template <class T>
void copy_rows(const StridedCopy& c, const T* x, T* y, int64_t begin, int64_t end) {
  int last = c.rank - 1;
  int64_t row = c.dim[last], step = c.stride[last], index[kMaxRank] = {}, offset = c.offset, rest = begin / row;
  for (int i = last - 1; i >= 0; --i) {
    index[i] = rest % c.dim[i];
    rest /= c.dim[i];
    offset += index[i] * c.stride[i];
  }
  each_run(begin, end, row, [&](int64_t number, int64_t at, int64_t n) {
    copy_run(x + offset + at * step, step, y + number * row + at, n);
    for (int i = last - 1; i >= 0; --i) {
      offset += c.stride[i];
      if (++index[i] < c.dim[i]) break;
      offset -= c.stride[i] * c.dim[i];
      index[i] = 0;
    }
  });
}

template <class T>
void copy_tiles(const StridedCopy& c, const T* x, T* y, int64_t begin, int64_t end) {
  int a = c.across, b = c.rank - 1;
  int64_t dense[kMaxRank], step = 1;
  for (int i = b; i >= 0; --i) dense[i] = step, step *= c.dim[i];
  int64_t of_b = tiles(c.dim[b]), of_a = tiles(c.dim[a]);
  for (int64_t unit = begin; unit < end; ++unit) {
    int64_t first_b = unit % of_b * kTile, first_a = unit / of_b % of_a * kTile;
    int64_t count_b = std::min(kTile, c.dim[b] - first_b), count_a = std::min(kTile, c.dim[a] - first_a);
    TileStart start = tile_start(c, dense, unit / (of_b * of_a), a, b);
    const T* from = x + start.x + first_a + first_b * c.stride[b];
    T* to = y + start.y + first_a * dense[a] + first_b;
    int64_t to_step = dense[a], from_step = c.stride[b];
    if (count_b < kThin) {
      for (int64_t j = 0; j < count_b; ++j)
        for (int64_t i = 0; i < count_a; ++i) to[i * to_step + j] = from[i + j * from_step];
    } else {
      for (int64_t i = 0; i < count_a; ++i)
        for (int64_t j = 0; j < count_b; ++j) to[i * to_step + j] = from[i + j * from_step];
    }
  }
}

// Dimensions of 1 go, and neighbours become one where x lies in one step over both.
void take_dims(StridedCopy& c, const Tensor& y, const int64_t* stride) {
  for (int i = 0; i < y.rank; ++i) {
    if (y.dim[i] == 1) continue;
    bool joined = c.rank && c.stride[c.rank - 1] == stride[i] * y.dim[i];
    if (!joined) c.dim[c.rank++] = 1;
    c.dim[c.rank - 1] *= y.dim[i];
    c.stride[c.rank - 1] = stride[i];
  }
  if (!c.rank) c.dim[c.rank++] = 1;
}

int contiguous_dim(const StridedCopy& c) {
  int last = c.rank - 1;
  if (c.stride[last] == 1 || c.stride[last] == 0) return -1;
  for (int i = 0; i < last; ++i)
    if (c.stride[i] == 1 && c.dim[i] >= kLeastTile) return i;
  return -1;
}

}  // namespace

StridedCopy strided_copy(const Tensor& x, const Tensor& y, const int64_t* stride, int64_t offset) {
  StridedCopy c;
  c.offset = offset;
  int64_t count = y.count();
  if (!count || !x.count()) return c;
  take_dims(c, y, stride);
  c.across = contiguous_dim(c);
  c.units = count;
  c.grain = kGrain;
  if (c.across < 0) return c;
  int64_t a = c.dim[c.across], b = c.dim[c.rank - 1];
  c.units = count / (a * b) * tiles(a) * tiles(b);
  c.grain = kGrain / (std::min(a, kTile) * std::min(b, kTile));
  return c;
}

void copy_units(const StridedCopy& c, const Tensor& x, const Tensor& y, int64_t begin, int64_t end) {
  if (begin >= end) return;
  visit_width(y.dtype, [&]<class T>() {
    if (c.across >= 0) copy_tiles(c, x.as<T>(), y.as<T>(), begin, end);
    else copy_rows(c, x.as<T>(), y.as<T>(), begin, end);
  });
}

}  // namespace prm
