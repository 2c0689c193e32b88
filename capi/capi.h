// What the C functions share: handles, options in, infos out, errors. Each C function checks, calls one function of src/
// and translates the error; nothing else happens here.
#pragma once
#include <premise/premise.h>

#include <atomic>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "base/control.h"
#include "base/error.h"
#include "base/float_state.h"
#include "runtime/generate.h"

// Handles lie in the memory of the engine's host, outside of its account: they outlive it.
struct prm_engine {
  prm::MemoryService memory;
  prm::EnginePtr engine = nullptr;
};
struct prm_model {
  prm::MemoryService memory;
  prm::EnginePtr engine = nullptr;  // before the model: the model's memory goes back to it
  prm::ModelPtr model = nullptr;
};
struct prm_session {
  prm::MemoryService memory;
  prm::EnginePtr engine = nullptr;
  prm::ModelPtr model = nullptr;
  prm::Session* session = nullptr;  // the model's
};
struct prm_cancel {
  std::atomic<bool> fired{false};
};

namespace prm {

// In a function-try-block's handler: keeps the exception as this thread's error and gives its status.
prm_status status_from_exception() noexcept;

template <class Handle>
Handle* make_handle(const MemoryService& memory) {
  void* place = memory.take(sizeof(Handle), alignof(Handle), MemoryKind::objects);
  if (!place) fail(Status::out_of_memory, "the host's allocator refused a handle of {} bytes", sizeof(Handle));
  return new (place) Handle{memory};
}
template <class Handle>
void close_handle(Handle* handle) noexcept {
  if (!handle) return;
  MemoryService memory = handle->memory;
  handle->~Handle();
  memory.give(handle, sizeof(Handle), alignof(Handle), MemoryKind::objects);
}

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
void require_room(size_t text_size, char* buffer, size_t capacity, size_t* size);
void write_text(std::string_view text, char* buffer, size_t capacity, size_t* size);
std::string_view read_text(const prm_text& text, const char* name);
PromptSource read_prompt(const prm_prompt* prompt);

}  // namespace prm
