#include "runtime/tensor_model.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace prm {

namespace {

TensorPort port_of(const OnnxIo& io) {
  TensorPort port{String(io.value->name), io.dtype, io.value->type.has_shape, {}, {}};
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
  String wanted;
  for (size_t i = 0; i < port.dims.size(); ++i)
    wanted += (i ? ", " : "") + (port.dims[i] >= 0 ? format_text("{}", port.dims[i]) : port.symbols[i].empty() ? String("any") : port.symbols[i]);
  fail_about(Status::invalid_argument, port.name, "{}: input '{}' has shape {}, the model takes [{}]", model.file.file->name, port.name, print(shape, {}), wanted);
}

std::shared_ptr<TensorRunner> make_runner(TensorModel& model, std::span<const Shape> shapes, const Control& control) {
  auto runner = make_charged<TensorRunner>();
  runner->shapes.assign(shapes.begin(), shapes.end());
  runner->graph = import_onnx(model.file, model.placed, runner->shapes, model.account, control);
  PlanOptions options;
  options.device = model.engine->device.get();
  runner->plan = make_charged<const Plan>(make_plan(runner->graph, options));
  model.weights->reserve(*runner->plan);
  Work work;
  work.control = control;
  work.pool = &model.engine->pool;
  model.weights->fill(*runner->plan, work);
  runner->state.emplace(runner->plan);
  runner->state->allocate(*model.weights, model.account);
  for (const TensorPort& port : model.inputs) runner->inputs.push_back(&runner->state->io(port.name));
  for (const TensorPort& port : model.outputs) runner->outputs.push_back(&runner->state->io(port.name));
  return runner;
}

Shape shape_of_tensor(const Tensor& t) {
  Shape shape;
  for (int i = 0; i < t.rank; ++i) shape[shape.rank++] = t.dim[i];
  return shape;
}

void give_output(const TensorModel& model, const Tensor& from, TensorSink& sink) {
  sink.made = from;
  sink.made.data = sink.data;
  if (from.bytes() <= sink.capacity) {
    if (from.bytes()) std::memcpy(sink.data, from.data, from.bytes());
    return;
  }
  const String& name = model.outputs[size_t(sink.output)].name;
  Error error(Status::buffer_too_small, format_message("output '{}' has {} bytes, its buffer {}", name, from.bytes(), sink.capacity), name);
  error.needed_bytes = from.bytes();
  throw error;
}

}  // namespace

TensorModelPtr load_tensor_model(EnginePtr engine, const ModelSource& source, uint64_t max_host_bytes, const Control& control) {
  engine->pool.notice_fork();
  AccountScope engines(engine->account);
  auto model = make_charged<TensorModel>(engine, max_host_bytes);
  AccountScope models(model->account);
  OnnxLimits limits;
  limits.host = engine->limits;
  String folder = source.data ? String() : folder_of_file(source.path);
  FilePtr file = source.data ? borrow_memory(source.data, source.data_size, source.path ? source.path : "memory", engine->limits)
                             : open_file(engine->host.files, source.path, model->account, engine->limits);
  model->file = read_onnx(std::move(file), engine->host.files, folder, model->account, control, limits);
  model->placed = place_onnx_weights(model->file);
  for (const OnnxIo& io : onnx_inputs(model->file)) model->inputs.push_back(port_of(io));
  for (const OnnxIo& io : onnx_outputs(model->file)) model->outputs.push_back(port_of(io));
  model->weights.emplace(model->account, model->placed.file.get());
  return model;
}

TensorRunner& runner_for(TensorModel& model, std::span<const Shape> shapes, const Control& control) {
  auto& runners = model.runners;
  auto found = std::find_if(runners.begin(), runners.end(), [&](const auto& one) { return std::equal(shapes.begin(), shapes.end(), one->shapes.begin(), one->shapes.end()); });
  if (found == runners.end()) {
    for (size_t i = 0; i < shapes.size(); ++i) require_fit(model, model.inputs[i], shapes[i]);
    if (runners.size() >= kKeptRunners) runners.pop_back();
    runners.insert(runners.begin(), make_runner(model, shapes, control));
    return *runners.front();
  }
  std::rotate(runners.begin(), found, found + 1);
  return *runners.front();
}

void run_tensor_model(TensorModel& model, std::span<const Tensor> inputs, std::span<TensorSink> outputs, const Control& control) {
  AccountScope models(model.account);
  if (inputs.size() != model.inputs.size())
    fail_about(Status::invalid_argument, "inputs", "{}: {} inputs were given, the model takes {}", model.file.file->name, inputs.size(), model.inputs.size());
  std::unique_lock<std::timed_mutex> turn(model.turn, std::defer_lock);
  control.require();
  while (!turn.try_lock_for(std::chrono::milliseconds(1))) control.require();
  Shape shapes[64];
  if (inputs.size() > std::size(shapes)) fail_about(Status::unsupported, "inputs", "{}: more than {} inputs", model.file.file->name, std::size(shapes));
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].dtype != model.inputs[i].dtype)
      fail_about(Status::invalid_argument, model.inputs[i].name, "{}: input '{}' is of type {}, the model takes {}", model.file.file->name,
                 model.inputs[i].name, info(inputs[i].dtype).name, info(model.inputs[i].dtype).name);
    shapes[i] = shape_of_tensor(inputs[i]);
  }
  TensorRunner& runner = runner_for(model, {shapes, inputs.size()}, control);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].bytes()) std::memcpy(runner.inputs[i]->data, inputs[i].data, inputs[i].bytes());
  Work work;
  work.control = control;
  work.pool = &model.engine->pool;
  if (runner.state->run({}, work) != Status::ok) control.require();
  for (TensorSink& sink : outputs) give_output(model, *runner.outputs[size_t(sink.output)], sink);
}

}  // namespace prm
