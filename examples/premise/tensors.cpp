#include "tensors.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "failure.h"

namespace {

// Values that are the same everywhere: floats from 0 to 1, integers 0 and 1.
void fill_random(Array& array, uint64_t seed) {
  size_t width = dtype_bytes(array.dtype), count = array.bytes.size() / width;
  for (size_t i = 0; i < count; ++i) {
    uint64_t bits = (seed + i + 1) * 0x9e3779b97f4a7c15;  // SplitMix64
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
    bits ^= bits >> 31;
    float real = float(bits >> 40) / float(1 << 24);
    double wide = double(bits >> 11) / double(uint64_t(1) << 53);
    uint32_t raw = 0;
    std::memcpy(&raw, &real, 4);
    uint16_t brain = uint16_t(raw >> 16);                    // towards zero
    uint16_t half = uint16_t(0x3800 | (bits >> 54 & 0x3ff));  // 0.5 to 1
    uint64_t one = bits >> 63;
    const void* from = &one;
    if (array.dtype == PRM_DTYPE_F32) from = &real;
    if (array.dtype == PRM_DTYPE_F64) from = &wide;
    if (array.dtype == PRM_DTYPE_BF16) from = &brain;
    if (array.dtype == PRM_DTYPE_F16) from = &half;
    std::memcpy(array.bytes.data() + i * width, from, width);
  }
}

std::vector<int64_t> parse_shape(const std::string& word, const std::string& text) {
  std::vector<int64_t> shape;
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find('x', at), text.size());
    shape.push_back(parse_count("--input " + word, text.substr(at, end - at), 0, int64_t(1) << 40));
    at = end + 1;
  }
  if (shape.size() > PRM_MAX_RANK) fail_usage("too many extents", "--input " + word, fmt::format("give at most {}, such as 1x3x224x224", PRM_MAX_RANK));
  return shape;
}

bool is_fill(const std::string& word) { return word == "zeros" || word == "random"; }

Array made_up(const Port& port, const InputSpec* spec, const std::string& fill, uint64_t seed) {
  Array array;
  array.dtype = port.dtype;
  array.shape = spec && spec->has_shape ? spec->shape : port.shape;
  for (int64_t& extent : array.shape) extent = std::max<int64_t>(extent, extent < 0 ? 1 : 0);
  array.bytes.assign(array_bytes(array.dtype, array.shape, "input '" + port.name + "'"), '\0');
  if (fill == "random") fill_random(array, seed << 40);
  return array;
}

prm_tensor tensor_over(const NamedArray& from) {
  prm_tensor t = {};
  t.name = from.name.c_str();
  t.data = const_cast<char*>(from.array.bytes.data());
  t.bytes = from.array.bytes.size();
  t.dtype = from.array.dtype;
  t.rank = int32_t(from.array.shape.size());
  std::copy(from.array.shape.begin(), from.array.shape.end(), t.shape);
  return t;
}

}  // namespace

std::vector<Port> model_ports(const Session& session, int32_t direction) {
  std::vector<Port> ports;
  int32_t count = direction == PRM_INPUT ? session.info.input_count : session.info.output_count;
  for (int32_t i = 0; i < count; ++i) {
    prm_tensor t = {};
    check(prm_model_tensor(session.model.get(), direction, i, &t), session.path);
    Port port{t.name, t.dtype, t.rank < 0, {}};
    if (t.rank > 0) port.shape.assign(t.shape, t.shape + t.rank);
    ports.push_back(std::move(port));
  }
  return ports;
}

std::string describe(const Port& port) {
  if (port.any_shape) return fmt::format("{} of any shape", dtype_name(port.dtype));
  std::string text;
  for (int64_t extent : port.shape) text += (text.empty() ? "" : ", ") + (extent < 0 ? "?" : fmt::format("{}", extent));
  return fmt::format("{} [{}]", dtype_name(port.dtype), text);
}

std::vector<InputSpec> parse_inputs(const std::vector<std::string>& words) {
  std::vector<InputSpec> specs;
  for (const std::string& word : words) {
    size_t equals = word.find('=');
    if (equals == word.npos || equals == 0 || equals + 1 == word.size())
      fail_usage("no input", "--input " + word, "give NAME=FILE.npy, NAME=zeros:1x3x224x224 or NAME=random:1x3x224x224");
    InputSpec spec{word.substr(0, equals), {}, {}, false, {}, {}};
    std::string what = word.substr(equals + 1), head = what.substr(0, what.find(':'));
    if (is_fill(head)) {
      spec.fill = head;
      spec.has_shape = head.size() < what.size();
      if (spec.has_shape && head.size() + 1 < what.size()) spec.shape = parse_shape(word, what.substr(head.size() + 1));
    } else {
      spec.file = what;
      spec.array = read_npy(what);
      spec.has_shape = true;
      spec.shape = spec.array.shape;
    }
    for (const InputSpec& other : specs)
      if (other.name == spec.name) fail_usage("an input twice", "--input " + word, "give each input once");
    specs.push_back(std::move(spec));
  }
  return specs;
}

std::vector<prm_tensor> spec_shapes(const std::vector<InputSpec>& specs) {
  std::vector<prm_tensor> shapes;
  for (const InputSpec& spec : specs) {
    if (!spec.has_shape) continue;
    prm_tensor t = {};
    t.name = spec.name.c_str();
    t.rank = int32_t(spec.shape.size());
    std::copy(spec.shape.begin(), spec.shape.end(), t.shape);
    shapes.push_back(t);
  }
  return shapes;
}

std::vector<NamedArray> make_inputs(const Session& session, std::vector<InputSpec> specs, const std::string& fill) {
  std::vector<NamedArray> inputs;
  std::vector<std::string> missing;
  std::string first;
  for (const Port& port : model_ports(session, PRM_INPUT)) {
    auto spec = std::find_if(specs.begin(), specs.end(), [&](const InputSpec& one) { return one.name == port.name; });
    bool named = spec != specs.end();
    if (!named && fill.empty()) {
      missing.push_back(fmt::format("'{}' {}", printable(port.name), describe(port)));
      if (first.empty()) first = port.name;
      continue;
    }
    if (named && !spec->file.empty()) {
      if (port.dtype == PRM_DTYPE_BF16 && spec->array.dtype == PRM_DTYPE_U16) spec->array.dtype = PRM_DTYPE_BF16;
      inputs.push_back({port.name, std::move(spec->array)});
    } else {
      inputs.push_back({port.name, made_up(port, named ? &*spec : nullptr, named ? spec->fill : fill, inputs.size())});
    }
    if (named) specs.erase(spec);
  }
  if (!missing.empty())
    fail_usage("inputs are missing", fmt::format("{}", fmt::join(missing, ", ")), fmt::format("give --input {0}=FILE.npy for each, or --input {0}=zeros", printable(first)));
  if (!specs.empty()) {
    std::vector<std::string> names;
    for (const NamedArray& input : inputs) names.push_back(input.name);
    fail_usage("the model has no such input", "--input " + specs[0].name, fmt::format("it has: {}", printable(fmt::format("{}", fmt::join(names, ", ")))));
  }
  return inputs;
}

TensorRun::TensorRun(const Session& session, std::vector<NamedArray> inputs) : session_(session), inputs_(std::move(inputs)) {
  for (const NamedArray& input : inputs_) given_.push_back(tensor_over(input));
  for (const Port& port : model_ports(session, PRM_OUTPUT)) {
    NamedArray output{port.name, {}};
    output.array.dtype = port.dtype == PRM_DTYPE_BF16 ? PRM_DTYPE_F32 : PRM_DTYPE_ANY;
    outputs_.push_back(std::move(output));
  }
  wanted_.resize(outputs_.size());
}

void TensorRun::run(int64_t deadline_ns) {
  prm_control control = make_control();
  control.deadline_ns = deadline_ns;
  prm_status status;
  do {  // the first time, sizes are asked for
    for (size_t i = 0; i < outputs_.size(); ++i) {
      NamedArray& output = outputs_[i];
      wanted_[i] = {};
      wanted_[i].name = output.name.c_str();
      wanted_[i].dtype = output.array.dtype;
      wanted_[i].data = output.array.bytes.data();
      wanted_[i].bytes = output.array.bytes.size();
    }
    status = prm_run(session_.model.get(), given_.data(), given_.size(), &control, wanted_.data(), wanted_.size());
    if (status != PRM_STATUS_BUFFER_TOO_SMALL) break;
    for (size_t i = 0; i < outputs_.size(); ++i)
      if (wanted_[i].bytes > outputs_[i].array.bytes.size()) outputs_[i].array.bytes.resize(size_t(wanted_[i].bytes));
  } while (true);
  check(status, session_.path);
  for (size_t i = 0; i < outputs_.size(); ++i) {
    Array& array = outputs_[i].array;
    array.dtype = wanted_[i].dtype;
    array.shape.assign(wanted_[i].shape, wanted_[i].shape + wanted_[i].rank);
    array.bytes.resize(size_t(wanted_[i].bytes));
  }
}
