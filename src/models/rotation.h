// RoPE as a file's metadata describes it.
#pragma once
#include "formats/model_file.h"

namespace prm {

struct RotationConfig {
  double base = 10000;
  int64_t dims = 0;           // of each head are rotated, the first ones
  double position_scale = 1;  // 1 / factor of linear scaling and YaRN
  double ramp_low = -1, ramp_high = -1;  // YaRN: RopeTableAttr
  double magnitude = 1;
  int64_t original_context = 0;  // before it was stretched; LongRoPE's short factors serve up to there
};

// The base under `key`; fails with bad_file where it could not be one.
double read_rotation_base(const ModelFile& file, const String& key, double fallback);
// From "<arch>.rope.*". Fails with bad_file or unsupported, naming the key.
RotationConfig read_rotation(const ModelFile& file, const String& arch, int64_t head_dim, int64_t context);

// The factors [dims / 2] that a file's tensor divides frequencies by; fails with bad_file where one could not be meant.
void check_rotation_factors(const ModelFile& file, const NamedTensor& factors);

}  // namespace prm
