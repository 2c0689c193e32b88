// Sleeping until a number changes, and waking those who sleep. May wake for nothing: callers look again.
#pragma once
#include <atomic>

namespace prm {

#if defined(_WIN32)
// Not libstdc++'s: it notifies without the lock under which the other compares and goes to sleep, so that wake-ups are lost.
void wait_while(const std::atomic<int>& number, int seen) noexcept;
void wake_one(const std::atomic<int>& number) noexcept;
void wake_all(const std::atomic<int>& number) noexcept;
#else
inline void wait_while(const std::atomic<int>& number, int seen) noexcept { number.wait(seen); }
inline void wake_one(std::atomic<int>& number) noexcept { number.notify_one(); }
inline void wake_all(std::atomic<int>& number) noexcept { number.notify_all(); }
#endif

}  // namespace prm
