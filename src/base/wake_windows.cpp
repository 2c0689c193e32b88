#include <windows.h>

#include "base/wake.h"

namespace prm {

namespace {
static_assert(sizeof(std::atomic<int>) == sizeof(int));
void* address_of(const std::atomic<int>& number) { return const_cast<std::atomic<int>*>(&number); }
}  // namespace

void wait_while(const std::atomic<int>& number, int seen) noexcept { WaitOnAddress(address_of(number), &seen, sizeof seen, INFINITE); }
void wake_one(const std::atomic<int>& number) noexcept { WakeByAddressSingle(address_of(number)); }
void wake_all(const std::atomic<int>& number) noexcept { WakeByAddressAll(address_of(number)); }

}  // namespace prm
