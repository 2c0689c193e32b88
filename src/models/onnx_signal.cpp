// Signals: windows, Mel weights, Fourier transforms; and counts of n-grams.
#include <algorithm>
#include <cmath>

#include "models/onnx_lists.h"
#include "ops/dft.h"
#include "ops/indexing.h"
#include "ops/ngrams.h"
#include "ops/pointwise.h"
#include "ops/view.h"
#include "tensor/dense.h"

namespace prm {

namespace {

constexpr double kPi = 3.14159265358979323846;

int64_t known_integer(const OnnxCall& c, int input, const char* what) {
  Vector<int64_t> values = c.integers(input, what);
  c.need(values.size() == 1, format_text("{} is not one number", what));
  return values[0];
}
int64_t known_count(const OnnxCall& c, int input, const char* what) {
  int64_t count = known_integer(c, input, what);
  c.need(count >= 0, format_text("{} of {}", what, count));
  return count;
}

ValueId known_values(OnnxCall& c, std::span<const int64_t> dims, const Vector<double>& values) {
  DType type = c.given_type(c.integer("output_datatype", int64_t(OnnxType::f32)));
  if (!is_dense(type)) c.unsupported(format_text("the type {}", info(type).name));
  Vector<std::byte> bytes(values.size() * size_t(info(type).bytes));
  Tensor made(type, {int64_t(values.size())}, bytes.data());
  visit_dense(type, [&]<class T>() {
    for (size_t i = 0; i < values.size(); ++i) made.as<T>()[i] = Dense<T>::store(typename Dense<T>::Wide(values[i]));
  });
  return c.constant(type, dims, bytes.data());
}

void need_room(OnnxCall& c, int64_t rows, int64_t columns) {
  constexpr int64_t kMost = int64_t(1) << 22;  // values: of 32 MiB while they are made
  if (rows > kMost || columns > kMost || rows * columns > kMost) c.unsupported(format_text("a result of {} x {} values", rows, columns));
}

// first - second cos(2 pi i / n) + third cos(4 pi i / n), of a period of n or, symmetric, of one that ends with the window.
void import_window(OnnxCall& c, double first, double second, double third) {
  int64_t size = known_count(c, 0, "the size of a window");
  need_room(c, size, 1);
  int64_t period = c.integer("periodic", 1) != 0 ? size : size - 1;
  Vector<double> values;
  for (int64_t i = 0; i < size; ++i) {
    double angle = period > 0 ? 2 * kPi * double(i) / double(period) : kPi;
    values.push_back(first - second * std::cos(angle) + third * std::cos(2 * angle));
  }
  c.out(0, known_values(c, {&size, 1}, values));
}
void import_hann(OnnxCall& c) { import_window(c, 0.5, 0.5, 0); }
void import_hamming(OnnxCall& c) { import_window(c, 25.0 / 46, 21.0 / 46, 0); }
void import_blackman(OnnxCall& c) { import_window(c, 0.42, 0.5, 0.08); }

// Bins of a spectrum where the triangles of the bands begin, peak and end.
Vector<int64_t> mel_bins(const OnnxCall& c, int64_t bands, int64_t length) {
  double rate = c.known_number(2, "sample_rate"), low = c.known_number(3, "lower_edge_hertz"), high = c.known_number(4, "upper_edge_hertz");
  c.need(rate > 0 && low >= 0 && high >= low && high <= rate, "needs 0 <= lower edge <= upper edge <= sample rate");
  auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  double step = (mel(high) - mel(low)) / double(bands + 2);
  Vector<int64_t> bins;
  for (int64_t i = 0; i < bands + 2; ++i) {
    double hertz = 700 * (std::pow(10, (mel(low) + double(i) * step) / 2595) - 1);
    bins.push_back(int64_t(std::floor(double(length + 1) * std::max(hertz, 0.0) / rate)));
    c.need(bins.back() <= length / 2, "a band lies beyond the spectrum");
  }
  return bins;
}

void import_mel(OnnxCall& c) {
  int64_t dims[2] = {known_count(c, 1, "dft_length"), known_count(c, 0, "num_mel_bins")}, bands = dims[1];
  need_room(c, dims[0], 1);
  need_room(c, bands, 1);
  need_room(c, dims[0] / 2 + 1, bands + 2);
  Vector<int64_t> bins = mel_bins(c, bands, dims[0]);
  dims[0] = dims[0] / 2 + 1;
  Vector<double> values(size_t(dims[0] * bands), 0.0);
  for (int64_t band = 0; band < bands; ++band) {
    int64_t left = bins[size_t(band)], peak = bins[size_t(band) + 1], right = bins[size_t(band) + 2];
    for (int64_t i = left; i <= peak; ++i) values[size_t(i * bands + band)] = peak == left ? 1 : double(i - left) / double(peak - left);
    for (int64_t i = peak; i < right; ++i) values[size_t(i * bands + band)] = double(right - i) / double(right - peak);
  }
  c.out(0, known_values(c, dims, values));
}

void import_dft(OnnxCall& c) {
  const Shape& x = c.shape(0);
  DftAttr attr{};
  int64_t axis = c.version < 20 ? c.integer("axis", 1) : c.has(2) ? known_integer(c, 2, "axis") : -2;
  attr.axis = c.axis(axis, x.rank);
  c.need(attr.axis < x.rank - 1, "its axis is the last one, which holds real and imaginary parts");
  attr.inverse = c.integer("inverse", 0) != 0;
  attr.one_sided = c.integer("onesided", 0) != 0;
  if (c.has(1)) attr.length = known_count(c, 1, "dft_length");
  else {
    int64_t given = c.extent(c.in(0), attr.axis);
    attr.length = attr.inverse && attr.one_sided ? 2 * (given - 1) : given;
  }
  c.out(0, c.add(kDft, attr, {c.in(0)}));
}

// Frames of the signal, each times the window, transformed.
void import_stft(OnnxCall& c) {
  c.need(c.shape(0).rank == 3, "its signal has not 3 dimensions");
  int64_t step = known_count(c, 1, "frame_step"), samples = c.extent(c.in(0), 1);
  c.need(!c.has(2) || c.shape(2).rank == 1, "its window is no list");
  int64_t length = c.has(3) ? known_count(c, 3, "frame_length") : c.has(2) ? c.extent(c.in(2), 0) : samples;
  c.need(step > 0 && length > 0 && length <= samples, "frame_step or frame_length is 0, or a frame is longer than the signal");
  int64_t dims[2] = {(samples - length) / step + 1, length};
  need_room(c, dims[0], dims[1]);
  Vector<int64_t> places;
  for (int64_t frame = 0; frame < dims[0]; ++frame)
    for (int64_t i = 0; i < length; ++i) places.push_back(frame * step + i);
  ValueId frames = c.add(kGather, GatherAttr{1}, {c.in(0), c.constant(DType::i64, dims, places.data())});
  if (c.has(2)) {
    c.need(c.shape(2)[0] == Dim(length), "its window is not of frame_length");
    frames = c.add(kBinary, BinaryAttr{BinaryKind::mul}, {frames, c.add(kView, shape_attr({length, 1}), {c.in(2)})});
  }
  DftAttr attr{length, 2};
  attr.one_sided = c.integer("onesided", 1) != 0;
  c.out(0, c.add(kDft, attr, {frames}));
}

// Counts of n-grams; of IDF whether there are any, of TFIDF times weights.
void import_tf_idf(OnnxCall& c) {
  constexpr int64_t kMostLength = 1 << 20;
  std::string_view mode = c.text("mode", "");
  c.need(mode == "TF" || mode == "IDF" || mode == "TFIDF", "mode is none of TF, IDF and TFIDF");
  if (c.attribute("pool_strings", OnnxAttributeKind::texts)) c.unsupported("a pool of texts");
  auto pool = c.list("pool_int64s"), starts = c.list("ngram_counts"), columns = c.list("ngram_indexes");
  c.need(pool && starts && columns, "it lacks a pool, ngram_counts or ngram_indexes");
  int64_t least = c.integer("min_gram_length"), most = c.integer("max_gram_length"), skips = c.integer("max_skip_count"), width = 0;
  c.need(least >= 1 && least <= most && skips >= 0, "its lengths of n-grams or max_skip_count are out of range");
  for (int64_t column : *columns) {
    c.need(column >= 0 && column < kMostLength, "a value of ngram_indexes is below 0 or beyond 2^20");
    width = std::max(width, column + 1);
  }
  NgramAttr attr{width, int32_t(std::min(least, kMostLength)), int32_t(std::min(most, kMostLength)), int32_t(std::min(skips, kMostLength))};
  ValueId counts = c.add(kCountNgrams, attr, {c.in(0), c.constant(*pool), c.constant(*starts), c.constant(*columns)});
  if (mode == "IDF") counts = c.add(kBinary, BinaryAttr{BinaryKind::min}, {counts, c.scalar(DType::f32, 1)});
  if (auto weights = c.reals("weights"); weights && mode != "TF") {
    c.need(int64_t(weights->size()) == width, "it has another number of weights than ngram_indexes ask for");
    counts = c.add(kBinary, BinaryAttr{BinaryKind::mul}, {counts, c.constant(DType::f32, {&width, 1}, weights->data())});
  }
  c.out(0, counts);
}

constexpr OnnxOperator kOperators[] = {
    {"HannWindow", import_hann},
    {"HammingWindow", import_hamming},
    {"BlackmanWindow", import_blackman},
    {"MelWeightMatrix", import_mel},
    {"DFT", import_dft},
    {"STFT", import_stft},
    {"TfIdfVectorizer", import_tf_idf},
};

}  // namespace

std::span<const OnnxOperator> onnx_signal() { return kOperators; }

}  // namespace prm
