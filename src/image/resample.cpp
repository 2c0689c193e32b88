#include "image/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/numeric.h"

namespace prm {

namespace {

template <class T>
T load(const std::byte* from, int64_t index) {
  T value;
  std::memcpy(&value, from + size_t(index) * sizeof(T), sizeof(T));
  return value;
}

// To nearest even, held within the range of an integer type.
template <class T>
float rounded(float x) {
  if constexpr (std::is_same_v<T, float>) return x;
  else return std::clamp(nearest(std::clamp(x, -0x1p20f, 0x1p20f)), float(std::numeric_limits<T>::min()), float(std::numeric_limits<T>::max()));
}

// ---- The arithmetic of each library: across columns to Middle, down rows to Sum, then a value.

struct Pil8 {
  using Weight = int32_t;
  using Middle = uint8_t;
  using Sum = int32_t;
  static constexpr int kBits = 22;
  static constexpr Sum kStart = 1 << (kBits - 1);
  static constexpr bool kHasStart = true, kFromLastRow = false;
  static Weight weight(double w) { return Weight(w * (1 << kBits) + (w < 0 ? -0.5 : 0.5)); }
  static uint8_t clip(Sum sum) { return uint8_t(std::clamp(sum >> kBits, 0, 255)); }
  template <class T>
  static Sum across(T value, Weight w) { return Sum(value) * w; }
  static Middle middle(Sum sum) { return clip(sum); }
  static Sum down(Middle value, Weight w) { return value * w; }
  static float value(Sum sum) { return clip(sum); }
};

struct PilFloat {
  using Weight = double;
  using Middle = float;
  using Sum = double;
  static constexpr Sum kStart = 0;
  static constexpr bool kHasStart = true, kFromLastRow = false;
  static Weight weight(double w) { return w; }
  template <class T>
  static Sum across(T value, Weight w) { return double(value) * w; }
  static Middle middle(Sum sum) { return float(sum); }
  static Sum down(Middle value, Weight w) { return double(value) * w; }
  static float value(Sum sum) { return float(sum); }
};

struct OpenCv8 {
  using Weight = int32_t;
  using Middle = int32_t;
  using Sum = int32_t;
  static constexpr Sum kStart = 0;
  static constexpr bool kHasStart = true, kFromLastRow = false;
  static Weight weight(double w) { return Weight(nearest(float(w) * 2048)); }
  template <class T>
  static Sum across(T value, Weight w) { return Sum(value) * w; }
  static Middle middle(Sum sum) { return sum; }
};
struct OpenCv8Linear : OpenCv8 {
  static Sum down(Middle value, Weight w) { return (w * (value >> 4)) >> 16; }
  static float value(Sum sum) { return float(std::clamp((sum + 2) >> 2, 0, 255)); }
};
struct OpenCv8Cubic : OpenCv8 {
  static Sum down(Middle value, Weight w) { return value * w; }
  static float value(Sum sum) { return float(std::clamp((sum + (1 << 21)) >> 22, 0, 255)); }
};

// In float; results of type R.
template <class R>
struct InFloat {
  using Weight = float;
  using Middle = float;
  using Sum = float;
  static constexpr Sum kStart = 0;
  static constexpr bool kHasStart = false;  // the first product: it may be a zero below zero
  static constexpr bool kFromLastRow = false;
  static Weight weight(double w) { return float(w); }
  template <class T>
  static Sum across(T value, Weight w) { return float(value) * w; }
  static Middle middle(Sum sum) { return sum; }
  static Sum down(Middle value, Weight w) { return value * w; }
  static float value(Sum sum) { return rounded<R>(sum); }
};

// OpenCV's cubic adds rows from the last one on, where its vectors do it; the up to three values that are left at the end of a row it
// adds from the first one on.
template <class R>
struct OpenCvFloatCubic : InFloat<R> {
  static constexpr bool kFromLastRow = true;
};

template <class Weight>
struct WeightedTaps {
  Taps taps;
  Vector<Weight> weight;
  template <class Convert>
  WeightedTaps(Taps&& from, Convert&& convert) : taps(std::move(from)) {
    weight.reserve(taps.weight.size());
    for (double w : taps.weight) weight.push_back(convert(w));
    taps.weight = {};
  }
};

// Rows of results, cut into bands with scratch of their own. No more than it takes: a band is a thread's.
constexpr int64_t kMostBands = 64;
int64_t bands_of(const ResampleJob& job, const Work& work) {
  return std::clamp<int64_t>(work.pool ? work.pool->workers() : 1, 1, std::min(job.slice.count * job.row.count, kMostBands));
}

// fn(band, slice, row) for all rows of results, in order within a band; false from it ends the band.
template <class Fn>
void each_row(const ResampleJob& job, const Work& work, int64_t bands, Fn&& fn) {
  int64_t rows = job.slice.count * job.row.count;
  auto band = [&](int64_t b) {
    for (int64_t i = rows * b / bands, end = rows * (b + 1) / bands; i < end; ++i)
      if (work.control.check() != Status::ok || !fn(b, i / job.row.count, i % job.row.count)) return;
  };
  work.during_step([&] {
    work.rows(bands, 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) band(b);
    });
  });
  work.control.require();
}

// ---- Two passes, and a third over slices.

template <class T, class P>
class Passes {
  using Middle = typename P::Middle;
  using Sum = typename P::Sum;
  static constexpr int64_t kRingValues = 1 << 20;  // of rows that are kept, so that neighbours need not make them again

 public:
  Passes(const ResampleJob& job, const Work& work, AreaRule area)
      : job_(job), work_(work), width_(job.column.count * job.source.channels), columns_(make_taps(job.how, job.column, AxisOf::columns, area, work.control), P::weight),
        rows_(make_taps(job.how, job.row, AxisOf::rows, area, work.control), P::weight),
        slices_(make_taps(job.how, job.slice, AxisOf::rows, area, work.control), [](double w) { return float(w); }),
        ring_rows_(std::min(rows_.taps.most + 1, std::max<int64_t>(kRingValues / width_, 2))), ring_slices_(slices_.taps.most) {}

  void run(const RowSink& sink) {
    int64_t bands = bands_of(job_, work_);
    Vector<Bench> benches;
    benches.reserve(size_t(bands));
    for (int64_t b = 0; b < bands; ++b) benches.emplace_back(size_t(width_), size_t(ring_rows_ * ring_slices_));
    each_row(job_, work_, bands, [&](int64_t b, int64_t slice, int64_t row) {
      Bench& bench = benches[size_t(b)];
      if (!make_row(bench, slice, row)) return false;
      sink.take(sink.context, slice, row, bench.values.data());
      return true;
    });
  }

 private:
  struct Bench {
    Vector<Middle> ring;
    Vector<int64_t> held;  // which source row stands where in the ring
    Vector<Sum> sums;
    Vector<float> values, plane;
    Bench(size_t width, size_t places) : ring(width * places), held(places, -1), sums(width), values(width), plane(width) {}
  };

  bool make_row(Bench& bench, int64_t slice, int64_t row) {
    const int64_t* begin = &slices_.taps.begin[size_t(slice)];
    for (int64_t k = begin[0]; k < begin[1]; ++k) {
      float* to = k == begin[0] ? bench.values.data() : bench.plane.data();
      if (!row_of_slice(bench, slices_.taps.index[size_t(k)], row, to)) return false;
      if (begin[1] - begin[0] == 1) break;
      float w = slices_.weight[size_t(k)];
      if (k == begin[0]) for (int64_t i = 0; i < width_; ++i) to[i] *= w;
      else for (int64_t i = 0; i < width_; ++i) bench.values[size_t(i)] += to[i] * w;
    }
    return true;
  }

  bool row_of_slice(Bench& bench, int64_t slice, int64_t row, float* to) {
    const int64_t* begin = &rows_.taps.begin[size_t(row)];
    Sum* sums = bench.sums.data();
    std::fill(bench.sums.begin(), bench.sums.end(), P::kStart);
    for (int64_t i = 0, n = begin[1] - begin[0]; i < n; ++i) {
      auto k = size_t(P::kFromLastRow ? begin[1] - 1 - i : begin[0] + i);
      const Middle* middle = across_row(bench, slice, rows_.taps.index[k]);
      if (!middle) return false;
      auto w = rows_.weight[k];
      if (!P::kHasStart && i == 0) for (int64_t x = 0; x < width_; ++x) sums[x] = P::down(middle[x], w);
      else for (int64_t x = 0; x < width_; ++x) sums[x] += P::down(middle[x], w);
    }
    for (int64_t i = 0; i < width_; ++i) to[i] = P::value(sums[i]);
    return true;
  }

  // NULL: the call is to end. A row can be long.
  const Middle* across_row(Bench& bench, int64_t slice, int64_t row) {
    size_t place = size_t(slice % ring_slices_ * ring_rows_ + row % ring_rows_);
    Middle* to = bench.ring.data() + place * size_t(width_);
    int64_t which = slice * job_.source.rows + row;
    if (bench.held[place] == which) return to;
    if (work_.control.check() != Status::ok) return nullptr;
    const Picture& source = job_.source;
    int64_t C = source.channels;
    const std::byte* from = source.data + size_t(which * source.columns * C) * sizeof(T);
    for (int64_t x = 0; x < job_.column.count; ++x) {
      int64_t begin = columns_.taps.begin[size_t(x)], end = columns_.taps.begin[size_t(x) + 1];
      const int32_t* index = columns_.taps.index.data();
      for (int64_t c = 0; c < C; ++c) {
        Sum sum = P::kStart;
        int64_t k = begin;
        if (!P::kHasStart) sum = P::across(load<T>(from, index[k] * C + c), columns_.weight[size_t(k)]), ++k;
        for (; k < end; ++k) sum += P::across(load<T>(from, index[k] * C + c), columns_.weight[size_t(k)]);
        to[x * C + c] = P::middle(sum);
      }
    }
    bench.held[place] = which;
    return to;
  }

  const ResampleJob& job_;
  const Work& work_;
  int64_t width_;
  WeightedTaps<typename P::Weight> columns_, rows_;
  WeightedTaps<float> slices_;
  int64_t ring_rows_, ring_slices_;
};

// ---- OpenCV's means over whole cells, of a whole number of elements each.

template <class T>
float mean_of_cell(const std::byte* from, int64_t columns, int64_t channels, int64_t height, int64_t width, const Control& control) {
  using Sum = std::conditional_t<std::is_same_v<T, uint8_t>, int64_t, float>;
  Sum sum = 0, four[4];
  int64_t n = 0;
  auto at = [&](int64_t k) { return Sum(load<T>(from, (k / width * columns + k % width) * channels)); };
  int64_t area = height * width;
  for (; n + 4 <= area; n += 4) {
    if (n % 65536 == 0 && n && control.check() != Status::ok) return 0;  // nobody sees it
    for (int64_t k = 0; k < 4; ++k) four[k] = at(n + k);
    sum += four[0] + four[1] + four[2] + four[3];
  }
  for (; n < area; ++n) sum += at(n);
  // Of 2 x 2 integers halves go up.
  bool halves_up = height == 2 && width == 2 && !std::is_same_v<T, float> && channels != 2;
  return halves_up ? std::floor((float(sum) + 2) * 0.25f) : rounded<T>(float(sum) * (1.0f / float(area)));
}

template <class T>
void means_of_cells(const ResampleJob& job, const Work& work, const RowSink& sink) {
  const Picture& source = job.source;
  int64_t C = source.channels, bands = bands_of(job, work), width = job.column.count * C;
  int64_t across = job.column.source / job.column.result, down = job.row.source / job.row.result;
  Vector<float> values(size_t(bands * width));
  each_row(job, work, bands, [&](int64_t b, int64_t slice, int64_t row) {
    float* to = values.data() + b * width;
    int64_t first = (slice + job.slice.begin) * source.rows + (row + job.row.begin) * down;
    for (int64_t i = 0; i < width; ++i) {
      int64_t at = (first * source.columns + (i / C + job.column.begin) * across) * C + i % C;
      to[i] = mean_of_cell<T>(source.data + size_t(at) * sizeof(T), source.columns, C, down, across, work.control);
    }
    sink.take(sink.context, slice, row, to);
    return true;
  });
}

bool has_whole_cells(const ResampleJob& job) {
  const ResizedAxis &row = job.row, &column = job.column;
  if (row.source % row.result || column.source % column.result || (row.source == row.result && column.source == column.result)) return false;
  if (job.how == Resampling::opencv_area) return true;
  return job.how == Resampling::opencv_linear && row.source == 2 * row.result && column.source == 2 * column.result;
}

template <class T>
void resample_values(const ResampleJob& job, const Work& work, const RowSink& sink) {
  constexpr bool kBytes = std::is_same_v<T, uint8_t>;
  if (has_whole_cells(job)) return means_of_cells<T>(job, work, sink);
  bool shrinks = job.row.result <= job.row.source && job.column.result <= job.column.source;
  bool by_area = job.how == Resampling::opencv_area && shrinks;
  AreaRule area = by_area ? AreaRule::mean : AreaRule::linear;
  bool is_opencv = job.how >= Resampling::opencv_linear && job.how <= Resampling::opencv_cubic;
  if constexpr (kBytes) {
    if (is_pil(job.how)) return Passes<T, Pil8>(job, work, area).run(sink);
    if (job.how == Resampling::opencv_cubic) return Passes<T, OpenCv8Cubic>(job, work, area).run(sink);
    if (is_opencv && !by_area) return Passes<T, OpenCv8Linear>(job, work, area).run(sink);
  } else if (is_pil(job.how)) {
    return Passes<T, PilFloat>(job, work, area).run(sink);
  }
  if (job.how == Resampling::opencv_cubic) return Passes<T, OpenCvFloatCubic<T>>(job, work, area).run(sink);
  if (is_opencv) return Passes<T, InFloat<T>>(job, work, area).run(sink);
  return Passes<T, InFloat<float>>(job, work, area).run(sink);
}

}  // namespace

void resample(const ResampleJob& job, const Work& work, const RowSink& sink) {
  switch (job.source.type) {
    case DType::u8: return resample_values<uint8_t>(job, work, sink);
    case DType::u16: return resample_values<uint16_t>(job, work, sink);
    case DType::i16: return resample_values<int16_t>(job, work, sink);
    case DType::f32: return resample_values<float>(job, work, sink);
    default: fail(Status::internal, "resampling of {}", info(job.source.type).name);
  }
}

}  // namespace prm
