// A model that takes tensors and gives tensors: what an ONNX file holds. Its graph is imported and planned for the extents that
// come; a few plans are kept, and share their weights.
#pragma once
#include <mutex>
#include <optional>

#include "graph/plan.h"
#include "models/onnx_import.h"
#include "runtime/engine.h"
#include "runtime/model_source.h"

namespace prm {

// An input or output as the file describes it.
struct TensorPort {
  String name;
  DType dtype;
  bool has_shape = false;
  Vector<int64_t> dims;    // -1: any extent
  Vector<String> symbols;  // names of those; "" where there is none
};

struct TensorRunner : ChargedObject {
  Vector<Shape> shapes;  // of the inputs
  Graph graph;
  std::shared_ptr<const Plan> plan;
  std::optional<PlanState> state;
  Vector<Tensor*> inputs, outputs;
};

struct TensorModel : ChargedObject {
  EnginePtr engine;
  MemoryAccount account;
  OnnxModel file;
  OnnxWeights placed;
  Vector<TensorPort> inputs, outputs;
  std::optional<WeightPool> weights;
  Vector<std::shared_ptr<TensorRunner>> runners;  // the last one used first
  std::timed_mutex turn;

  TensorModel(EnginePtr owner, uint64_t limit) : engine(std::move(owner)), account(engine->host.memory, limit, &engine->account) {}
};
using TensorModelPtr = std::shared_ptr<TensorModel>;

inline constexpr size_t kKeptRunners = 8;

TensorModelPtr load_tensor_model(EnginePtr engine, const ModelSource& source, uint64_t max_host_bytes, const Control& control);

// Plans for inputs of these extents, unless that was done. The runner is the model's, for one call at a time.
TensorRunner& runner_for(TensorModel& model, std::span<const Shape> shapes, const Control& control);

// Where an output goes: `data` has room for `capacity` bytes. What was made is told in `made`, also where the room is too small.
struct TensorSink {
  int output = 0;
  std::byte* data = nullptr;
  size_t capacity = 0;
  Tensor made = {};
};
// inputs: all of the model's, in order, of their dtypes. Fails with invalid_argument naming an input of another shape or type than
// the model takes, with buffer_too_small, and as import and plan do.
void run_tensor_model(TensorModel& model, std::span<const Tensor> inputs, std::span<TensorSink> outputs, const Control& control);

}  // namespace prm
