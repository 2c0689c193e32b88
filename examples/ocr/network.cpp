#include "network.h"

#include <algorithm>

#include "failure.h"

namespace {

prm_tensor as_tensor(const Image& image) {
  prm_tensor tensor{};
  tensor.data = const_cast<uint8_t*>(image.rgb.data());  // an input is never written
  tensor.bytes = image.rgb.size();
  tensor.dtype = PRM_DTYPE_U8;
  tensor.rank = 3;
  tensor.shape[0] = image.height, tensor.shape[1] = image.width, tensor.shape[2] = 3;
  return tensor;
}

}  // namespace

Network::Network(const premise::engine& engine, const std::string& path, const std::string& purpose, const premise::control& control)
    : engine_(engine), path_(path), purpose_(purpose), model_(engine, path, premise::init<prm_model_options>(), control) {
  prm_model_info info = model_.info();
  if (info.input_count != 1 || info.output_count != 1) fail_other_kind();
  prm_tensor input = model_.tensor(PRM_INPUT, 0);
  if (input.rank != 4 || input.dtype != PRM_DTYPE_F32) fail_other_kind();
}

void Network::fail_other_kind() const { fail(path_, "is no network of PP-OCR's that " + purpose_ + ": fetch the models with script/model ppocr"); }

void Network::put(Batch& batch, int64_t index, const Image& image, int64_t scaled_width, const premise::control& control) const {
  auto options = premise::init<prm_image_options>();
  options.flags = PRM_IMAGE_SWAP_RED_BLUE;
  options.resample = batch.resample;
  options.scale = 1 / 255.0f;
  for (int c = 0; c < 3; ++c) options.mean[c] = options.deviation[c] = 0.5f;
  std::vector<float> scaled(size_t(3 * batch.height * scaled_width));
  prm_tensor out = premise::lend(nullptr, scaled, {3, batch.height, scaled_width});
  engine_.prepare(as_tensor(image), options, out, control);
  auto to = batch.values.begin() + index * 3 * batch.height * batch.width;
  for (auto row = scaled.begin(); row != scaled.end(); row += scaled_width, to += batch.width) std::copy_n(row, scaled_width, to);  // the batch may be wider
}

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
