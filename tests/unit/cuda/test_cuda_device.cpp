// The CUDA device over the emulator: memory that the host cannot touch, plans over two sides, every call that fails.
#include "cuda_device.h"
#include "cuda_runtime_api.h"
#include "models/architecture.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "runtime/placement.h"
#include "support/catch.h"
#include "support/run_graph.h"
#include "support/step_model.h"
#include "support/tiny_model.h"

using namespace prm;
using namespace prm::test;

extern "C" void emulated_cuda_fail(const char* call, int64_t n, int32_t error);
extern "C" uint64_t emulated_cuda_held();

namespace {

struct Refused {
  int32_t status = 0;
  std::string message;
};

std::unique_ptr<Device> open_first(Refused* why = nullptr, uint64_t limit = 0, int32_t ordinal = 0) {
  Refused none;
  PluginHost host{};
  host.ordinal = ordinal;
  host.max_device_bytes = limit;
  host.user = why ? why : &none;
  host.fail = [](void* user, int32_t status, const char*, const char* message) { *static_cast<Refused*>(user) = {status, message}; };
  return open_cuda(host);
}

// A whole step over a paged cache, its first `host_layers` layers on the CPU.
struct PagedStep {
  StepModel model{{.arch = "qwen2", .layers = 3, .types = {DType::q8_0, DType::q4_k, DType::q6_k}}, "scalar", DType::f32, 16, 0};
  Graph graph = add_cache(model.graph, DType::f16, 16);
  GraphRun run;

  PagedStep() {
    constexpr int64_t T = 5;
    std::vector<int32_t> tokens = some_tokens(T, model.V, 4), positions, slots, sequence(size_t(T), 0), pages = {2};
    for (int32_t i = 0; i < T; ++i) positions.push_back(i), slots.push_back(32 + i);
    run = {{{"T", T}, {"S", 1}, {"M", 1}, {"P", 3}}, {{"tokens", bytes_of(tokens)}, {"positions", bytes_of(positions)}}, {}};
    run.inputs["slot"] = bytes_of(slots), run.inputs["sequence"] = bytes_of(sequence), run.inputs["page_table"] = bytes_of(pages);
  }
  PlanOptions options(Device& accelerator) {
    PlanOptions options;
    options.device = model.device.get();
    options.accelerator = &accelerator;
    options.bounds = run.extents;
    return options;
  }
  LayerSplit split(int64_t wanted, uint64_t free_memory) const { return {3, wanted, free_memory}; }
  std::vector<std::byte> on(Device& accelerator, int64_t layers, Plan* plan_out = nullptr) {
    int64_t got = 0;
    Plan plan = plan_layers(graph, options(accelerator), split(layers, accelerator.free_memory()), got);
    CHECK(got == layers);
    if (plan_out) *plan_out = plan;
    return run_plan(graph, std::move(plan), run);
  }
};

}  // namespace

TEST_CASE("cuda device: a step gives the CPU's bytes, whichever of the layers it has, and gives its memory back") {
  PagedStep step;
  std::vector<std::byte> truth = run_graph(step.graph, *step.model.device, step.run);
  {
    auto device = open_first();
    for (int64_t layers : {3, 2, 1}) {
      Plan plan;
      INFO(layers << " layers");
      CHECK(step.on(*device, layers, &plan) == truth);
      auto has = [&](const char* name, Side side) { return std::ranges::any_of(plan.launches, [&](const PlanLaunch& l) { return l.name == name && l.side == side; }); };
      CHECK(has("blk.2.attn_q", kAccelerator));
      CHECK(has("blk.0.attn_q", layers == 3 ? kAccelerator : kHost));
      CHECK(has("embedding", layers == 3 ? kAccelerator : kHost));
      CHECK(plan.bytes[kAccelerator].states == size_t(layers) * (plan.bytes[kHost].states + plan.bytes[kAccelerator].states) / 3);
      CHECK(device->memory()->held() == 0);
    }
  }
  CHECK(emulated_cuda_held() == 0);
}

TEST_CASE("cuda device: it gets as many layers as fit, and says what is missing for those that were asked for") {
  PagedStep step;
  auto device = open_first();
  int64_t got = 0;
  uint64_t needed[4] = {};
  for (int64_t layers : {3, 2, 1}) needed[layers] = accelerator_bytes(plan_layers(step.graph, step.options(*device), step.split(layers, ~uint64_t(0)), got));
  CHECK((needed[1] < needed[2] && needed[2] < needed[3]));
  for (int64_t layers : {3, 2, 1}) {
    plan_layers(step.graph, step.options(*device), step.split(0, needed[layers]), got);
    CHECK(got == layers);
    if (layers > 1) plan_layers(step.graph, step.options(*device), step.split(0, needed[layers] - 1), got);
    CHECK(got == std::max<int64_t>(layers - 1, 1));
  }
  try {
    plan_layers(step.graph, step.options(*device), step.split(2, needed[2] - 1), got);
    FAIL("it fits");
  } catch (const Error& error) {
    CHECK(error.status == Status::out_of_device_memory);
    CHECK((error.needed_bytes == needed[2] && error.available_bytes == needed[2] - 1));
  }
}

TEST_CASE("cuda device: what is planned is what is charged, and the bound holds") {
  PagedStep step;
  uint64_t needed = 0;
  for (bool enough : {true, false}) {
    auto device = open_first(nullptr, enough ? 0 : needed - 1);
    int64_t got = 0;
    Plan plan = plan_layers(step.graph, step.options(*device), step.split(3, ~uint64_t(0)), got);
    needed = accelerator_bytes(plan);
    if (enough) {
      run_plan(step.graph, std::move(plan), step.run);
      CHECK(device->memory()->peak() == needed);
    } else {
      CHECK_THROWS_AS(run_plan(step.graph, std::move(plan), step.run), Error);
      CHECK((device->memory()->held() == 0 && device->memory()->peak() < needed));
    }
  }
}

TEST_CASE("cuda device: each call of CUDA's that fails is a status, no memory is lost, and the next step is right") {
  PagedStep step;
  std::vector<std::byte> truth = run_graph(step.graph, *step.model.device, step.run);
  auto fails_at = [&](const char* call, int64_t n, cudaError_t error, Status& status) {
    auto device = open_first();
    emulated_cuda_fail(call, n, error);
    bool failed = false;
    try {
      std::vector<std::byte> bytes = step.on(*device, 3);
      CHECK(bytes == truth);
    } catch (const Error& raised) {
      failed = true, status = raised.status;
      CHECK(raised.message.size() > 20);
    }
    CHECK(device->memory()->held() == 0);
    emulated_cuda_fail("", 0, 0);
    return failed;
  };
  struct Site {
    const char* call;
    cudaError_t error;
    Status status;
  };
  for (Site site : {Site{"cudaMalloc", cudaErrorMemoryAllocation, Status::out_of_device_memory}, Site{"cudaMemcpyAsync", cudaErrorIllegalAddress, Status::device_lost},
                    Site{"launch", cudaErrorLaunchFailure, Status::device_lost}, Site{"cudaStreamSynchronize", cudaErrorECCUncorrectable, Status::device_lost}}) {
    int64_t n = 1;
    for (Status status; fails_at(site.call, n, site.error, status); ++n) CHECK(status == site.status);
    INFO(site.call << " fails at " << n << " places");
    CHECK(n > 2);
  }
  CHECK(emulated_cuda_held() == 0);
}

TEST_CASE("cuda device: after a fault nothing is computed on it any more") {
  PagedStep step;
  auto device = open_first();
  emulated_cuda_fail("launch", 1, cudaErrorIllegalAddress);
  CHECK_THROWS_AS(step.on(*device, 3), Error);
  emulated_cuda_fail("", 0, 0);
  try {
    step.on(*device, 3);
    FAIL("it computes");
  } catch (const Error& error) {
    CHECK(error.status == Status::device_lost);
    CHECK(error.message.find("open another engine") != error.message.npos);
  }
}

TEST_CASE("cuda device: what keeps it from being opened is named") {
  struct Case {
    const char* call;
    cudaError_t error;
    const char* says;
  };
  for (Case c : {Case{"cudaGetDeviceCount", cudaErrorInsufficientDriver, "driver 580"}, Case{"cudaGetDeviceCount", cudaErrorNoDevice, "no such GPU"},
                 Case{"cudaStreamCreateWithFlags", cudaErrorMemoryAllocation, "no memory left"}, Case{"cudaHostAlloc", cudaErrorMemoryAllocation, "no memory left"}}) {
    emulated_cuda_fail(c.call, 1, c.error);
    Refused why;
    CHECK(open_first(&why) == nullptr);
    CHECK(why.status == int32_t(Status::device_unavailable));
    INFO(why.message);
    CHECK(why.message.find(c.says) != why.message.npos);
  }
  emulated_cuda_fail("", 0, 0);
  Refused why;
  CHECK(open_first(&why, 0, 3) == nullptr);
  CHECK(why.message.find("sees 1 GPU") != why.message.npos);
}
