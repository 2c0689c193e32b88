// What the C functions share: handles, options in, infos out, errors. Each C function checks, calls one function of src/
// and translates the error; nothing else happens here.
#pragma once
#include <premise/premise.h>

#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#include "base/control.h"
#include "base/error.h"
#include "base/float_state.h"
#include "runtime/model.h"

struct prm_engine {
  prm::EnginePtr engine;
};
struct prm_model {
  prm::ModelPtr model;
};
struct prm_cancel {
  std::atomic<bool> fired{false};
};

namespace prm {

// In a function-try-block's handler: keeps the exception as this thread's error and gives its status.
prm_status status_from_exception() noexcept;

inline void require_argument(bool ok, const char* name, const char* what) {
  if (!ok) fail_about(Status::invalid_argument, name, "{}: {}", name, what);
}

// A growing struct as this library knows it. Zero-fills what an older host lacks; refuses what a newer one has set.
template <class T>
T read_options(const T* from, const char* name) {
  T options{};
  if (!from) return options;
  uint32_t size = from->struct_size;
  require_argument(size >= sizeof(uint32_t), name, "struct_size is not set: start the struct with PRM_INIT");
  std::memcpy(&options, from, size < sizeof(T) ? size : sizeof(T));
  auto* bytes = reinterpret_cast<const unsigned char*>(from);
  for (size_t i = sizeof(T); i < size; ++i)
    if (bytes[i]) fail_about(Status::unsupported, name, "{}: byte {} is set, which this library (version {}) does not know", name, i, PRM_VERSION);
  return options;
}

// Writes as much of an info as the host's struct has room for; its struct_size stays.
template <class T>
void write_info(T info, T* out) {
  uint32_t size = out->struct_size;
  info.struct_size = size;
  std::memcpy(out, &info, size < sizeof(T) ? size : sizeof(T));
}

Control read_control(const prm_control* control);
// Text out by (buffer, capacity, *size).
void write_text(const std::string& text, char* buffer, size_t capacity, size_t* size);
std::string_view read_text(const prm_text& text, const char* name);
// Ids of a prompt: its tokens, or its text tokenized.
std::vector<int32_t> read_prompt(const Model& model, const prm_prompt* prompt);

}  // namespace prm
