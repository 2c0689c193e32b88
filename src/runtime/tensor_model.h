// A model that takes tensors and gives tensors: what an ONNX file holds. Its graph is imported and planned for the extents that
// come; a few plans are kept, and share their weights.
#pragma once
#include <optional>

#include "graph/weight_pool.h"
#include "models/onnx_import.h"
#include "runtime/load_options.h"
#include "runtime/model_home.h"
#include "runtime/turn.h"

namespace prm {

// An input or output as the file describes it.
struct TensorPort {
  String name;
  DType dtype;
  bool has_shape = false;
  Vector<int64_t> dims;    // -1: any extent
  Vector<String> symbols;  // names of those; "" where there is none
};

// The graph for inputs of some shapes, its plan, and memory to run in.
struct TensorRunner : ChargedObject {
  Vector<OnnxGiven> inputs_given;        // what the graph was made for; known data lies in `values`
  Vector<Vector<std::byte>> values;      // by input, where the graph was made for its values
  Graph graph;
  std::shared_ptr<const Plan> plan;
  std::optional<WeightPool> folded;  // packed constants that were computed for it; all others are the model's
  WeightBytes weight_bytes;          // that its plan adds to both pools
  std::optional<PlanState> state;
  Vector<Tensor*> inputs, outputs;
  Vector<Shape> output_shapes;  // as planned: an extent that no literal is, is found while it runs
};
using TensorRunnerPtr = std::shared_ptr<TensorRunner>;

struct TensorModel : ChargedObject {
  ModelHomePtr home;
  EnginePtr engine;
  MemoryAccount& account;  // of all that follows
  OnnxModel file;
  OnnxWeights placed;
  Vector<TensorPort> inputs, outputs;
  uint64_t parameters = 0;
  bool header_only = false;
  std::optional<WeightPool> weights;
  // Made when the model is opened, and kept: for the shapes that were asked for, with 1 for an extent that nobody told. Null where
  // nobody told one, and the graph cannot be made with 1 there, or where a header-only model's operators are not known; `unplanned`
  // says why.
  TensorRunnerPtr planned;
  Status unplanned_status = Status::ok;
  String unplanned;
  // Extents, axes and the like come as inputs: graphs are made for the values of small inputs, too.
  bool by_value = false;
  // Of the account, before weights came from files, and scratch. Weights until then: constants that were computed.
  uint64_t prepared_bytes = 0, prepared_weights = 0, prepared_peak = 0;
  Vector<TensorRunnerPtr> others;                  // the last one used first
  // What a call gives, by input.
  Vector<Tensor> given;
  Vector<Shape> shapes;
  Vector<uint8_t> is_given;
  Turn turn;

  explicit TensorModel(ModelHomePtr at) : home(std::move(at)), engine(home->engine), account(home->account) {}
};
using TensorModelPtr = std::shared_ptr<TensorModel>;

inline constexpr size_t kKeptRunners = 8;
inline constexpr int64_t kMostKnownValues = 64;  // of an input that graphs are made for by value

// `first` as open_source gave it, from the home's account.
TensorModelPtr load_tensor_model(ModelHomePtr home, FilePtr first, const ModelSource& source, const LoadOptions& options, const Control& control);

String describe(const TensorPort& port);  // "float32 [N, 3, ?]"

// One call: it has the turn, gathers inputs, finds or makes the plan for them, and runs it. A plan that was made before takes no
// memory.
class TensorCall {
 public:
  TensorCall(TensorModel& model, const Control& control);
  // Data that stays until run() has ended. Fails with invalid_argument where it does not fit what the model takes.
  void give(size_t input, const Tensor& tensor);
  // Fails with invalid_argument naming inputs that were not given, and as import, planning and loading do.
  void plan();
  // Behind plan(): of an output whose extents are known then; behind run(): of any.
  const Tensor& output(size_t index) const { return *runner_->outputs[index]; }
  bool is_shape_known(size_t index) const;
  void run();

 private:
  TensorModel& model_;
  Control control_;
  AccountScope account_;
  std::optional<TurnHold> turn_;
  TensorRunner* runner_ = nullptr;
};

// As plan_memory of text models; fails as planning did where the model is not planned.
MemoryPlan plan_memory(const TensorModel& model);
const TensorRunner& require_planned(const TensorModel& model);

String inspect_json(const TensorModel& model);
String placement_json(const TensorModel& model);
String graph_text(const TensorModel& model);
String plan_json(const TensorModel& model, const MemoryPlan& plan, uint64_t budget);

}  // namespace prm
