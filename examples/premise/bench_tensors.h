// premise bench of a model that takes tensors.
#pragma once
#include "session.h"

struct TensorBenchFlags : ModelFlags {
  int64_t runs = 0;  // 0: as many as fit in about a second
  bool serve = false;
};
// Gives the exit code.
int bench_tensors(const TensorBenchFlags& flags, const Session& session, double load_ms);
