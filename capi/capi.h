// What the C functions share: handles, options in, infos out, errors. Each C function checks, calls one function of src/
// and translates the error; nothing else happens here.
#pragma once
#include <premise/premise.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "base/control.h"
#include "base/error.h"
#include "base/float_state.h"
#include "capi/handles.h"
#include "runtime/generate.h"
#include "runtime/tensor_model.h"

namespace prm {

// What handles stand for lies in the memory of the engine's host, outside of its account: it outlives that.
struct EngineObject {
  MemoryService memory;
  EnginePtr engine = nullptr;
};
struct ModelObject {
  MemoryService memory;
  EnginePtr engine = nullptr;  // before the model: the model's memory goes back to it
  ModelPtr text = nullptr;     // this,
  TensorModelPtr tensors = nullptr;  // or this
};
struct SessionObject {
  MemoryService memory;
  EnginePtr engine = nullptr;
  ModelPtr model = nullptr;
  Session* session = nullptr;  // the model's
  ~SessionObject() {
    if (session) close_session(*session);
  }
};

// In a function-try-block's handler: keeps the exception as this thread's error and gives its status.
prm_status status_from_exception() noexcept;

template <class Object>
void destroy(Object* object) noexcept {
  MemoryService memory = object->memory;
  object->~Object();
  memory.give(object, sizeof(Object), alignof(Object), MemoryKind::objects);
}
template <class Object>
using ObjectPtr = std::unique_ptr<Object, void (*)(Object*) noexcept>;
template <class Object>
ObjectPtr<Object> make_object(const MemoryService& memory) {
  void* place = memory.take(sizeof(Object), alignof(Object), MemoryKind::objects);
  if (!place) fail(Status::out_of_memory, "the host's allocator refused a handle of {} bytes", sizeof(Object));
  return {new (place) Object{memory}, destroy<Object>};
}
template <class Public, class Object>
Public* hand_out(HandleKind kind, ObjectPtr<Object> object) {
  auto* handle = static_cast<Public*>(open_handle(kind, object.get()));
  object.release();
  return handle;
}

template <class Object, HandleKind kKind>
struct UseOf : AnyUse {
  UseOf(const void* handle, const char* name) : AnyUse(handle, kKind, name) {}
  Object* get() const { return static_cast<Object*>(object()); }
  Object* operator->() const { return get(); }
};
using EngineUse = UseOf<EngineObject, HandleKind::engine>;
using ModelUse = UseOf<ModelObject, HandleKind::model>;
using SessionHold = UseOf<SessionObject, HandleKind::session>;
struct CancelUse : AnyUse {
  explicit CancelUse(const void* handle) : AnyUse(handle, HandleKind::cancel, "control.cancel") {}
};

// A call that waits for its turn on a model would wait for itself.
inline void require_own_turn(const ModelUse& use) {
  if (use.is_nested()) fail_about(Status::invalid_state, "model", "a call on the model is under way on this thread: its callbacks may query and fire, nothing else");
}

// For calls on text and tokens.
const ModelPtr& text_model(const ModelObject& object);

// A call's control, and the end of what it works on.
struct Listening {
  std::optional<CancelUse> token;
  Control control;
  Listening(const prm_control* control, const AnyUse& on);
};

[[noreturn]] inline void fail_too_small(uint64_t need, std::string message, std::string_view subject = {}) {
  Error error(Status::buffer_too_small, std::move(message), subject);
  error.needed_bytes = need;
  throw error;
}
inline void require_argument(bool ok, const char* name, const char* what) {
  if (!ok) fail_about(Status::invalid_argument, name, "{}: {}", name, what);
}

// No struct of any version is larger: what is, was not started with PRM_INIT.
inline constexpr uint32_t kMaxStructBytes = 4096;
inline bool is_struct_size(uint32_t size) { return size >= sizeof(uint32_t) && size <= kMaxStructBytes; }
template <class T>
void require_info(const T* out, const char* name) {
  require_argument(out && is_struct_size(out->struct_size), name, "is NULL or not started with PRM_INIT");
}

// A growing struct as this library knows it. Zero-fills what an older host lacks; refuses what a newer one has set.
template <class T>
T read_options(const T* from, const char* name) {
  T options{};
  if (!from) return options;
  uint32_t size = from->struct_size;
  require_argument(is_struct_size(size), name, "struct_size is not that of a struct: start it with PRM_INIT");
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

// Text out by (buffer, capacity, *size).
void require_room(size_t text_size, char* buffer, size_t capacity, size_t* size);
void write_text(std::string_view text, char* buffer, size_t capacity, size_t* size);
std::string_view read_text(const prm_text& text, const char* name);
PromptSource read_prompt(const prm_prompt* prompt, const Limits& limits);

// Tensors.
prm_dtype public_dtype(DType type);
std::optional<DType> dense_dtype(prm_dtype type);
void require_plain(const prm_tensor& tensor, const char* name);
bool is_contiguous(const prm_tensor& tensor);  // of a shape that was checked
Tensor describe_input(const prm_tensor& tensor, const char* name);
void require_data(const prm_tensor& given, const Tensor& tensor, const char* name);
void describe_output(const Tensor& made, DType type, prm_tensor& out);
void run_tensors(TensorModel& model, std::span<const prm_tensor> inputs, const Control& control, std::span<prm_tensor> outputs);

}  // namespace prm
