// Bounds on what comes from outside, as the host may tighten them (prm_limits). Each is the most that is taken; beyond it: limit.
#pragma once
#include <cstddef>
#include <cstdint>

namespace prm {

struct Limits {
  int nesting = 64;                              // of JSON, and of a template's expressions and statements
  uint64_t file_bytes = uint64_t(1) << 40;       // one file of a model
  uint64_t metadata_bytes = uint64_t(256) << 20;  // one file's header, or one JSON file of a folder
  uint64_t tensors = uint64_t(1) << 20;          // of one file
  size_t prompt_bytes = size_t(16) << 20;        // a text, or all messages, or one JSON text
  uint64_t template_steps = uint64_t(1) << 20;   // one rendering
  uint64_t image_elements = uint64_t(1) << 30;   // one image or volume
};

}  // namespace prm
