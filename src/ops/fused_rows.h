// What a kernel of fused_rows needs: the steps with their operands' places. The op itself: ops.h.
#pragma once
#include "ops/ops.h"

namespace prm {

// Bytes that one row's values between the steps may take: they stand on the stack of the thread that works.
inline constexpr int64_t kRowScratch = 1 << 16;
size_t row_scratch_bytes(DType type, int64_t cols);  // of one value

struct RowOperand {
  Tensor shape;           // all rows
  size_t row_stride = 0;  // bytes; 0: the same place for each row (gains, biases, states, scratch)
  bool row_wise = false;  // has a row for each row of the node (also where it is scratch that rows take turns on)
  int64_t offset = -1;    // in the scratch; -1: an input or output of the node

  // scratch: kRowScratch bytes; null where only shapes are asked for
  std::byte* at(int64_t t, std::byte* scratch) const {
    if (offset >= 0) return scratch ? scratch + offset : nullptr;
    return shape.data + size_t(t) * row_stride;
  }
};

struct PlacedStep {
  RowStep step;
  RowOperand in[3], out;
};

struct PlacedSteps {
  PlacedStep step[kMaxRowSteps];
  int count = 0;
  int64_t rows = 0;

  explicit PlacedSteps(const OpArgs& a);
};

}  // namespace prm
