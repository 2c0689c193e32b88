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
  r.out = {{r.x(0).dtype, shape}, {DType::f64, {4 * attr.length, 2}}};
}

int64_t least_factor(int64_t n) {
  for (int64_t factor = 2; factor * factor <= n; ++factor)
    if (n % factor == 0) return factor;
  return n;
}

// Each prime factor of the length costs that many multiplications a value.
Cost cost_dft(const OpArgs& a) {
  Cost cost = cost_of_values(a, 1);
  int64_t length = a.at<DftAttr>().length;
  double factors = 1;
  for (int64_t rest = length; rest > 1; rest /= least_factor(rest)) factors += double(least_factor(rest));
  double signals = double(a.x(0).count()) / std::max(1.0, double(a.x(0).dim[a.at<DftAttr>().axis]) * double(a.x(0).cols()));
  cost.flops = 8 * signals * double(length) * factors;
  return cost;
}

struct Complex {
  double real = 0, imaginary = 0;
};
Complex operator*(Complex a, Complex b) { return {a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real}; }
Complex operator+(Complex a, Complex b) { return {a.real + b.real, a.imaginary + b.imaginary}; }

// One signal of `length` values, and the memory that its transform works in.
struct Transform {
  int64_t length;
  Complex *roots, *signal, *spectrum, *parts;

  Transform(const Tensor& scratch, int64_t values) : length(values) {
    roots = scratch.as<Complex>();
    signal = roots + length, spectrum = signal + length, parts = spectrum + length;
  }
  void fill_roots(bool inverse) {
    for (int64_t i = 0; i < length; ++i) {
      double angle = 2 * 3.14159265358979323846 * double(i) / double(length);
      roots[i] = {std::cos(angle), inverse ? std::sin(angle) : -std::sin(angle)};
    }
  }
  // n values of `from`, `stride` apart, to `to`; stride * n is the length. By the least prime factor of n (Cooley and Tukey, 1965).
  void run(const Complex* from, int64_t stride, Complex* to, int64_t n) {
    if (n == 1) {
      *to = *from;
      return;
    }
    int64_t p = least_factor(n), m = n / p;
    for (int64_t r = 0; r < p; ++r) run(from + r * stride, stride * p, to + r * m, m);
    for (int64_t k = 0; k < m; ++k) {
      for (int64_t r = 0; r < p; ++r) parts[r] = to[r * m + k] * roots[r * k * stride];
      for (int64_t q = 0; q < p; ++q) to[q * m + k] = combined(p, q * m * stride);
    }
  }

 private:
  Complex combined(int64_t p, int64_t step) const {
    Complex sum;
    for (int64_t r = 0, at = 0; r < p; ++r) {
      sum = sum + parts[r] * roots[at];
      at += step;
      if (at >= length) at -= length;
    }
    return sum;
  }
};

// What a signal, or one half of a spectrum, holds, the rest zeros; the other half is its mirror image.
template <class T>
void load_signal(Transform& t, const T* x, int64_t begin, int64_t stride, int64_t count, bool pairs, bool half) {
  count = std::min(count, half ? t.length / 2 + 1 : t.length);
  for (int64_t i = 0; i < count; ++i) {
    const T* value = x + begin + i * stride;
    t.signal[i] = {Dense<T>::load(value[0]), pairs ? Dense<T>::load(value[1]) : 0.0};
  }
  std::fill(t.signal + count, t.signal + t.length, Complex{});
  if (!half) return;
  t.signal[0].imaginary = 0;
  if (t.length % 2 == 0) t.signal[t.length / 2].imaginary = 0;
  for (int64_t i = 1; i < (t.length + 1) / 2; ++i) t.signal[t.length - i] = {t.signal[i].real, -t.signal[i].imaginary};
}

template <class T>
void dft_of(const OpArgs& a) {
  auto attr = a.at<DftAttr>();
  const Tensor &x = a.x(0), &y = a.y();
  int64_t outer = 1, inner = 1, from = x.dim[attr.axis], to = y.dim[attr.axis], width = x.cols(), made = y.cols();
  for (int i = 0; i < attr.axis; ++i) outer *= x.dim[i];
  for (int i = attr.axis + 1; i < x.rank - 1; ++i) inner *= x.dim[i];
  Transform transform(a.y(1), attr.length);
  transform.fill_roots(attr.inverse);
  double scale = attr.inverse ? 1 / double(attr.length) : 1;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      load_signal(transform, x.as<T>(), (o * from * inner + i) * width, inner * width, from, width == 2, attr.inverse && attr.one_sided);
      transform.run(transform.signal, 1, transform.spectrum, attr.length);
      for (int64_t k = 0; k < to; ++k) {
        T* out = y.as<T>() + ((o * to + k) * inner + i) * made;
        out[0] = Dense<T>::store(transform.spectrum[k].real * scale);
        if (made == 2) out[1] = Dense<T>::store(transform.spectrum[k].imaginary * scale);
      }
    }
}

void reference_dft(const OpArgs& a) {
  if (!a.y().count()) return;
  visit_dense(a.x(0).dtype, [&]<class T>() {
    if constexpr (std::is_same_v<typename Dense<T>::Wide, double>) dft_of<T>(a);
  });
}

}  // namespace

const Op kDft{.name = "dft", .infer = infer_dft, .cost = cost_dft, .reference = reference_dft};

}  // namespace prm
