// The floating-point state that the numeric rules assume: round to nearest even, denormals kept, exceptions masked. The
// host's own state is put back on the way out.
#pragma once
#include <cstdint>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace prm {

class FloatState {
 public:
#if defined(__x86_64__)
  FloatState() noexcept : host_(_mm_getcsr()) { _mm_setcsr(0x1f80); }
  ~FloatState() { _mm_setcsr(host_); }
#else
  FloatState() noexcept = default;
#endif
  FloatState(const FloatState&) = delete;
  FloatState& operator=(const FloatState&) = delete;

 private:
  [[maybe_unused]] uint32_t host_ = 0;
};

}  // namespace prm
