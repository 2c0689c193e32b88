// One of the three networks: pictures in, numbers out.
#pragma once
#include <premise/premise.hpp>

#include <string>
#include <vector>

#include "image.h"

// float32 [count, 3, height, width]: blue, green, red, each from -1 to 1, as PP-OCR was trained. 0 where no picture was put.
struct Batch {
  int64_t count, height, width;
  int32_t resample;  // how pictures are scaled: PRM_RESAMPLE_*
  std::vector<float> values;

  Batch(int64_t n, int64_t h, int64_t w, int32_t by) : count(n), height(h), width(w), resample(by), values(size_t(n * 3 * h * w)) {}
};

struct Answer {
  std::vector<float> values;
  std::vector<int64_t> shape;
};

class Network {
 public:
  // Throws premise::error, and Failure where the file is of another kind: `purpose` says what was wanted. The engine must stay.
  Network(const premise::engine& engine, const std::string& path, const std::string& purpose, const premise::control& control);
  // Scales a picture to the batch's height and `scaled_width`, and puts it to the left.
  void put(Batch& batch, int64_t index, const Image& image, int64_t scaled_width, const premise::control& control) const;
  // An answer of another rank, or for another number of pictures, is a Failure.
  Answer run(Batch& batch, size_t rank, const premise::control& control) const;
  const premise::model& model() const { return model_; }
  [[noreturn]] void fail_other_kind() const;

 private:
  const premise::engine& engine_;
  std::string path_, purpose_;
  premise::model model_;
};
