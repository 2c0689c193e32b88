#include "ops/dft.h"

#include <algorithm>
#include <cmath>

#include "tensor/dense.h"

namespace prm {

namespace {

constexpr int64_t kMostLength = int64_t(1) << 30;

void infer_dft(ShapeRule& r) {
  auto attr = r.at<DftAttr>();
  r.need(r.inputs() == 1 && is_float(r.x(0).dtype), "needs one input of floats");
  Shape shape = r.shape(0);
  r.need(shape.rank >= 2 && attr.axis >= 0 && attr.axis < shape.rank - 1, "needs an axis of signals, which is not the last one");
  r.need(shape[-1] == Dim(1) || shape[-1] == Dim(2), "needs real numbers, or pairs of a real and an imaginary part, in the last dimension");
  r.need(!attr.one_sided || attr.inverse == (shape[-1] == Dim(2)), "needs a real signal, or pairs for the inverse, to be one-sided");
  r.need(attr.length > 0 && attr.length <= kMostLength, "needs a length of at least 1 and at most 2^30");
  shape[attr.axis] = attr.one_sided && !attr.inverse ? attr.length / 2 + 1 : attr.length;
  shape[-1] = attr.one_sided && attr.inverse ? 1 : 2;
  r.out = {{r.x(0).dtype, shape}, {DType::f64, {attr.length, 2}}};
}

Cost cost_dft(const OpArgs& a) {
  Cost cost = cost_of_values(a, 1);
  cost.flops = 4 * double(a.y().count()) * double(a.at<DftAttr>().length);
  return cost;
}

struct Complex {
  double real = 0, imaginary = 0;
};

// Roots of one, walked through in steps.
void fill_roots(const Tensor& roots, bool inverse) {
  int64_t length = roots.dim[0];
  for (int64_t i = 0; i < length; ++i) {
    double angle = 2 * 3.14159265358979323846 * double(i) / double(length);
    roots.as<double>()[2 * i] = std::cos(angle);
    roots.as<double>()[2 * i + 1] = inverse ? std::sin(angle) : -std::sin(angle);
  }
}

template <class T>
struct Signal {
  const T* values;
  int64_t stride;  // values between neighbours
  bool pairs;

  Complex at(int64_t i) const {
    const T* value = values + i * stride;
    return {Dense<T>::load(value[0]), pairs ? Dense<T>::load(value[1]) : 0.0};
  }
};

// Output `k` of a sum over `terms` values; the other half of a one-sided spectrum is its mirror image.
template <class T>
Complex transformed(const Signal<T>& signal, const Tensor& roots, int64_t k, int64_t terms, bool mirrored) {
  int64_t length = roots.dim[0], at = 0;
  Complex sum;
  for (int64_t n = 0; n < terms; ++n) {
    Complex x = signal.at(n);
    double cosine = roots.as<double>()[2 * at], sine = roots.as<double>()[2 * at + 1];
    double weight = mirrored && n > 0 && 2 * n < length ? 2 : 1;
    sum.real += weight * (x.real * cosine - x.imaginary * sine);
    sum.imaginary += x.real * sine + x.imaginary * cosine;
    at += k;
    if (at >= length) at -= length;
  }
  return sum;
}

template <class T>
void dft_of(const OpArgs& a) {
  auto attr = a.at<DftAttr>();
  const Tensor &x = a.x(0), &y = a.y();
  int64_t outer = 1, inner = 1, from = x.dim[attr.axis], to = y.dim[attr.axis], width = x.cols(), made = y.cols();
  for (int i = 0; i < attr.axis; ++i) outer *= x.dim[i];
  for (int i = attr.axis + 1; i < x.rank - 1; ++i) inner *= x.dim[i];
  bool mirrored = attr.inverse && attr.one_sided;
  int64_t terms = std::min(from, mirrored ? attr.length / 2 + 1 : attr.length);
  double scale = attr.inverse ? 1 / double(attr.length) : 1;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      Signal<T> signal{x.as<T>() + (o * from * inner + i) * width, inner * width, width == 2};
      for (int64_t k = 0; k < to; ++k) {
        Complex sum = transformed(signal, a.y(1), k, terms, mirrored);
        T* out = y.as<T>() + ((o * to + k) * inner + i) * made;
        out[0] = Dense<T>::store(sum.real * scale);
        if (made == 2) out[1] = Dense<T>::store(sum.imaginary * scale);
      }
    }
}

void reference_dft(const OpArgs& a) {
  if (!a.y().count()) return;
  fill_roots(a.y(1), a.at<DftAttr>().inverse);
  visit_dense(a.x(0).dtype, [&]<class T>() {
    if constexpr (std::is_same_v<typename Dense<T>::Wide, double>) dft_of<T>(a);
  });
}

}  // namespace

const Op kDft{.name = "dft", .infer = infer_dft, .cost = cost_dft, .reference = reference_dft};

}  // namespace prm
