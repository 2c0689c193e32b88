// A GGUF file that nobody stores: its head is made once, its tensors where they are read.
#pragma once
#include <premise/premise.h>

#include <map>

#include "synth_model.h"

class SynthFile {
 public:
  explicit SynthFile(const SynthModel& model);
  SynthFile(const SynthFile&) = delete;
  SynthFile& operator=(const SynthFile&) = delete;

  const SynthModel& model() const { return model_; }
  const std::vector<SynthTensor>& tensors() const { return tensors_; }
  uint64_t size() const { return size_; }
  // Any part inside the file, from any thread, always the same bytes.
  void read(uint64_t offset, size_t size, uint8_t* to) const;

 private:
  size_t read_tensor(size_t index, uint64_t at, size_t size, uint8_t* to) const;
  SynthModel model_;
  std::vector<SynthTensor> tensors_;
  std::vector<SynthNumbers> numbers_;  // of each tensor
  std::map<double, HalfTable> halves_;
  std::string head_;
  uint64_t size_;
};

// Makes the host's files this one, whatever name is asked for. The file must outlive the engine.
void serve_synth(const SynthFile& file, prm_host& host);
