// Convolutions of floats in their plain layout, any number of dimensions: what no blocked kernel takes. Patches of the input become
// panels of a product with the weights, 256 values of the inner extent (channel, then kernel) by 16 outputs, made on the stack. Each
// output is one chain of fma over the inner extent, ascending, from its bias.
#include <algorithm>

#include "base/checked.h"
#include "cpu/cpu_tensor.h"
#include "ops/convolution.h"

namespace prm {

namespace {

constexpr int64_t kInner = 256, kOutputs = 32;  // of a piece of work

struct Patches {
  Windows over;
  int64_t channels, inner;  // of a group
  const float* x;           // the group's input
  int64_t base[3][kOutputs], count = 0;  // where each output's window begins

  void place(int64_t first, int64_t outputs) {
    count = outputs;
    for (int64_t i = 0; i < outputs; ++i) {
      int64_t rest = first + i;
      for (int axis = 2; axis >= 0; --axis) {
        base[axis][i] = over.place(axis, rest % over.out[axis], 0);
        rest /= over.out[axis];
      }
    }
  }
  // Values l .. l + n - 1 of the inner extent under each output, 0 in the padding.
  void pack(int64_t l, int64_t n, float* panels) const {
    for (int64_t row = 0; row < n; ++row) {
      int64_t rest = l + row, at[3];
      for (int axis = 2; axis >= 0; --axis) at[axis] = rest % over.kernel[axis] * over.dilation[axis], rest /= over.kernel[axis];
      const float* from = x + rest * over.inputs();
      for (int64_t i = 0; i < count; ++i) {
        int64_t z = base[0][i] + at[0], y = base[1][i] + at[1], c = base[2][i] + at[2];
        bool inside = uint64_t(z) < uint64_t(over.in[0]) && uint64_t(y) < uint64_t(over.in[1]) && uint64_t(c) < uint64_t(over.in[2]);
        panels[(i / 16 * n + row) * 16 + i % 16] = inside ? from[(z * over.in[1] + y) * over.in[2] + c] : 0.0f;
      }
    }
  }
};

}  // namespace

bool accepts_tensor_conv(const KernelQuery& q) {
  for (int i = 0; i < q.inputs; ++i)
    if (q.in[i].dtype != DType::f32) return false;
  return true;
}

template <const TensorKernels& table>
void run_tensor_conv(const OpArgs& args) {
  auto attr = args.at<ConvAttr>();
  const Tensor &x = args.x(0), &w = args.x(1), &y = args.y();
  Windows over = windows_of(attr, x, y, w.dim + 2);
  int64_t channels = w.dim[1], inner = channels * over.weights(), outputs = over.outputs(), features = w.dim[0] / attr.group;
  int64_t across = ceil_div(outputs, kOutputs);
  const float* bias = args.in[2] ? args.x(2).as<float>() : nullptr;
  args.work->rows(y.dim[0] * attr.group * across, 1, [&](int64_t begin, int64_t end) {
    Patches patches{over, channels, inner, nullptr, {}};
    for (int64_t i = begin; i < end; ++i) {
      int64_t first = i % across * kOutputs, group = i / across % attr.group, n = i / across / attr.group;
      patches.x = x.as<float>() + (n * x.dim[1] + group * channels) * over.inputs();
      patches.place(first, std::min(kOutputs, outputs - first));
      const float* weights = w.as<float>() + group * features * inner;
      float* to = y.as<float>() + (n * y.dim[1] + group * features) * outputs + first;
      for (int64_t o = 0; o < features; ++o) std::fill_n(to + o * outputs, patches.count, bias ? bias[group * features + o] : 0.0f);
      for (int64_t l = 0; l < inner; l += kInner) {
        float panels[kInner * kOutputs];
        int64_t part = std::min(kInner, inner - l);
        patches.pack(l, part, panels);
        table.multiply({weights + l, inner, 1}, {panels, 16, part * 16}, features, patches.count, part, to, outputs, true, 1.0f);
      }
      if (attr.act == Activation::none) continue;
      auto* activate = table.unary[attr.act == Activation::relu ? kTensorRelu : kTensorClip];
      for (int64_t o = 0; o < features; ++o) activate(to + o * outputs, to + o * outputs, patches.count, attr.a, attr.b);
    }
  });
}

#define PRM_INSTANTIATE(table) template void run_tensor_conv<table>(const OpArgs&);
PRM_TENSOR_TABLES(PRM_INSTANTIATE)

}  // namespace prm
