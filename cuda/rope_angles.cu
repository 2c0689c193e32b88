// Rotary positions: the table of a step. Heads are rotated by row_steps.cu.
#include "base/numeric_double.h"
#include "row_code.h"

namespace prm {

namespace {

constexpr int kThreads = 128, kTokens = 8;

// A thread a pair and some tokens: the frequency is the dear part.
__global__ void rope_table_kernel(const int32_t* positions, const float* factors, float* table, int64_t tokens, RopeAngles angles) {
  int64_t half = angles.dims / 2, i = thread_index() % half, first = thread_index() / half * kTokens;
  if (first >= tokens) return;
  double scaled = (double(i) - angles.ramp_low) / angles.ramp;
  scaled = scaled < 0.0 ? 0.0 : 1.0 < scaled ? 1.0 : scaled;
  double frequency = exp_in_double(-2.0 * double(i) / double(angles.dims) * angles.log_base) / (factors ? double(factors[i]) : 1.0);
  frequency *= angles.position_scale * scaled + (1.0 - scaled);
  for (int64_t t = first; t < tokens && t < first + kTokens; ++t) {
    double c, s;
    cos_sin_in_double(double(positions[t]) * frequency, c, s);
    table[t * angles.dims + i] = float(c * angles.magnitude);
    table[t * angles.dims + half + i] = float(s * angles.magnitude);
  }
}

}  // namespace

void launch_rope_table(Stream stream, const int32_t* positions, const float* factors, float* table, int64_t tokens, const RopeAngles& angles) {
  int64_t threads = (tokens + kTokens - 1) / kTokens * (angles.dims / 2);
  PRM_LAUNCH(rope_table_kernel, unsigned((threads + kThreads - 1) / kThreads), kThreads, 0, stream, positions, factors, table, tokens, angles);
}

}  // namespace prm
