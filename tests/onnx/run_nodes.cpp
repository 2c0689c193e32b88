// run_nodes FOLDER [NAME...]: ONNX's node tests, as tests/golden/onnx_nodes.py wrote them (NAME.onnx, NAME.data), each opened and run.
// A line a test: its name, a tab, and "pass", "unsupported: WHY", "wrong: WHAT" (values, shapes or types differ) or "failed: STATUS WHY".
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "cpu/cpu_device.h"
#include "runtime/tensor_model.h"
#include "support/memory_files.h"
#include "tensor/dense.h"
#include "tensor/narrow.h"

using namespace prm;

namespace {

struct Given {
  DType dtype;
  Vector<int64_t> dims;
  std::string data;
  Tensor tensor() {
    Tensor t;
    t.dtype = dtype;
    for (int64_t extent : dims) t.dim[t.rank++] = extent;
    t.data = reinterpret_cast<std::byte*>(data.data());
    return t;
  }
};

// The reading end of what onnx_nodes.py wrote.
struct Reader {
  std::string bytes;
  size_t at = 0;
  template <class T>
  T take() {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    at += sizeof value;
    return value;
  }
  Given tensor() {
    Given given;
    auto type = OnnxType(take<int32_t>());
    std::optional<DType> dtype = onnx_dtype(type);
    uint32_t rank = take<uint32_t>();
    for (uint32_t i = 0; i < rank; ++i) given.dims.push_back(take<int64_t>());
    uint64_t size = take<uint64_t>();
    given.data = bytes.substr(at, size);
    at += size;
    if (!dtype) fail(Status::unsupported, "values of type {}", onnx_type_name(type));
    given.dtype = *dtype;
    if (is_narrow(*dtype) && narrow_bits(*dtype) < 8) {
      std::string packed = given.data;
      given.data.resize(size_t(given.tensor().count()));
      unpack_narrow(*dtype, reinterpret_cast<const std::byte*>(packed.data()), int64_t(given.data.size()), reinterpret_cast<std::byte*>(given.data.data()));
    }
    return given;
  }
};

String difference(const Tensor& is, const Tensor& wanted, double relative, double absolute) {
  if (is.dtype != wanted.dtype) return format_text("type {} instead of {}", info(is.dtype).name, info(wanted.dtype).name);
  bool same = is.rank == wanted.rank;
  for (int i = 0; same && i < is.rank; ++i) same = is.dim[i] == wanted.dim[i];
  auto text = [](const Tensor& t) {
    String all = "[";
    for (int i = 0; i < t.rank; ++i) all += (i ? ", " : "") + format_text("{}", t.dim[i]);
    return all + "]";
  };
  if (!same) return "shape " + text(is) + " instead of " + text(wanted);
  // What cancels out in floats leaves noise of the size of the largest values.
  double largest = 0;
  for (int64_t i = 0; is_float(is.dtype) && i < is.count(); ++i)
    if (double size = std::fabs(load_value(wanted, i)); std::isfinite(size)) largest = std::max(largest, size);
  absolute += largest * 0x1p-22;
  // Where halves are rounded after every step, the last bits say little.
  if (is.dtype == DType::f16) relative = std::max(relative, 0x1p-9);
  if (is.dtype == DType::bf16) relative = std::max(relative, 0x1p-6);
  for (int64_t i = 0; i < is.count(); ++i) {
    double a = load_value(is, i), b = load_value(wanted, i);
    if (a == b || (std::isnan(a) && std::isnan(b)) || std::fabs(a - b) <= absolute + relative * std::fabs(b)) continue;
    return format_text("value {} of {} is {} instead of {}", i, is.count(), a, b);
  }
  return {};
}

String run_test(const EnginePtr& engine, const std::string& path) {
  Reader from{test::read_whole(path + ".data")};
  std::string name = path + ".onnx";
  auto home = make_charged<ModelHome>(engine, 0);
  ModelSource source{name.c_str()};
  TensorModelPtr model = load_tensor_model(home, open_source(*home, source), source, {}, {});
  double relative = from.take<double>(), absolute = from.take<double>();
  for (uint32_t sets = from.take<uint32_t>(), set = 0; set < sets; ++set) {
    uint32_t inputs = from.take<uint32_t>(), outputs = from.take<uint32_t>();
    std::vector<Given> given, wanted;
    for (uint32_t i = 0; i < inputs; ++i) given.push_back(from.tensor());
    for (uint32_t i = 0; i < outputs; ++i) wanted.push_back(from.tensor());
    TensorCall call(*model, {});
    if (given.size() != model->inputs.size()) fail(Status::internal, "{} inputs for a model that takes {}", given.size(), model->inputs.size());
    for (size_t i = 0; i < given.size(); ++i) call.give(i, given[i].tensor());
    call.plan();
    call.run();
    for (size_t i = 0; i < wanted.size(); ++i)
      if (String what = difference(call.output(i), wanted[i].tensor(), relative, absolute); !what.empty()) return format_text("wrong: output {}: ", i) + what;
  }
  return "pass";
}

}  // namespace

int main(int count, char** words) {
  EnginePtr engine = make_engine({});
  const char* isa = std::getenv("PREMISE_ISA");
  engine->device = open_cpu(isa ? isa : "");
  std::vector<std::string> names(words + 2, words + count);
  if (names.empty())
    for (const auto& entry : std::filesystem::directory_iterator(words[1]))
      if (entry.path().extension() == ".data") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    String result;
    try {
      result = run_test(engine, std::string(words[1]) + "/" + name);
    } catch (const Error& error) {
      result = error.status == Status::unsupported ? format_text("unsupported: {}", error.message) : format_text("failed: {} {}", status_name(error.status), error.message);
    }
    std::printf("%s\t%s\n", name.c_str(), result.c_str());
    std::fflush(stdout);
  }
}
