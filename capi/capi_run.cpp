// Tensor runs.
#include "base/checked.h"
#include "capi/capi.h"
#include "runtime/generate.h"

namespace prm {

namespace {

struct TokenBatch {
  const int32_t* data;
  int64_t B, T;
  int rank;
};

TokenBatch read_tokens(const prm_tensor* inputs, size_t count) {
  require_argument(inputs && count == 1, "inputs", "expected one tensor: tokens [B, T] int32");
  const prm_tensor& t = inputs[0];
  if (t.name && std::strcmp(t.name, "tokens")) fail_about(Status::not_found, t.name, "the model has no input '{}', it has 'tokens'", t.name);
  require_argument(t.dtype == PRM_DTYPE_I32, "tokens", "dtype is not I32");
  require_argument(t.rank == 1 || t.rank == 2, "tokens", "rank is not 1 or 2");
  require_plain(t, "tokens");
  TokenBatch batch{static_cast<const int32_t*>(t.data), t.rank == 2 ? t.shape[0] : 1, t.shape[t.rank - 1], t.rank};
  require_argument(batch.B >= 1 && batch.T >= 1 && batch.B <= (1 << 20) && batch.T <= (1 << 24), "tokens", "shape is out of range");
  require_argument(is_contiguous(t), "tokens", "is not contiguous");
  require_argument(t.data && t.bytes >= uint64_t(batch.B) * uint64_t(batch.T) * 4, "tokens", "data is NULL or bytes is smaller than the shape");
  return batch;
}

// Where logits go, what they will be filled in last: other failures leave the output as it was.
float* prepare_logits(prm_tensor* outputs, size_t count, const TokenBatch& batch, int64_t V) {
  require_argument(outputs && count == 1, "outputs", "expected one tensor: logits");
  prm_tensor& t = outputs[0];
  if (t.name && std::strcmp(t.name, "logits")) fail_about(Status::not_found, t.name, "the model has no output '{}', it has 'logits'", t.name);
  require_argument(t.dtype == PRM_DTYPE_ANY || t.dtype == PRM_DTYPE_F32, "logits", "dtype is not ANY or F32");
  require_plain(t, "logits");
  uint64_t need = 4;
  if (!checked_mul(need, uint64_t(batch.B), need) || !checked_mul(need, uint64_t(batch.T), need) || !checked_mul(need, uint64_t(V), need))
    fail(Status::limit, "logits of {} x {} tokens are too large", batch.B, batch.T);
  uint64_t capacity = t.data ? t.bytes : 0;
  t.dtype = PRM_DTYPE_F32;
  t.rank = batch.rank + 1;
  int64_t shape[3] = {batch.B, batch.T, V};
  for (int i = 0; i < PRM_MAX_RANK; ++i) t.stride[i] = 0, t.shape[i] = i < t.rank ? shape[i + 2 - batch.rank] : 0;
  t.bytes = need;
  if (capacity >= need) return static_cast<float*>(t.data);
  fail_too_small(need, format_message("logits need {} bytes, the buffer has {}", need, capacity), "logits");
}

}  // namespace

}  // namespace prm

using namespace prm;

prm_status prm_run(prm_model* model, const prm_tensor* inputs, size_t input_count, const prm_control* control, prm_tensor* outputs,
                   size_t output_count) try {
  FloatState ours;
  ModelUse use(model, "model");
  require_own_turn(use);
  Listening listen(control, use);
  if (use->tensors) {
    require_argument(inputs || input_count == 0, "inputs", "is NULL");
    require_argument(outputs || output_count == 0, "outputs", "is NULL");
    run_tensors(*use->tensors, {inputs, input_count}, listen.control, {outputs, output_count});
    return PRM_STATUS_OK;
  }
  TokenBatch batch = read_tokens(inputs, input_count);
  Model& text = *use->text;
  int64_t V = text.config.vocabulary;
  require_runnable(text);
  for (int64_t b = 0; b < batch.B; ++b) check_tokens(text, {batch.data + b * batch.T, size_t(batch.T)});
  float* out = prepare_logits(outputs, output_count, batch, V);
  for (int64_t b = 0; b < batch.B; ++b)
    score(text, {batch.data + b * batch.T, size_t(batch.T)}, listen.control, out + b * batch.T * V);
  return PRM_STATUS_OK;
} catch (...) {
  return status_from_exception();
}
