// check_onnx FILE...: opens ONNX models and runs each on zeros, then on values at the ends of their types, extents that are not known
// being 1; for script/corpus. A line a file; the exit status is 1 when one was refused. What it may hold and how long it may take is bounded, as in a host that takes files
// of others.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "base/clock.h"
#include "base/error.h"
#include "cpu/cpu_device.h"
#include "runtime/tensor_model.h"
#include "tensor/dense.h"
#include "tensor/narrow.h"

using namespace prm;

namespace {

constexpr uint64_t kMostBytes = uint64_t(160) << 20;

// Values that indices, lengths and sums may trip over.
void fill(const Tensor& input, int pattern) {
  visit_dense(is_narrow(input.dtype) ? DType::u8 : input.dtype, [&]<class T>() {
    using Wide = typename Dense<T>::Wide;
    for (int64_t i = 0; i < input.count(); ++i) {
      T& value = input.as<T>()[i];
      if constexpr (std::is_same_v<Wide, double>) {
        const double odd[] = {INFINITY, -INFINITY, 1e38, -1e-38, NAN};
        value = Dense<T>::store(pattern == 1 ? NAN : odd[i % 5]);
      } else if constexpr (std::is_same_v<T, bool>) {
        value = pattern == 1 || i % 2;
      } else {
        const T odd[] = {std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), T(3), T(-7)};
        value = pattern == 1 ? T(-1) : odd[i % 4];
      }
    }
  });
}

// Room for every input, in memory of `store`'s.
std::vector<Tensor> inputs_for(const TensorModel& model, std::vector<std::vector<std::byte>>& store) {
  std::vector<Tensor> inputs;
  uint64_t all = 0;
  for (const TensorPort& port : model.inputs) {
    Tensor input;
    input.dtype = port.dtype;
    uint64_t bytes = uint64_t(info(port.dtype).bytes);
    if (port.dims.size() > size_t(kMaxRank)) fail(Status::unsupported, "input '{}' has more than {} dimensions", port.name, kMaxRank);
    for (int64_t extent : port.dims) {
      input.dim[input.rank++] = extent < 0 ? 1 : extent;
      if (extent > 0 && __builtin_mul_overflow(bytes, uint64_t(extent), &bytes)) bytes = UINT64_MAX;
    }
    all += std::min(bytes, kMostBytes);
    if (bytes > kMostBytes || all > kMostBytes) fail(Status::over_budget, "input '{}' is too large to be tried", port.name);
    store.emplace_back(input.bytes());
    input.data = store.back().data();
    inputs.push_back(input);
  }
  return inputs;
}

void check(const char* path) {
  EngineOptions options;
  options.max_host_bytes = kMostBytes;
  options.threads = 1;
  EnginePtr engine = make_engine(options);
  engine->device = open_cpu("");
  auto home = make_charged<ModelHome>(engine, 0);
  ModelSource source{path};
  TensorModelPtr model = load_tensor_model(home, open_source(*home, source), source, {}, {});
  std::vector<std::vector<std::byte>> store;
  std::vector<Tensor> inputs = inputs_for(*model, store);
  for (int pattern = 0; pattern < 3; ++pattern) {
    TensorCall call(*model, {});
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (pattern) fill(inputs[i], pattern);
      call.give(i, inputs[i]);
    }
    call.plan();
    call.run();
  }
  std::printf("ran: %s: %zu nodes, %llu bytes\n", path, require_planned(*model).graph.nodes.size(), static_cast<unsigned long long>(model->account.peak()));
}

}  // namespace

int main(int count, char** paths) {
  int refused = 0;
  for (int i = 1; i < count; ++i) {
    try {
      check(paths[i]);
    } catch (const Error& error) {
      ++refused;
      std::printf("refused: %s: %s\n", status_name(error.status), error.message.c_str());
    }
  }
  return refused > 0;
}
