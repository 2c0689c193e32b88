// Convolutions and pools of blocked values in plain C++: the canonical order, value by value.
#include "base/numeric.h"
#include "cpu/conv_tile.h"

namespace prm {

namespace {

float between(float v, float low, float high) {
  float raised = low > v ? low : v;
  return high < raised ? high : raised;
}
float activated(float v, const ActivationRange& act) {
  float y = between(v, act.low, act.high);
  return act.hard_swish ? fused(y * between(fused(y, 1.0f / 6, 0.5f), 0, 1), act.factor, act.shift) : y;
}

// Calls fn(value of x's first channel there, or null outside of x) for each place of the kernel.
template <class T, class Fn>
void each_place(const ConvWindow& win, const ConvTile& t, int p, const T* x, Fn&& fn) {
  int32_t place[kConvAxes];
  for (place[0] = 0; place[0] < win.kernel[0]; ++place[0])
    for (place[1] = 0; place[1] < win.kernel[1]; ++place[1])
      for (place[2] = 0; place[2] < win.kernel[2]; ++place[2]) {
        bool in = true;
        int64_t offset = t.first[p];
        for (int i = 0; i < kConvAxes; ++i) {
          int32_t away = place[i] * win.dilation[i];
          in = in && (t.inside || (t.at[i][p] + away >= 0 && t.at[i][p] + away < win.extent[i]));
          offset += away * win.step[i];
        }
        fn(in ? x + offset : static_cast<const T*>(nullptr));
      }
}

float finish(const ConvSums& s, int p, int o, float sum) {
  if (!s.end) return sum;
  float y = fused(sum, s.factor[o], s.shift[o]);
  return activated(s.more ? y + s.more[16 * p + o] : y, s.act);
}

void sums(const ConvWindow& win, const ConvTile& t, const ConvSums& s) {
  for (int p = 0; p < t.pixels; ++p) {
    float acc[16];
    for (int o = 0; o < 16; ++o) acc[o] = s.begin ? 0 : s.y[16 * p + o];
    const float* w = s.w;
    for (int c0 = 0; c0 < s.channels; c0 += 16)
      each_place(win, t, p, s.x, [&](const float* x) {
        for (int c = c0; c < c0 + 16 && c < s.channels; ++c, w += 16) {
          int64_t lane = c + s.lane;
          float value = x ? x[lane / 16 * win.plane + lane % 16 * win.channel_step] : 0;
          for (int o = 0; o < 16; ++o) acc[o] = fused(value, w[o], acc[o]);
        }
      });
    for (int o = 0; o < 16; ++o) s.y[16 * p + o] = finish(s, p, o, acc[o]);
  }
}

void depthwise(const ConvWindow& win, const ConvTile& t, const ConvSums& s) {
  for (int p = 0; p < t.pixels; ++p)
    for (int c = 0; c < 16; ++c) {
      float acc = 0;
      const float* w = s.w + c;
      each_place(win, t, p, s.x, [&](const float* x) {
        acc = fused(x ? x[c] : 0, *w, acc);
        w += 16;
      });
      s.y[16 * p + c] = finish(s, p, c, acc);
    }
}

void pool(const ConvWindow& win, const ConvTile& t, const PoolSums& s) {
  for (int p = 0; p < t.pixels; ++p)
    for (int c = 0; c < 16; ++c) {
      float acc = s.count ? 0 : -__builtin_inff();
      each_place(win, t, p, s.x, [&](const float* x) {
        if (x) acc = s.count ? acc + x[c] : x[c] > acc || x[c] != x[c] ? x[c] : acc;
      });
      s.y[16 * p + c] = s.count ? acc / s.count[p] : acc;
    }
}

void turn_in(const float (&d)[4], float (&t)[4]) { t[0] = d[0] - d[2], t[1] = d[1] + d[2], t[2] = d[2] - d[1], t[3] = d[1] - d[3]; }
void turn_out(const float (&m)[4], float (&t)[2]) { t[0] = m[0] + m[1] + m[2], t[1] = m[1] - m[2] - m[3]; }

void winograd_in(const WinogradPatch& p, const float* x, int64_t blocks, float* v) {
  for (int64_t at = 0; at < blocks * 16; ++at) {
    const float* from = x + at / 16 * p.plane + at % 16;
    float* to = v + at / 16 * p.block + at % 16;
    float t[4][4];
    for (int j = 0; j < 4; ++j) {
      float d[4];
      for (int i = 0; i < 4; ++i) d[i] = p.offset[4 * i + j] < 0 ? 0 : from[p.offset[4 * i + j]];
      turn_in(d, t[j]);
    }
    for (int i = 0; i < 4; ++i) {
      float row[4] = {t[0][i], t[1][i], t[2][i], t[3][i]}, u[4];
      turn_in(row, u);
      for (int j = 0; j < 4; ++j) to[(4 * i + j) * p.place] = u[j];
    }
  }
}

void winograd_out(const WinogradPatch& p, const float* m, int64_t blocks, const WinogradOutputs& o) {
  for (int64_t at = 0; at < blocks * 16; ++at) {
    const float* from = m + at / 16 * p.block + at % 16;
    float t[4][2];
    for (int j = 0; j < 4; ++j) {
      float column[4];
      for (int i = 0; i < 4; ++i) column[i] = from[(4 * i + j) * p.place];
      turn_out(column, t[j]);
    }
    for (int i = 0; i < o.rows; ++i) {
      float row[4] = {t[0][i], t[1][i], t[2][i], t[3][i]}, y[2];
      turn_out(row, y);
      for (int j = 0; j < o.columns; ++j) {
        int64_t to = at / 16 * o.y_block + i * o.row + 16 * j + at % 16;
        float sum = fused(y[j], o.factor[at], o.shift[at]);
        o.y[to] = activated(o.more ? sum + o.more[to] : sum, o.act);
      }
    }
  }
}

void affine(const float* x, const float* factor, const float* shift, float* y, int64_t n, const ActivationRange& act) {
  for (int64_t i = 0; i < n * 16; ++i) y[i] = activated(fused(x[i], factor[i % 16], shift[i % 16]), act);
}

uint8_t code_of(float y, const CodeRange& to) {
  float v = y * to.inverse;
  v = v > to.low ? v : to.low;
  return uint8_t(int32_t(nearest(double(v < to.high ? v : to.high))) + to.zero);
}
float decoded(uint8_t q, const CodeValues& of) { return float(int32_t(q) - of.zero); }

void conv_bytes(const ConvWindow& win, const ConvTile& t, const ConvBytes& s) {
  for (int p = 0; p < t.pixels; ++p) {
    int32_t acc[16] = {};
    const int8_t* w = s.w;
    for (int c0 = 0; c0 < s.channels; c0 += 16)
      each_place(win, t, p, s.x + c0 / 16 * win.plane, [&](const uint8_t* x) {
        for (int c = 0; c < (s.channels - c0 < 16 ? s.channels - c0 + 3 : 16) / 4 * 4; ++c)
          for (int o = 0; o < 16; ++o) acc[o] += int32_t(x ? x[c] : s.outside[c]) * w[c / 4 * 64 + o * 4 + c % 4];
        w += (s.channels - c0 < 16 ? s.channels - c0 + 3 : 16) / 4 * 64;
      });
    for (int o = 0; o < 16; ++o) {
      float y = activated(fused(float(acc[o]), s.factor[o], s.shift[o]), s.act);
      if (s.to.codes) static_cast<uint8_t*>(s.y)[16 * p + o] = code_of(y, s.to);
      else static_cast<float*>(s.y)[16 * p + o] = y;
    }
  }
}

void quantize_values(const float* x, uint8_t* y, int64_t n, const CodeRange& to) {
  for (int64_t i = 0; i < n * 16; ++i) y[i] = code_of(x[i], to);
}
void dequantize_codes(const uint8_t* x, float* y, int64_t n, const CodeValues& of) {
  for (int64_t i = 0; i < n * 16; ++i) y[i] = decoded(x[i], of) * of.scale;
}
void sum_codes(const uint8_t* a, const uint8_t* b, uint8_t* y, int64_t n, const SumBytes& s) {
  for (int64_t i = 0; i < n * 16; ++i) y[i] = code_of(activated(fused(decoded(a[i], s.a), s.a.scale, decoded(b[i], s.b) * s.b.scale), s.act), s.to);
}

}  // namespace

extern const ConvTable kScalarConv;
const ConvTable kScalarConv{.pixels = {0, 4, 0, 0, 0}, .sums = sums, .depthwise_pixels = 4, .depthwise = depthwise, .pool = pool, .winograd_in = winograd_in, .winograd_out = winograd_out, .affine = affine, .sums_u8 = conv_bytes, .quantize = quantize_values, .dequantize = dequantize_codes, .sum_bytes = sum_codes};

}  // namespace prm
