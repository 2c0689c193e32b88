#include "runtime/tensor_model.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "formats/onnx_tensors.h"
#include "passes/passes.h"
#include "runtime/finite_weights.h"
#include "tensor/dense.h"

namespace prm {

namespace {

TensorPort port_of(const OnnxModel& file, const OnnxIo& io) {
  TensorPort port{String(io.value->name), io.dtype, io.value->type.has_shape, {}, {}};
  if (io.value->type.dims.size() > size_t(kMaxRank))
    fail_about(Status::unsupported, io.value->name, "{}: '{}' has {} dimensions, at most {} are supported", file.file->name, io.value->name, io.value->type.dims.size(), kMaxRank);
  for (const OnnxDim& dim : io.value->type.dims) {
    port.dims.push_back(dim.extent);
    port.symbols.push_back(String(dim.symbol));
  }
  return port;
}

void require_fit(const TensorModel& model, const TensorPort& port, const Shape& shape) {
  bool fits = !port.has_shape || size_t(shape.rank) == port.dims.size();
  for (int i = 0; fits && port.has_shape && i < shape.rank; ++i) fits = port.dims[size_t(i)] < 0 || Dim(port.dims[size_t(i)]) == shape[i];
  if (fits) return;
  fail_about(Status::invalid_argument, port.name, "{}: input '{}' has shape {}, the model takes {}", model.file.file->name, port.name, print(shape, {}), describe(port));
}

Shape shape_of_tensor(const Tensor& t) {
  Shape shape;
  for (int i = 0; i < t.rank; ++i) shape[shape.rank++] = t.dim[i];
  return shape;
}

// Whether an input may tell extents, axes and the like: few integers, or a list of few numbers.
bool may_be_known(const Tensor& t) { return t.data && t.count() <= kMostKnownValues && (!is_float(t.dtype) || t.rank <= 1); }

// What a graph is to be made for: shapes, and where `values` is given what lies in small ones.
void set_given(TensorRunner& runner, std::span<const Shape> shapes, const Vector<Tensor>* values) {
  runner.values.resize(shapes.size());
  for (size_t i = 0; i < shapes.size(); ++i) {
    OnnxGiven given{shapes[i]};
    if (values && may_be_known((*values)[i])) {
      given.known = (*values)[i];
      runner.values[i].assign(given.known.data, given.known.data + given.known.bytes());
      if (!runner.values[i].empty()) given.known.data = runner.values[i].data();
    }
    runner.inputs_given.push_back(given);
  }
}

// All of a runner but memory for weights and scratch.
TensorRunnerPtr prepare_runner(TensorModel& model, std::span<const Shape> shapes, const Vector<Tensor>* values, const Control& control) {
  auto runner = make_charged<TensorRunner>();
  set_given(*runner, shapes, values);
  runner->graph = import_onnx(model.file, model.placed, runner->inputs_given, model.account, control);
  const FileBytes* file = model.placed.file.get();
  Graph& graph = runner->graph;
  graph = compose_functions(std::move(graph), file);
  graph = spread_convolutions(std::move(graph), file, model.account);
  graph = keep_bytes(std::move(graph), file, model.account);
  graph = fuse_blocked(block_channels(std::move(graph), file, model.account), model.account);
  graph = lay_rows(std::move(graph), *model.engine->device);
  PlanOptions options;
  options.device = model.engine->device.get();
  runner->plan = make_charged<const Plan>(make_plan(runner->graph, options));
  runner->folded.emplace(model.account, *model.weights);
  runner->weight_bytes = runner->folded->reserve(*runner->plan);
  runner->state.emplace(runner->plan);
  for (const TensorPort& port : model.inputs) runner->inputs.push_back(&runner->state->io(port.name));
  for (const TensorPort& port : model.outputs) {
    runner->outputs.push_back(&runner->state->io(port.name));
    runner->output_shapes.push_back(runner->plan->values[size_t(runner->plan->io.find(port.name)->second)].shape);
  }
  return runner;
}

void finish_runner(TensorModel& model, TensorRunner& runner, const Control& control) {
  runner.folded->fill(*runner.plan, work_of(*model.engine, control));
  runner.state->allocate(*runner.folded, model.account);
}

size_t input_named(const TensorModel& model, const WantedShape& wanted, size_t position) {
  if (!wanted.name && position < model.inputs.size()) return position;
  for (size_t i = 0; wanted.name && i < model.inputs.size(); ++i)
    if (model.inputs[i].name == wanted.name) return i;
  String name = wanted.name ? String(wanted.name) : format_text("{}", position);
  fail_about(Status::not_found, name, "{}: options.shapes names input '{}', which the model does not have", model.file.file->name, name);
}

// The shapes to plan for; true where an extent in them is nobody's.
bool choose_shapes(const TensorModel& model, const WantedShapes& wanted, Vector<Shape>& shapes) {
  Vector<Vector<int64_t>> dims;
  Vector<bool> is_known;  // rank and all
  for (const TensorPort& port : model.inputs) {
    dims.push_back(port.dims);
    is_known.push_back(port.has_shape);
  }
  for (size_t i = 0; i < wanted.count; ++i) {
    WantedShape one = wanted.read(wanted.from, i);
    size_t at = input_named(model, one, i);
    const TensorPort& port = model.inputs[at];
    Shape asked;
    for (int j = 0; j < one.rank; ++j) {
      bool left_out = one.dim[j] < 0;
      asked[asked.rank++] = left_out && port.has_shape && j < int(port.dims.size()) ? std::max<int64_t>(port.dims[size_t(j)], 0) : one.dim[j];
    }
    require_fit(model, port, asked);
    dims[at].resize(size_t(one.rank), -1);
    for (int j = 0; j < one.rank; ++j)
      if (one.dim[j] >= 0) dims[at][size_t(j)] = one.dim[j];
    is_known[at] = true;
  }
  bool guessed = false;
  for (size_t i = 0; i < dims.size(); ++i) {
    Shape shape;
    guessed = guessed || !is_known[i];
    for (int64_t extent : dims[i]) {
      guessed = guessed || extent < 0;
      shape[shape.rank++] = extent < 0 ? 1 : extent;
    }
    shapes.push_back(shape);
  }
  return guessed;
}

// A graph that cannot be made for extents that were guessed may be made for others.
bool tells_of_shapes(Status status) { return status == Status::bad_file || status == Status::unsupported || status == Status::invalid_argument || status == Status::limit; }

bool has_small_input(const TensorModel& model, const Vector<Shape>& shapes) {
  for (size_t i = 0; i < shapes.size(); ++i) {
    int64_t count = 1;
    for (int d = 0; d < shapes[i].rank; ++d) count = std::min(count * std::min(shapes[i][d].value, kMostKnownValues + 1), kMostKnownValues + 1);
    if (count <= kMostKnownValues && (!is_float(model.inputs[i].dtype) || shapes[i].rank <= 1)) return true;
  }
  return false;
}

void plan_at_open(TensorModel& model, const WantedShapes& wanted, const Control& control) {
  Vector<Shape> shapes;
  bool guessed = choose_shapes(model, wanted, shapes), knows_operators = false;
  try {
    require_known_operators(model.file);
    knows_operators = true;
    model.planned = prepare_runner(model, shapes, nullptr, control);
  } catch (const Error& error) {
    bool may_need_values = error.status == Status::unsupported && has_small_input(model, shapes), may_need_shapes = guessed && tells_of_shapes(error.status);
    bool may_differ = knows_operators ? may_need_values || may_need_shapes : model.header_only && error.status == Status::unsupported;
    if (!may_differ) throw;
    model.unplanned_status = error.status;
    model.unplanned = error.message;
    return;
  }
  for (size_t i = 0; i < model.outputs.size(); ++i) {  // the file need not say
    TensorPort& port = model.outputs[i];
    const Tensor& made = *model.planned->outputs[i];
    port.dtype = made.dtype;
    if (port.has_shape || guessed) continue;
    port.has_shape = true;
    const Shape& shape = model.planned->output_shapes[i];
    for (int j = 0; j < shape.rank; ++j) port.dims.push_back(shape[j].literal() ? shape[j].value : -1);
    port.symbols.resize(port.dims.size());
  }
}

OnnxModel read_file(TensorModel& model, FilePtr first, const ModelSource& source, const Control& control) {
  OnnxLimits limits;
  limits.host = model.engine->limits;
  String folder = source.data ? String() : folder_of_file(source.path);
  return read_onnx(std::move(first), model.engine->host.files, folder, model.account, control, limits);
}

void describe_ports(TensorModel& model) {
  for (const OnnxIo& io : onnx_inputs(model.file)) model.inputs.push_back(port_of(model.file, io));
  for (const OnnxIo& io : onnx_outputs(model.file)) model.outputs.push_back(port_of(model.file, io));
  each_tensor(model.file, [&](std::string_view, const OnnxTensor& tensor) { model.parameters += tensor.count(); });
  model.given.resize(model.inputs.size());
  model.shapes.resize(model.inputs.size());
  model.is_given.resize(model.inputs.size());
}

// Whether the runner was made for what the call gives.
bool fits_call(const TensorModel& model, const TensorRunner& runner) {
  for (size_t i = 0; i < model.shapes.size(); ++i) {
    const OnnxGiven& given = runner.inputs_given[i];
    if (!(given.shape == model.shapes[i])) return false;
    if (given.known.data && std::memcmp(given.known.data, model.given[i].data, given.known.bytes())) return false;
  }
  return true;
}

// For the shapes of the call; where that does not do, since extents come as inputs, for the values of small inputs, too.
TensorRunnerPtr prepare_for_call(TensorModel& model, const Control& control) {
  if (!model.by_value) {
    try {
      return prepare_runner(model, model.shapes, nullptr, control);
    } catch (const Error& error) {
      if (error.status != Status::unsupported || std::none_of(model.given.begin(), model.given.end(), may_be_known)) throw;
    }
  }
  TensorRunnerPtr runner = prepare_runner(model, model.shapes, &model.given, control);
  model.by_value = true;
  return runner;
}

// Older plans make room for a new one.
TensorRunner& make_runner(TensorModel& model, const Control& control) {
  auto& others = model.others;
  if (others.size() >= kKeptRunners) others.pop_back();
  for (;;) {
    try {
      TensorRunnerPtr runner = prepare_for_call(model, control);
      finish_runner(model, *runner, control);
      others.insert(others.begin(), runner);
      return *others.front();
    } catch (const Error& error) {
      if (others.empty() || (error.status != Status::over_budget && error.status != Status::out_of_memory)) throw;
    }
    others.pop_back();
  }
}

}  // namespace

String describe(const TensorPort& port) {
  if (!port.has_shape) return format_text("{} of any shape", info(port.dtype).name);
  String text = format_text("{} [", info(port.dtype).name);
  for (size_t i = 0; i < port.dims.size(); ++i)
    text += (i ? ", " : "") + (port.dims[i] >= 0 ? format_text("{}", port.dims[i]) : port.symbols[i].empty() ? String("?") : port.symbols[i]);
  return text + "]";
}

TensorModelPtr load_tensor_model(ModelHomePtr home, FilePtr first, const ModelSource& source, const LoadOptions& options, const Control& control) {
  const EnginePtr& engine = home->engine;
  AccountScope engines(engine->account);
  auto model = make_charged<TensorModel>(home);
  AccountScope models(model->account);
  if (options.manifest_json) fail_about(Status::unsupported, "manifest_json", "{}: manifests of ONNX models are not supported: open it without", first->name);
  model->file = read_file(*model, std::move(first), source, control);
  if (options.verify) require_no_nan(model->file, control);
  model->placed = place_onnx_weights(model->file);
  describe_ports(*model);
  model->weights.emplace(model->account, model->placed.file.get());
  model->header_only = options.header_only;
  plan_at_open(*model, options.shapes, control);
  model->prepared_bytes = model->account.held();
  model->prepared_weights = model->account.held(MemoryKind::weights);
  model->prepared_peak = model->account.peak();
  const Log& log = engine->host.log;
  if (!model->planned)
    log.say(LogLevel::info, "{}: not planned before its shapes are known (options.shapes can tell them): {}", model->file.file->name, model->unplanned);
  if (!model->planned || options.header_only) return model;
  if (model->planned->plan->fallbacks)
    log.say(LogLevel::info, "{}: {} launches have no kernel on '{}' and run their reference: see the placement report", model->file.file->name, model->planned->plan->fallbacks,
            model->planned->plan->device[kHost]->name());
  finish_runner(*model, *model->planned, control);
  return model;
}

TensorCall::TensorCall(TensorModel& model, const Control& control) : model_(model), control_(control), account_(model.account) {
  if (model.header_only) fail(Status::unsupported, "the model was opened with PRM_MODEL_HEADER_ONLY: open it without to run it");
  turn_.emplace(model.turn, control);
  std::fill(model.is_given.begin(), model.is_given.end(), uint8_t(0));
}

void TensorCall::give(size_t input, const Tensor& tensor) {
  const TensorPort& port = model_.inputs[input];
  if (model_.is_given[input]) fail_about(Status::invalid_argument, port.name, "{}: input '{}' is given twice", model_.file.file->name, port.name);
  Shape shape = shape_of_tensor(tensor);
  if (tensor.dtype != port.dtype)
    fail_about(Status::invalid_argument, port.name, "{}: input '{}' is {} {}, the model takes {}", model_.file.file->name, port.name, info(tensor.dtype).name, print(shape, {}),
               describe(port));
  require_fit(model_, port, shape);
  model_.given[input] = tensor;
  model_.shapes[input] = shape;
  model_.is_given[input] = 1;
}

void TensorCall::plan() {
  String missing;
  for (size_t i = 0; i < model_.inputs.size(); ++i)
    if (!model_.is_given[i]) missing += format_text("{}'{}' {}", missing.empty() ? "" : ", ", model_.inputs[i].name, describe(model_.inputs[i]));
  if (!missing.empty()) fail_about(Status::invalid_argument, "inputs", "{}: inputs that are missing: {}", model_.file.file->name, missing);
  auto& others = model_.others;
  auto found = std::find_if(others.begin(), others.end(), [&](const TensorRunnerPtr& one) { return fits_call(model_, *one); });
  if (model_.planned && fits_call(model_, *model_.planned)) {
    runner_ = model_.planned.get();
  } else if (found != others.end()) {
    std::rotate(others.begin(), found, found + 1);
    runner_ = others.front().get();
  } else {
    runner_ = &make_runner(model_, control_);
  }
}

bool TensorCall::is_shape_known(size_t index) const {
  const Shape& shape = runner_->output_shapes[index];
  return std::all_of(shape.dims, shape.dims + shape.rank, [](const Dim& dim) { return dim.literal(); });
}

void TensorCall::run() {
  for (size_t i = 0; i < model_.given.size(); ++i)
    if (size_t bytes = model_.given[i].bytes()) std::memcpy(runner_->inputs[i]->data, model_.given[i].data, bytes);
  if (runner_->state->run({}, work_of(*model_.engine, control_)) == Status::ok) return;
  control_.require();
  fail(Status::internal, "{}: the run ended early", model_.file.file->name);
}

const TensorRunner& require_planned(const TensorModel& model) {
  if (!model.planned)
    fail_about(model.unplanned_status, model.file.file->name, "{} (open extents without options.shapes are 1)", model.unplanned);
  return *model.planned;
}

MemoryPlan plan_memory(const TensorModel& model) {
  const TensorRunner& runner = require_planned(model);
  MemoryPlan plan;
  uint64_t others = model.engine->account.held() - model.account.held();
  plan.weight_bytes = runner.weight_bytes.held + model.prepared_weights;
  plan.scratch_bytes = runner.plan->bytes[kHost].arena;
  plan.object_bytes = model.prepared_bytes - model.prepared_weights;
  uint64_t loading = runner.weight_bytes.held + runner.weight_bytes.staging, running = runner.weight_bytes.held + plan.scratch_bytes;
  plan.host_bytes = others + std::max(model.prepared_peak, model.prepared_bytes + std::max(loading, running));
  return plan;
}

}  // namespace prm
