#include "runtime/finite_weights.h"

#include <algorithm>

#include "quant/format.h"

namespace prm {

namespace {

constexpr size_t kPiece = 32 << 10;  // on the stack
constexpr uint64_t kProgress = 16 << 20;

bool is_finite_tensor(const NamedTensor& tensor, auto&& told) {
  alignas(64) std::byte buffer[kPiece];
  size_t block = size_t(info(tensor.data.dtype).bytes), most = kPiece / block * block;
  const FileBytes& file = *tensor.file;
  for (size_t at = 0, size = tensor.data.bytes(), n; at < size; at += n) {
    n = std::min(size - at, most);
    const std::byte* blocks = buffer;
    if (file.in_memory) blocks = file.bytes.data() + tensor.offset + at;
    else file.read(tensor.offset + at, n, buffer);
    if (!weights_are_finite(tensor.data.dtype, blocks, n)) return false;
    told(n);
  }
  return true;
}

const NamedTensor* find_not_finite(const ModelFile& model, auto&& told) {
  for (const NamedTensor& tensor : model.stored_tensors())
    if (!is_finite_tensor(tensor, told)) return &tensor;
  return nullptr;
}

}  // namespace

void require_finite_weights(const ModelFile& model, const Control& control) {
  uint64_t done = 0, total = 0, next = 0;
  for (const NamedTensor& tensor : model.stored_tensors()) total += tensor.data.bytes();
  const NamedTensor* found = find_not_finite(model, [&](size_t n) {
    done += n;
    if (done < next && done < total) return;
    next = done + kProgress;
    control.progress("verify", done, total);
  });
  if (!found) return;
  fail_about(Status::numeric, found->name, "tensor '{}' in {} holds NaN or infinity: the file is damaged, fetch it again", found->name, found->file->name);
}

void fail_not_finite(const ModelFile& model, const Control& control) {
  const NamedTensor* found = nullptr;
  bool looked = true;
  try {
    found = find_not_finite(model, [&](size_t) { control.require(); });
  } catch (const Error&) {
    looked = false;
  }
  if (found)
    fail_about(Status::numeric, found->name, "the logits hold NaN or infinity: tensor '{}' in {} does: the file is damaged, fetch it again", found->name,
               found->file->name);
  fail_about(Status::numeric, "logits", "the logits hold NaN or infinity{}: the prompt overflows float32, or the weights are damaged",
             looked ? ", and no weight in the files does" : "");
}

}  // namespace prm
