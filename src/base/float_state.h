// The floating-point state that the numeric rules assume: round to nearest even, denormals kept, exceptions masked. The
// host's own state is put back on the way out, and while its own functions run.
#pragma once
#include <cstdint>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace prm {

#if defined(__x86_64__)
inline uint32_t read_float_state() noexcept { return _mm_getcsr(); }
inline void write_float_state(uint32_t state) noexcept { _mm_setcsr(state); }
#else
inline uint32_t read_float_state() noexcept { return 0; }
inline void write_float_state(uint32_t) noexcept {}
#endif
inline constexpr uint32_t kOurFloatState = 0x1f80;

// Around everything of ours that computes: each C call, each thread.
class FloatState {
 public:
  FloatState() noexcept : host_(read_float_state()), outer_(innermost_) {
    innermost_ = this;
    write_float_state(kOurFloatState);
  }
  ~FloatState() {
    innermost_ = outer_;
    write_float_state(host_);
  }
  FloatState(const FloatState&) = delete;
  FloatState& operator=(const FloatState&) = delete;

 private:
  friend class HostFloatState;
  static inline constinit thread_local FloatState* innermost_ = nullptr;
  uint32_t host_;
  FloatState* outer_;
};

// Around a callback of the host: it computes in its own state, and what it changes there is its own again when the call ends.
class HostFloatState {
 public:
  HostFloatState() noexcept : call_(FloatState::innermost_) {
    if (call_) write_float_state(call_->host_);
  }
  ~HostFloatState() {
    if (!call_) return;
    call_->host_ = read_float_state();
    write_float_state(kOurFloatState);
  }
  HostFloatState(const HostFloatState&) = delete;
  HostFloatState& operator=(const HostFloatState&) = delete;

 private:
  FloatState* call_;
};

}  // namespace prm
