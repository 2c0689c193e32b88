// Resampling of images and volumes, bit for bit as Pillow, OpenCV and torch do it (image/taps.h has the places and weights):
//   Pillow    8 bit: weights of 22 bits, columns first, then rows, rounded to 8 bits after each. Others, mode F: sums in double,
//             rounded to float after each.
//   OpenCV    8 bit, linear and cubic: weights of 11 bits, columns first, rounded once. Others: products and sums in float,
//             columns first, integers rounded once, to nearest even. What a build without IPP computes.
//   torch     float: products and sums from left to right, columns, rows, slices.
// OpenCV's cubic has other sums in its vector code than in its scalar code. 8 and 16 bit: it may differ by 1 in rare places; float: in the
// last bits of the up to three values at the end of a row. Fused multiplications, in builds of OpenCV and torch for newer machines,
// move last bits of floats.
#pragma once
#include "base/threads.h"
#include "image/taps.h"
#include "tensor/tensor.h"

namespace prm {

// [slices, rows, columns, channels], dense; data may lie anywhere.
struct Picture {
  const std::byte* data = nullptr;
  DType type = DType::u8;  // u8, u16, i16, f32
  int64_t slices = 1, rows = 1, columns = 1, channels = 1;
};

struct ResampleJob {
  Resampling how = Resampling::nearest;
  Picture source;
  ResizedAxis slice, row, column;  // slices of another number: nearest and torch_linear alone
};

// Takes one row of results, [column.count, channels] as float: integers stay integers. From any thread of the pool.
struct RowSink {
  void (*take)(void* context, int64_t slice, int64_t row, const float* values) = nullptr;
  void* context = nullptr;
};

// The same bits for any number of threads. Scratch is charged to the account that is current; fails as the control says.
void resample(const ResampleJob& job, const Work& work, const RowSink& sink);

}  // namespace prm
