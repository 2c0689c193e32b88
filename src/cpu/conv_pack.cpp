#include "cpu/conv_pack.h"

#include <algorithm>
#include <cstring>

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

// Fours of channels, those of `chunk` channels under each place of the kernel; channels are filled up to a multiple of `fill`.
template <int64_t fill>
size_t packed_fours_bytes(const Tensor& plain) {
  int64_t C = plain.dim[1], places = C ? group_values(plain) / C : 0;
  return size_t((plain.dim[0] + kOutputs - 1) / kOutputs * kOutputs * places * ((C + fill - 1) / fill * fill));
}

template <int64_t chunk, int64_t fill>
void pack_fours(const Tensor& plain, std::byte* out, const Work& work) {
  int64_t each = group_values(plain), C = plain.dim[1], places = C ? each / C : 0, filled = (C + fill - 1) / fill * fill, group = kOutputs * places * filled;
  work.rows((plain.dim[0] + kOutputs - 1) / kOutputs, 1, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g) {
      int8_t* to = reinterpret_cast<int8_t*>(out) + g * group;
      int64_t rows = std::min(kOutputs, plain.dim[0] - g * kOutputs);
      const int8_t* from = plain.as<int8_t>() + g * kOutputs * each;
      for (int64_t c0 = 0; c0 < filled; c0 += chunk)
        for (int64_t k = 0; k < places; ++k)
          for (int64_t four = c0; four < std::min(filled, c0 + chunk); four += 4)
            for (int64_t o = 0; o < kOutputs; ++o)
              for (int64_t c = four; c < four + 4; ++c) *to++ = o < rows && c < C ? from[o * each + c * places + k] : int8_t(0);
    }
  });
}

constexpr int64_t kPlaces = 16;

size_t winograd_bytes(const Tensor& plain) { return size_t((plain.dim[0] + kOutputs - 1) / kOutputs * kOutputs * plain.dim[1] * kPlaces) * sizeof(float); }

// Row i of G times three values.
double turned(int i, double a, double b, double c) { return i == 0 ? a : i == 1 ? (a + b + c) / 2 : i == 2 ? (a - b + c) / 2 : c; }

void turn_weights(const float* w, float* to, int64_t place_step) {
  double t[4][3];
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 3; ++j) t[i][j] = turned(i, double(w[j]), double(w[3 + j]), double(w[6 + j]));
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) to[(4 * i + j) * place_step] = float(turned(j, t[i][0], t[i][1], t[i][2]));
}

void pack_winograd(const Tensor& plain, std::byte* out, const Work& work) {
  int64_t C = plain.dim[1], group = kPlaces * C * kOutputs;
  work.rows((plain.dim[0] + kOutputs - 1) / kOutputs, 1, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g) {
      float* to = reinterpret_cast<float*>(out) + g * group;
      int64_t rows = std::min(kOutputs, plain.dim[0] - g * kOutputs);
      if (rows < kOutputs) std::memset(to, 0, size_t(group) * sizeof(float));
      for (int64_t o = 0; o < rows; ++o)
        for (int64_t c = 0; c < C; ++c) turn_weights(plain.as<float>() + ((g * kOutputs + o) * C + c) * 9, to + c * kOutputs + o, C * kOutputs);
    }
  });
}

}  // namespace

const Layout kConvLayout{"conv16", packed_bytes, kOutputs, pack_outputs};
const Layout kConvU8Layout{"conv16x4", packed_fours_bytes<4>, kOutputs, pack_fours<16, 4>};
const Layout kConvRowsLayout{"rows16x4", packed_fours_bytes<64>, kOutputs, pack_fours<64, 64>};
const Layout kWinogradLayout{"winograd16", winograd_bytes, kOutputs, pack_winograd};

}  // namespace prm
