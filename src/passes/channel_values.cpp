#include "passes/channel_values.h"

#include <cstring>

#include "base/checked.h"
#include "ops/blocked.h"

namespace prm {

namespace {

void read_constant(const Tensor& t, const FileBytes* file, std::byte* to) {
  if (!t.bytes()) return;
  bool elsewhere = file && !file->in_memory && t.data >= file->bytes.data() && t.data < file->bytes.data() + file->bytes.size();
  if (elsewhere) file->read(uint64_t(t.data - file->bytes.data()), t.bytes(), to);
  else std::memcpy(to, t.data, t.bytes());
}

}  // namespace

Vector<std::byte> constant_bytes(const Value& constant, const FileBytes* file) {
  Vector<std::byte> bytes(constant.data.bytes());
  read_constant(constant.data, file, bytes.data());
  return bytes;
}

Vector<float> constant_values(const Value& constant, const FileBytes* file) {
  Vector<float> values(size_t(constant.data.count()));
  read_constant(constant.data, file, reinterpret_cast<std::byte*>(values.data()));
  return values;
}

Vector<double> channel_values(const Value& constant, int64_t channels, const FileBytes* file) {
  Vector<float> read = constant_values(constant, file);
  Vector<double> values;
  for (int64_t c = 0; c < channels; ++c) values.push_back(double(read[read.size() == 1 ? 0 : size_t(c)]));
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
