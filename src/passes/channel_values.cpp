#include "passes/channel_values.h"

#include "base/checked.h"
#include "ops/blocked.h"

namespace prm {

Vector<double> channel_values(const Value& constant, int64_t channels, const FileBytes* file) {
  const Tensor& t = constant.data;
  Vector<float> read;
  const float* data = t.as<float>();
  if (file && !file->in_memory && t.data >= file->bytes.data() && t.data < file->bytes.data() + file->bytes.size()) {
    read.resize(size_t(t.count()));
    file->read(uint64_t(t.data - file->bytes.data()), t.bytes(), reinterpret_cast<std::byte*>(read.data()));
    data = read.data();
  }
  Vector<double> values;
  for (int64_t c = 0; c < channels; ++c) values.push_back(double(data[t.count() == 1 ? 0 : c]));
  return values;
}

ValueId add_channel_values(Graph& graph, const String& name, const Vector<double>& values, int64_t channels, MemoryAccount& account) {
  int64_t filled = int64_t(round_up(size_t(channels), size_t(kChannelBlock)));
  auto buffer = make_charged<Buffer>(size_t(filled) * sizeof(float), account, MemoryKind::weights, name);
  Tensor data(DType::f32, {filled}, buffer->data());
  for (int64_t c = 0; c < filled; ++c) data.as<float>()[c] = c < channels ? float(values[size_t(c)]) : 0.0f;
  return graph.constant(name, data, buffer);
}

}  // namespace prm
