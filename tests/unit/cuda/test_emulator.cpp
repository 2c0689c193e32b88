// The emulator finds what is wrong on a GPU: a kernel without a bug passes in every order of threads and blocks, each seeded bug is a fault,
// a wrong result or a changed byte behind a buffer in one of them.
#include <cstdio>
#include <numeric>

#include "seeded_bugs.h"
#include "support/catch.h"
#include "support/emulated_cuda.h"
#include "support/random.h"

using namespace prm;
using namespace prm::test;

namespace {

// A buffer between bytes of ones (NaN as floats), which must stay.
template <class T>
struct Guarded {
  static constexpr size_t kGuard = 64;
  std::vector<std::byte> bytes;
  size_t count;
  explicit Guarded(size_t n) : bytes(2 * kGuard + n * sizeof(T), std::byte{0xff}), count(n) {}
  T* data() { return reinterpret_cast<T*>(bytes.data() + kGuard); }
  bool whole() const {
    auto ones = [](std::byte b) { return b == std::byte{0xff}; };
    return std::all_of(bytes.begin(), bytes.begin() + kGuard, ones) && std::all_of(bytes.end() - kGuard, bytes.end(), ones);
  }
};

// "" when all is as it should be.
std::string outcome(Bug bug) {
  constexpr int kBlocks = 3, kK = 64 * 7, kRows = 16 * kBlocks;
  Guarded<int8_t> w(size_t(kRows) * kK), x(kK);
  Guarded<int32_t> y(kRows), ticket(1), total(1);
  Random random(11);
  for (size_t i = 0; i < w.count; ++i) w.data()[i] = int8_t(100 * random.uniform());
  for (size_t i = 0; i < x.count; ++i) x.data()[i] = int8_t(100 * random.uniform());
  *ticket.data() = 0;
  try {
    launch_seeded(bug, {w.data(), x.data(), y.data(), ticket.data(), total.data(), kK}, kBlocks);
  } catch (const emu::Fault& fault) {
    return fault.what();
  }
  int32_t sum = 0;
  for (int row = 0; row < kRows; ++row) {
    int32_t expected = 0;
    for (int k = 0; k < kK; ++k) expected += w.data()[row * kK + k] * x.data()[k];
    if (y.data()[row] != expected) return "a wrong result";
    sum += expected;
  }
  if (*total.data() != sum) return "a wrong total";
  return y.whole() && total.whole() && ticket.whole() ? "" : "bytes behind a buffer are changed";
}

constexpr const char* kBugs[] = {"none", "missing wait", "missing barrier", "missing barrier of sums", "wrong fragment", "wrong mask", "read beyond", "write beyond", "stale slot",
                                 "order in place of a ticket", "divergent barrier", "copies in flight", "uninitialized shared memory", "misaligned copy"};
static_assert(std::size(kBugs) == size_t(Bug::count));

}  // namespace

TEST_CASE("emulator: a kernel without a bug passes in every order") {
  in_all_orders([] { CHECK(outcome(Bug::none).empty()); });
}

TEST_CASE("emulator: every seeded bug is found") {
  int found = 0;
  for (int bug = 1; bug < int(Bug::count); ++bug) {
    std::string seen;
    in_all_orders([&] {
      std::string now = outcome(Bug(bug));
      if (seen.empty()) seen = now;
    });
    INFO(kBugs[bug]);
    CHECK(!seen.empty());
    found += !seen.empty();
  }
  std::printf("seeded bugs: %d of %d found\n", found, int(Bug::count) - 1);
}

TEST_CASE("emulator: faults name the block and the thread") {
  std::string said = outcome(Bug::misaligned_copy);
  INFO(said);
  CHECK((said.find("an asynchronous copy is not aligned to its size (block ") != std::string::npos && said.starts_with("thread ")));
}
