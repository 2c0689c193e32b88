#include "runtime/finite_weights.h"

#include <algorithm>
#include <cstring>

#include "formats/onnx_tensors.h"
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

namespace {

// By their bits: a read may end inside no value, since pieces are a multiple of all widths.
template <class Bits>
bool has_nan(const std::byte* data, size_t size, Bits infinity) {
  constexpr Bits kMagnitude = Bits(~Bits(0)) >> 1;
  for (size_t at = 0; at < size; at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, data + at, sizeof bits);
    if (Bits(bits & kMagnitude) > infinity) return true;
  }
  return false;
}

bool has_nan(OnnxType type, const std::byte* data, size_t size) {
  switch (type) {
    case OnnxType::f32: return has_nan<uint32_t>(data, size, 0x7f800000);
    case OnnxType::f64: return has_nan<uint64_t>(data, size, 0x7ff0000000000000);
    case OnnxType::f16: return has_nan<uint16_t>(data, size, 0x7c00);
    case OnnxType::bf16: return has_nan<uint16_t>(data, size, 0x7f80);
    default: return false;
  }
}

bool is_real(OnnxType type) { return type == OnnxType::f32 || type == OnnxType::f64 || type == OnnxType::f16 || type == OnnxType::bf16; }

}  // namespace

void require_no_nan(const OnnxModel& model, const Control& control) {
  alignas(64) std::byte buffer[kPiece];
  uint64_t done = 0, total = 0;
  each_tensor(model, [&](std::string_view, const OnnxTensor& tensor) { total += is_real(tensor.type) ? tensor.bytes : 0; });
  each_tensor(model, [&](std::string_view name, const OnnxTensor& tensor) {
    for (uint64_t at = 0; is_real(tensor.type) && at < tensor.bytes; at += kPiece) {
      size_t n = size_t(std::min<uint64_t>(kPiece, tensor.bytes - at));
      tensor.file->read(tensor.offset + at, n, buffer);
      if (has_nan(tensor.type, buffer, n)) fail_about(Status::numeric, name, "tensor '{}' in {} holds NaN: the file is damaged, fetch it again", name, tensor.file->name);
      done += n;
      if (done % kProgress < kPiece || done == total) control.progress("verify", done, total);
    }
  });
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
