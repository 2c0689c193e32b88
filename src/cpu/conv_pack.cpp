#include "cpu/conv_pack.h"

#include <algorithm>

namespace prm {

namespace {

constexpr int64_t kOutputs = 16;

int64_t group_values(const Tensor& plain) {  // of each output
  int64_t values = 1;
  for (int i = 1; i < plain.rank; ++i) values *= plain.dim[i];
  return values;
}

size_t packed_bytes(const Tensor& plain) {
  return size_t((plain.dim[0] + kOutputs - 1) / kOutputs * kOutputs * group_values(plain)) * sizeof(float);
}

void pack_outputs(const Tensor& plain, std::byte* out, const Work& work) {
  int64_t each = group_values(plain), C = plain.dim[1], places = C ? each / C : 0;
  work.rows((plain.dim[0] + kOutputs - 1) / kOutputs, 1, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g) {
      float* to = reinterpret_cast<float*>(out) + g * kOutputs * each;
      int64_t rows = std::min(kOutputs, plain.dim[0] - g * kOutputs);
      const float* from = plain.as<float>() + g * kOutputs * each;
      for (int64_t c0 = 0; c0 < C; c0 += 16)
        for (int64_t k = 0; k < places; ++k)
          for (int64_t c = c0; c < std::min(C, c0 + 16); ++c)
            for (int64_t o = 0; o < kOutputs; ++o) *to++ = o < rows ? from[o * each + c * places + k] : 0;
    }
  });
}

}  // namespace

const Layout kConvLayout{"conv16", packed_bytes, kOutputs, pack_outputs};

}  // namespace prm
