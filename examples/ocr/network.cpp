#include "network.h"

#include <algorithm>

#include "failure.h"

namespace {

// Between pixels in one direction: the two that are nearest, and the second one's share.
struct Between {
  int64_t first, second;
  float share;
};

Between between(int64_t index, int64_t from_extent, int64_t to_extent) {
  double at = (double(index) + 0.5) * double(from_extent) / double(to_extent) - 0.5;
  at = std::clamp(at, 0.0, double(from_extent - 1));
  auto first = int64_t(at);
  return {first, std::min(first + 1, from_extent - 1), float(at - double(first))};
}

}  // namespace

void Batch::put(int64_t index, const Image& image, int64_t scaled_width) {
  for (int64_t y = 0; y < height; ++y) {
    Between rows = between(y, image.height, height);
    for (int64_t x = 0; x < scaled_width; ++x) {
      Between columns = between(x, image.width, scaled_width);
      for (int64_t c = 0; c < 3; ++c) {
        auto mixed = [&](int64_t row) {
          float a = image.at(columns.first, row)[2 - c], b = image.at(columns.second, row)[2 - c];
          return a + (b - a) * columns.share;
        };
        float value = mixed(rows.first) * (1 - rows.share) + mixed(rows.second) * rows.share;
        values[size_t(((index * 3 + c) * height + y) * width + x)] = value / 127.5f - 1;
      }
    }
  }
}

Network::Network(const premise::engine& engine, const std::string& path, const std::string& purpose, const premise::control& control)
    : path_(path), purpose_(purpose), model_(engine, path, premise::init<prm_model_options>(), control) {
  prm_model_info info = model_.info();
  if (info.input_count != 1 || info.output_count != 1) fail_other_kind();
  prm_tensor input = model_.tensor(PRM_INPUT, 0);
  if (input.rank != 4 || input.dtype != PRM_DTYPE_F32) fail_other_kind();
}

void Network::fail_other_kind() const { fail(path_, "is no network of PP-OCR's that " + purpose_ + ": fetch the models with script/model ppocr"); }

Answer Network::run(Batch& batch, size_t rank, const premise::control& control) const {
  Answer answer;
  std::vector<prm_tensor> inputs{premise::lend(nullptr, batch.values, {batch.count, 3, batch.height, batch.width})};
  std::vector<prm_tensor> outputs(1);
  outputs[0].dtype = PRM_DTYPE_F32;
  try {
    model_.run(inputs, outputs, control);  // without room: says how much it takes
  } catch (const premise::error& error) {
    if (error.status() != PRM_STATUS_BUFFER_TOO_SMALL) throw;
  }
  answer.values.resize(size_t(outputs[0].bytes / sizeof(float)));
  outputs[0] = premise::lend(nullptr, answer.values);
  model_.run(inputs, outputs, control);
  answer.shape.assign(outputs[0].shape, outputs[0].shape + outputs[0].rank);
  if (answer.shape.size() != rank || answer.shape[0] != batch.count) fail_other_kind();
  return answer;
}
