#include "synth_file.h"

#include <algorithm>
#include <cstring>

#include "gguf_header.h"
#include "synth_vocabulary.h"

namespace {

std::string make_head(const SynthModel& model, const std::vector<SynthTensor>& tensors) {
  constexpr uint32_t kFileTypes[] = {15, 7, 1};  // llama.cpp's numbers of Q4_K_M, Q8_0, F16
  const SynthShape& s = *model.shape;
  std::string arch = s.architecture;
  GgufHeader header;
  header.text("general.architecture", arch);
  header.text("general.name", model.name + " of random weights");
  header.u32("general.file_type", kFileTypes[int(model.type)]);
  header.u32("general.alignment", GgufHeader::kAlignment);
  header.u32(arch + ".block_count", s.layers);
  header.u32(arch + ".context_length", s.context);
  header.u32(arch + ".embedding_length", s.width);
  header.u32(arch + ".feed_forward_length", s.ffn);
  header.u32(arch + ".attention.head_count", s.heads);
  header.u32(arch + ".attention.head_count_kv", s.kv_heads);
  header.f32(arch + ".attention.layer_norm_rms_epsilon", s.norm_epsilon);
  header.f32(arch + ".rope.freq_base", s.rope_base);
  header.u32(arch + ".rope.dimension_count", s.width / s.heads);
  header.u32(arch + ".vocab_size", s.vocabulary);
  add_vocabulary(header, s.vocabulary, arch == "llama");
  for (const SynthTensor& tensor : tensors) header.tensor(tensor.name, tensor.extents, tensor.blocks->gguf, tensor.offset);
  return header.finish();
}

constexpr double kVariation = 0.1;  // of gains and biases

// One handle stands for all: reading changes nothing.
int32_t open_synth(void* user, const char*, int32_t, void** file, uint64_t* size) {
  *file = user;
  *size = static_cast<const SynthFile*>(user)->size();
  return 0;
}
int32_t read_synth(void* user, void*, uint64_t offset, void* data, size_t size) {
  static_cast<const SynthFile*>(user)->read(offset, size, static_cast<uint8_t*>(data));
  return 0;
}
int32_t close_synth(void*, void*, int32_t) { return 0; }

}  // namespace

SynthFile::SynthFile(const SynthModel& model) : model_(model), tensors_(list_tensors(model)), head_(make_head(model, tensors_)) {
  size_ = GgufHeader::aligned(head_.size() + tensors_.back().offset + tensors_.back().bytes);
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const SynthTensor& tensor = tensors_[i];
    SynthNumbers numbers;
    numbers.key = synth_key(model_.seed, i);
    numbers.center = float(tensor.center);
    numbers.spread = float(kVariation);
    if (tensor.blocks == &kSynthF16) {
      auto [found, is_new] = halves_.try_emplace(tensor.deviation);
      if (is_new) fill_half_table(found->second, tensor.deviation);
      numbers.halves = &found->second;
    } else if (tensor.deviation > 0) {
      set_deviation(numbers, *tensor.blocks, tensor.deviation);
    }
    numbers_.push_back(numbers);
  }
}

void SynthFile::read(uint64_t offset, size_t size, uint8_t* to) const {
  size_t done = 0;
  if (offset < head_.size()) {
    done = std::min(size, size_t(head_.size() - offset));
    std::memcpy(to, head_.data() + offset, done);
  }
  while (done < size) {
    uint64_t at = offset + done - head_.size();
    auto next = std::upper_bound(tensors_.begin(), tensors_.end(), at, [](uint64_t place, const SynthTensor& t) { return place < t.offset; });
    done += read_tensor(size_t(next - tensors_.begin()) - 1, at, size - done, to + done);
  }
}

// Of the tensor and what pads it; gives how much of `size` that was.
size_t SynthFile::read_tensor(size_t index, uint64_t at, size_t size, uint8_t* to) const {
  const SynthTensor& tensor = tensors_[index];
  const SynthBlocks& blocks = *tensor.blocks;
  uint64_t begin = at - tensor.offset, padded = GgufHeader::aligned(tensor.bytes);
  size = size_t(std::min<uint64_t>(size, padded - begin));
  if (begin >= tensor.bytes) {
    std::memset(to, 0, size);
    return size;
  }
  size = size_t(std::min<uint64_t>(size, tensor.bytes - begin));
  uint64_t block = begin / blocks.bytes, skipped = begin % blocks.bytes;
  if (!skipped && size >= blocks.bytes) {
    uint64_t count = size / blocks.bytes;
    blocks.fill(numbers_[index], block, count, to);
    return size_t(count * blocks.bytes);
  }
  uint8_t one[256];
  blocks.fill(numbers_[index], block, 1, one);
  size = size_t(std::min<uint64_t>(size, blocks.bytes - skipped));
  std::memcpy(to, one + skipped, size);
  return size;
}

void serve_synth(const SynthFile& file, prm_host& host) {
  host.file_user = const_cast<SynthFile*>(&file);
  host.file_open = open_synth;
  host.file_read = read_synth;
  host.file_close = close_synth;
}
