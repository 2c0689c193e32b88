// Tensors in and out: types, shapes, runs of tensor models, and what a model takes and gives.
#include <algorithm>

#include "base/checked.h"
#include "capi/capi.h"
#include "runtime/tiled_run.h"
#include "tensor/dense.h"

namespace prm {

namespace {

constexpr struct {
  prm_dtype code;
  DType type;
} kDense[] = {
    {PRM_DTYPE_F32, DType::f32}, {PRM_DTYPE_F16, DType::f16}, {PRM_DTYPE_BF16, DType::bf16}, {PRM_DTYPE_F64, DType::f64}, {PRM_DTYPE_I8, DType::i8},
    {PRM_DTYPE_I16, DType::i16}, {PRM_DTYPE_I32, DType::i32}, {PRM_DTYPE_I64, DType::i64}, {PRM_DTYPE_U8, DType::u8},     {PRM_DTYPE_U16, DType::u16},
    {PRM_DTYPE_U32, DType::u32}, {PRM_DTYPE_U64, DType::u64}, {PRM_DTYPE_BOOL, DType::boolean},
};

// By name, or by position where there is none.
size_t find_port(const Vector<TensorPort>& ports, const prm_tensor& t, size_t position, const char* what) {
  if (position < ports.size() && (!t.name || ports[position].name == t.name)) return position;  // most callers have the model's order
  for (size_t i = 0; t.name && i < ports.size(); ++i)
    if (ports[i].name == t.name) return i;
  String names;
  for (const TensorPort& port : ports) names += (names.empty() ? "'" : ", '") + port.name + "'";
  if (t.name) fail_about(Status::not_found, t.name, "the model has no {} '{}', it has {}", what, t.name, names);
  fail_about(Status::not_found, what, "the model has no {} {}, it has {}", what, position, names);
}

// The type that an output is wanted in.
DType wanted_type(const prm_tensor& t, const TensorPort& port, DType made) {
  if (public_dtype(made) == PRM_DTYPE_ANY) fail_about(Status::unsupported, port.name, "output '{}' is {}, which is not supported: leave it out", port.name, info(made).name);
  if (t.dtype == PRM_DTYPE_ANY) return made;
  std::optional<DType> type = dense_dtype(t.dtype);
  if (type && (*type == made || (is_float(*type) && is_float(made)))) return *type;
  fail_about(Status::invalid_argument, port.name, "output '{}' is {}: {} give dtype ANY or its own", port.name, info(made).name,
             is_float(made) ? "other floats will do as well;" : "nothing else will do;");
}

// Whether the room for an output can be told now.
enum class Moment { before_run, after_run };
bool is_told(const TensorCall& call, size_t output, Moment now) { return now == Moment::after_run || call.is_shape_known(output); }

// All or none: the needs that are known are told where one is too small.
void require_room_for(const TensorModel& model, const TensorCall& call, std::span<prm_tensor> outputs, Moment now) {
  const String* name = nullptr;
  uint64_t capacity = 0, need = 0;
  for (size_t i = 0; i < outputs.size() && !name; ++i) {
    const prm_tensor& t = outputs[i];
    size_t at = find_port(model.outputs, t, i, "output");
    if (!is_told(call, at, now)) continue;
    const Tensor& made = call.output(at);
    need = uint64_t(made.count()) * uint64_t(info(wanted_type(t, model.outputs[at], made.dtype)).bytes);
    capacity = t.data ? t.bytes : 0;
    if (capacity < need) name = &model.outputs[at].name;
  }
  if (!name) return;
  for (size_t i = 0; i < outputs.size(); ++i) {
    size_t at = find_port(model.outputs, outputs[i], i, "output");
    if (is_told(call, at, now)) describe_output(call.output(at), wanted_type(outputs[i], model.outputs[at], call.output(at).dtype), outputs[i]);
  }
  fail_too_small(need, format_message("output '{}' needs {} bytes, the buffer has {}", *name, need, capacity), *name);
}

void give_output(const Tensor& made, DType type, prm_tensor& t) {
  describe_output(made, type, t);
  if (type == made.dtype) {
    if (t.bytes) std::memcpy(t.data, made.data, t.bytes);
    return;
  }
  Tensor out = made;
  out.dtype = type;
  out.data = static_cast<std::byte*>(t.data);
  for (int64_t i = 0, n = made.count(); i < n; ++i) store_value(out, i, load_value(made, i));
}

void describe_port(const TensorPort& port, prm_tensor& out) {
  out.name = port.name.c_str();
  out.dtype = public_dtype(port.dtype);
  out.rank = port.has_shape ? int32_t(port.dims.size()) : -1;
  for (size_t i = 0; i < port.dims.size(); ++i) out.shape[i] = port.dims[i];
}

void describe_text(const Model& model, bool input, prm_tensor& out) {
  out.name = input ? "tokens" : "logits";
  out.dtype = input ? PRM_DTYPE_I32 : PRM_DTYPE_F32;
  out.rank = input ? 2 : 3;
  out.shape[0] = out.shape[1] = -1;
  if (!input) out.shape[2] = model.config.vocabulary;
}

}  // namespace

prm_dtype public_dtype(DType type) {
  for (const auto& one : kDense)
    if (one.type == type) return one.code;
  return PRM_DTYPE_ANY;
}

std::optional<DType> dense_dtype(prm_dtype code) {
  for (const auto& one : kDense)
    if (one.code == code) return one.type;
  return std::nullopt;
}

void require_plain(const prm_tensor& t, const char* name) {
  require_argument(t.device == 0 && t.flags == 0 && !t.stream && !t.reserved[0] && !t.reserved[1], name,
                   "device, flags, stream and reserved must be 0 in this release");
}

bool is_contiguous(const prm_tensor& t) {
  int64_t expected = 1;
  bool none = true, dense = true;
  for (int i = t.rank - 1; i >= 0; --i) {
    none &= t.stride[i] == 0;
    dense &= t.stride[i] == expected;
    expected *= t.shape[i];
  }
  return none || dense;
}

Tensor describe_input(const prm_tensor& t, const char* name) {
  std::optional<DType> type = dense_dtype(t.dtype);
  if (!type) fail_about(Status::invalid_argument, name, "input '{}': dtype {} is none of a dense tensor", name, t.dtype);
  if (t.rank < 0 || t.rank > PRM_MAX_RANK) fail_about(Status::invalid_argument, name, "input '{}': rank is {}, expected 0 to {}", name, t.rank, PRM_MAX_RANK);
  require_plain(t, name);
  Tensor tensor;
  tensor.dtype = *type;
  tensor.data = static_cast<std::byte*>(t.data);
  uint64_t bytes = uint64_t(info(*type).bytes);
  for (int i = 0; i < t.rank; ++i) {
    if (t.shape[i] < 0 || !checked_mul(bytes, std::max<uint64_t>(uint64_t(t.shape[i]), 1), bytes) || bytes > uint64_t(INT64_MAX))
      fail_about(Status::invalid_argument, name, "input '{}': shape[{}] is {}: out of range", name, i, t.shape[i]);
    tensor.dim[tensor.rank++] = t.shape[i];
  }
  return tensor;
}

void require_data(const prm_tensor& t, const Tensor& tensor, const char* name) {
  require_argument(is_contiguous(t), name, "is not contiguous");
  if (tensor.bytes() <= t.bytes && (t.data || !tensor.bytes())) return;
  fail_about(Status::invalid_argument, name, "input '{}': the shape has {} bytes, the buffer {}", name, tensor.bytes(), t.data ? t.bytes : 0);
}

void describe_output(const Tensor& made, DType type, prm_tensor& t) {
  t.dtype = public_dtype(type);
  t.rank = made.rank;
  t.bytes = uint64_t(made.count()) * uint64_t(info(type).bytes);
  for (int i = 0; i < PRM_MAX_RANK; ++i) t.stride[i] = 0, t.shape[i] = i < made.rank ? made.dim[i] : 0;
}

void run_tensors(TensorModel& model, std::span<const prm_tensor> inputs, const Control& control, std::span<prm_tensor> outputs) {
  TensorCall call(model, control);
  for (size_t i = 0; i < inputs.size(); ++i) {
    size_t at = find_port(model.inputs, inputs[i], i, "input");
    const char* name = model.inputs[at].name.c_str();
    Tensor tensor = describe_input(inputs[i], name);
    call.give(at, tensor);
    require_data(inputs[i], tensor, name);
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    size_t at = find_port(model.outputs, outputs[i], i, "output");
    require_plain(outputs[i], model.outputs[at].name.c_str());
  }
  call.plan();
  require_room_for(model, call, outputs, Moment::before_run);
  call.run();
  require_room_for(model, call, outputs, Moment::after_run);
  for (size_t i = 0; i < outputs.size(); ++i) {
    size_t at = find_port(model.outputs, outputs[i], i, "output");
    const Tensor& made = call.output(at);
    give_output(made, wanted_type(outputs[i], model.outputs[at], made.dtype), outputs[i]);
  }
}

namespace {

TileOptions read_tiles(const prm_tile_options* given) {
  prm_tile_options from = read_options(given, "options");
  require_argument(from.blend == PRM_BLEND_MEAN || from.blend == PRM_BLEND_GAUSSIAN, "blend", "is not PRM_BLEND_MEAN or PRM_BLEND_GAUSSIAN");
  if (!(from.overlap >= 0 && from.overlap <= 0.9)) fail_about(Status::invalid_argument, "overlap", "options.overlap is {}, expected 0 to 0.9", from.overlap);
  TileOptions options;
  std::copy_n(from.tile, PRM_MAX_RANK, options.tile);
  options.overlap = from.overlap;
  options.gaussian = from.blend == PRM_BLEND_GAUSSIAN;
  return options;
}

float* room_for_result(const Tensor& result, const String& name, prm_tensor& out) {
  uint64_t need = uint64_t(result.count()) * 4, capacity = out.data ? out.bytes : 0;
  if (capacity >= need) return static_cast<float*>(out.data);
  describe_output(result, DType::f32, out);
  fail_too_small(need, format_message("output '{}' needs {} bytes, the buffer has {}", name, need, capacity), name);
}

void run_in_tiles(TensorModel& model, const prm_tensor& input, const TileOptions& options, const Control& control, prm_tensor& out) {
  find_port(model.inputs, input, 0, "input");
  size_t at = find_port(model.outputs, out, 0, "output");
  const String& name = model.outputs[at].name;
  require_argument(out.dtype == PRM_DTYPE_ANY || out.dtype == PRM_DTYPE_F32, name.c_str(), "dtype is not ANY or F32");
  require_plain(out, name.c_str());
  require_argument(reinterpret_cast<uintptr_t>(out.data) % alignof(float) == 0, name.c_str(), "data does not lie on 4 bytes");
  Tensor whole = describe_input(input, "input");
  require_data(input, whole, "input");
  Tensor result = run_tiles(model, at, whole, options, control, [&](const Tensor& made) { return room_for_result(made, name, out); });
  describe_output(result, DType::f32, out);
}

}  // namespace

}  // namespace prm

using namespace prm;

prm_status prm_model_tensor(prm_model* model, int32_t direction, int32_t index, prm_tensor* out) try {
  ModelUse use(model, "model");
  require_argument(out, "out", "is NULL");
  require_argument(direction == PRM_INPUT || direction == PRM_OUTPUT, "direction", "is not PRM_INPUT or PRM_OUTPUT");
  bool input = direction == PRM_INPUT;
  size_t count = use->tensors ? (input ? use->tensors->inputs : use->tensors->outputs).size() : use->text->plan ? 1 : 0;
  if (index < 0 || size_t(index) >= count)
    fail_about(Status::not_found, "index", "the model has no {} {}: it has {}", input ? "input" : "output", index, count);
  prm_tensor described{};
  if (use->tensors) describe_port((input ? use->tensors->inputs : use->tensors->outputs)[size_t(index)], described);
  else describe_text(*use->text, input, described);
  *out = described;
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}

prm_status prm_run_tiles(prm_model* model, const prm_tensor* input, const prm_tile_options* options, const prm_control* control, prm_tensor* output) try {
  FloatState ours;
  ModelUse use(model, "model");
  require_own_turn(use);
  Listening listen(control, use);
  require_argument(input, "input", "is NULL");
  require_argument(output, "output", "is NULL");
  TileOptions tiles = read_tiles(options);
  if (!use->tensors) fail_about(Status::unsupported, "model", "the model takes text: only tensor models run in tiles");
  run_in_tiles(*use->tensors, *input, tiles, listen.control, *output);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}
