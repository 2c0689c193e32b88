#include "models/rotation.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/numeric.h"

namespace prm {

namespace {

// Angles stay in the range of cos_sin: 2^24 positions, frequencies of at most 1, either divided by no less than this.
constexpr double kLeastFactor = 0.125, kMostFactor = 1e6;

bool within(double value, double least, double most) { return value >= least && value <= most; }  // false for NaN

// YaRN (Peng et al., 2023): pairs that turn more often than beta_fast times in the original context keep their positions,
// those that turn less than beta_slow times are scaled. The pair that turns `beta` times:
double pair_that_turns(double beta, const RotationConfig& r) {
  constexpr double kTwoPi = 6.283185307179586;
  return double(r.dims) * log_of(double(r.original_context) / (beta * kTwoPi)) / (2 * log_of(r.base));
}

void read_yarn(const ModelFile& file, const String& scaling, double factor, RotationConfig& r) {
  double fast = file.real_or(scaling + "yarn_beta_fast", 32.0), slow = file.real_or(scaling + "yarn_beta_slow", 1.0);
  if (!within(fast, 1e-3, 1e6) || !within(slow, 1e-3, 1e6)) file.bad(format_message("metadata '{}yarn_beta_fast' is {}, '{}yarn_beta_slow' {}", scaling, fast, scaling, slow));
  r.ramp_low = std::max(0.0, std::floor(pair_that_turns(fast, r)));
  r.ramp_high = std::min(double(r.dims - 1), std::ceil(pair_that_turns(slow, r)));
  if (factor > 1) r.magnitude *= 1.0 + 0.1 * log_of(factor);
}

}  // namespace

double read_rotation_base(const ModelFile& file, const String& key, double fallback) {
  double base = file.real_or(key, fallback);
  if (!(base > 1 && base < 1e12)) file.bad(format_message("metadata '{}' is {}: a base is above 1 and below 1e12", key, base));
  return base;
}

RotationConfig read_rotation(const ModelFile& file, const String& arch, int64_t head_dim, int64_t context) {
  RotationConfig r;
  String rope = arch + ".rope.", scaling = rope + "scaling.";
  r.base = read_rotation_base(file, rope + "freq_base", r.base);
  r.dims = file.integer_or(rope + "dimension_count", 2, head_dim, head_dim);
  if (r.dims % 2) file.bad(format_message("metadata '{}dimension_count' is {}, an odd number", rope, r.dims));
  r.original_context = file.integer_or(scaling + "original_context_length", 1, 1 << 24, context);
  r.magnitude = file.real_or(scaling + "attn_factor", 1.0);
  if (!within(r.magnitude, 1e-3, 1e3)) file.bad(format_message("metadata '{}attn_factor' is {}", scaling, r.magnitude));
  std::string_view type = file.text_or(scaling + "type", "linear");
  if (type == "none") return r;
  if (type != "linear" && type != "yarn" && type != "longrope")
    fail_about(Status::unsupported, file.file->name, "{}: RoPE scaling '{}' is not supported; none, linear, yarn and longrope are", file.file->name, type);
  double factor = file.real_or(scaling + "factor", file.real_or(rope + "scale_linear", 0.0));  // the second is the key's old name
  if (factor == 0) factor = 1;  // files that scale nothing may say so with 0
  if (!within(factor, kLeastFactor, kMostFactor)) file.bad(format_message("metadata '{}factor' is {}, expected {} to {}", scaling, factor, kLeastFactor, kMostFactor));
  r.position_scale = 1.0 / factor;
  if (type == "yarn") read_yarn(file, scaling, factor, r);
  return r;
}

void check_rotation_factors(const ModelFile& file, const NamedTensor& factors) {
  Vector<float> values(size_t(factors.data.count()));
  file.read_tensor(factors, reinterpret_cast<std::byte*>(values.data()));
  for (size_t i = 0; i < values.size(); ++i)
    if (!within(double(values[i]), kLeastFactor, kMostFactor))
      file.bad(format_message("tensor '{}' holds {} at {}: frequencies are divided by it, expected {} to {}", factors.name, values[i], i, kLeastFactor, kMostFactor));
}

}  // namespace prm
