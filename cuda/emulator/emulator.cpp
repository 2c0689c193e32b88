#include "emulator/emulator.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define PRM_FIBER_ASAN 1
#endif

// Saves the registers that calls preserve on the stack that it leaves and takes those of the other one (System V, x86-64).
extern "C" void prm_emu_switch(void** leave_at, void* enter_at);
__asm__(R"(
.text
.globl prm_emu_switch
.hidden prm_emu_switch
.type prm_emu_switch,@function
prm_emu_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp,(%rdi)
  movq %rsi,%rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size prm_emu_switch,.-prm_emu_switch
)");

namespace prm::emu {

thread_local Mode mode;

namespace {

constexpr size_t kStack = 64 << 10, kShared = 99 << 10;  // the latter: of a block on sm_86, sm_89 and sm_120

enum class State : uint8_t { ready, at_barrier, in_warp, done };

struct Copy {
  void* to;
  const void* from;
  size_t size, read;
};

struct Fiber {
  void* stack_pointer = nullptr;
  char* stack = nullptr;
  State state = State::ready;
  dim3 index;
  std::vector<Copy> open;                  // not in a group yet
  std::vector<std::vector<Copy>> groups;   // the oldest first
};

struct Warp {
  uint32_t arrived = 0, mask = 0;
  Kind kind = Kind::sync;
  bool leaving = false;
  std::byte slot[32][64];
};

struct Block {
  Indices at;
  int threads = 0, live = 0, current = -1;
  std::vector<Fiber> fibers;
  std::vector<Warp> warps;
  int at_barrier = 0;
  std::vector<std::byte> shared;
  const std::function<void()>* body = nullptr;
  void* scheduler = nullptr;
  std::string failure;
#ifdef PRM_FIBER_ASAN
  const void* bottom = nullptr;
  size_t size = 0;
#endif
};

thread_local Block* running = nullptr;

Fiber& self() { return running->fibers[size_t(running->current)]; }
Warp& own_warp() { return running->warps[size_t(running->current / 32)]; }

void to_scheduler([[maybe_unused]] bool for_good) {
#ifdef PRM_FIBER_ASAN
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(for_good ? nullptr : &fake, running->bottom, running->size);
#endif
  prm_emu_switch(&self().stack_pointer, running->scheduler);
#ifdef PRM_FIBER_ASAN
  __sanitizer_finish_switch_fiber(fake, &running->bottom, &running->size);
#endif
}

void to_fiber(Block& block, int thread) {
  block.current = thread;
  Fiber& fiber = block.fibers[size_t(thread)];
#ifdef PRM_FIBER_ASAN
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, fiber.stack, kStack);
#endif
  prm_emu_switch(&block.scheduler, fiber.stack_pointer);
#ifdef PRM_FIBER_ASAN
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

[[noreturn]] void run_fiber() {
#ifdef PRM_FIBER_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &running->bottom, &running->size);
#endif
  try {
    (*running->body)();
    if (!self().open.empty() || !self().groups.empty()) fault("it ends with asynchronous copies in flight");
  } catch (const Fault& error) {
    if (running->failure.empty()) running->failure = error.what();
  }
  self().state = State::done;
  --running->live;
  to_scheduler(true);
  __builtin_unreachable();
}

void prepare_fiber(Fiber& fiber, char* stack) {
  fiber.stack = stack;
#ifdef PRM_FIBER_ASAN
  __asan_unpoison_memory_region(stack, kStack);
#endif
  auto** top = reinterpret_cast<void**>((reinterpret_cast<uintptr_t>(stack) + kStack) & ~uintptr_t(15));
  *--top = nullptr;  // where run_fiber would return to; it makes the stack what a call expects
  *--top = reinterpret_cast<void*>(run_fiber);
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  fiber.stack_pointer = top;
}

// Runs the threads [begin, end) that are ready, in the order of `order`; false: none was.
bool pass_over(Block& block, const std::vector<int>& order, int begin, int end) {
  bool ran = false;
  for (int i = begin; i < end && block.failure.empty(); ++i) {
    int thread = order[size_t(i)];
    if (block.fibers[size_t(thread)].state != State::ready) continue;
    to_fiber(block, thread);
    ran = true;
  }
  return ran;
}

void schedule(Block& block, std::mt19937_64& random) {
  std::vector<int> order(static_cast<size_t>(block.threads)), warps(block.warps.size());
  for (int i = 0; i < block.threads; ++i) order[size_t(i)] = mode.order == Order::backward ? block.threads - 1 - i : i;
  for (size_t i = 0; i < warps.size(); ++i) warps[i] = int(i);
  while (block.live && block.failure.empty()) {
    bool ran = false;
    if (mode.order == Order::ahead) {
      std::shuffle(warps.begin(), warps.end(), random);
      for (int warp : warps)
        while (pass_over(block, order, warp * 32, std::min(block.threads, warp * 32 + 32))) ran = true;
    } else {
      if (mode.order == Order::shuffled) std::shuffle(order.begin(), order.end(), random);
      ran = pass_over(block, order, 0, block.threads);
    }
    if (!ran && block.failure.empty()) {
      block.failure = "threads wait for others that never come: a barrier or a collective of a warp that not all reach";
    }
  }
}

void run_block(Block& block, const std::vector<std::unique_ptr<char[]>>& stacks, size_t shared_bytes, std::mt19937_64& random) {
  block.fibers.assign(size_t(block.threads), {});
  block.warps.assign(size_t(block.threads + 31) / 32, {});
  block.at_barrier = 0;
  block.shared.assign(shared_bytes + 16, std::byte{0xff});
  block.live = block.threads;
  for (int i = 0; i < block.threads; ++i) {
    const dim3& size = block.at.block_size;
    block.fibers[size_t(i)].index = dim3(unsigned(i) % size.x, unsigned(i) / size.x % size.y, unsigned(i) / (size.x * size.y));
    prepare_fiber(block.fibers[size_t(i)], stacks[size_t(i)].get());
  }
  schedule(block, random);
  if (block.failure.empty()) return;
  const dim3& at = block.at.block;
  throw Fault(block.failure + " (block " + std::to_string(at.x) + ", " + std::to_string(at.y) + ", " + std::to_string(at.z) + ")");
}

void release_barrier(Block& block) {
  block.at_barrier = 0;
  for (Fiber& fiber : block.fibers)
    if (fiber.state == State::at_barrier) fiber.state = State::ready;
}

// All lanes of `mask` are here before one goes on.
void rendezvous(uint32_t mask, Kind kind, bool leaving) {
  Warp& warp = own_warp();
  uint32_t bit = 1u << lane();
  if (!(mask & bit)) fault("a lane calls a collective of its warp whose mask it is not in");
  if (!warp.arrived) warp.mask = mask, warp.kind = kind, warp.leaving = leaving;
  else if (warp.mask != mask || warp.kind != kind || warp.leaving != leaving) fault("lanes of a warp meet in different collectives or with different masks");
  warp.arrived |= bit;
  if (warp.arrived != warp.mask) {
    self().state = State::in_warp;
    to_scheduler(false);
    return;
  }
  warp.arrived = 0;
  int first = running->current / 32 * 32;
  for (int i = 0; i < 32 && first + i < running->threads; ++i) {
    Fiber& fiber = running->fibers[size_t(first + i)];
    if ((mask >> i & 1) && fiber.state == State::in_warp) fiber.state = State::ready;
  }
}

}  // namespace

void launch(dim3 grid, dim3 block_size, size_t shared_bytes, const std::function<void()>& body) {
  Block block;
  block.at.block_size = block_size, block.at.grid_size = grid;
  block.threads = int(block_size.x * block_size.y * block_size.z);
  block.body = &body;
  if (block.threads < 1 || block.threads > 1024) throw Fault("a block has 1 to 1024 threads");
  if (shared_bytes > kShared) throw Fault("a block has more shared memory than some GPUs give");
  std::vector<std::unique_ptr<char[]>> stacks;
  for (int i = 0; i < block.threads; ++i) stacks.emplace_back(new char[kStack]);
  std::mt19937_64 random(mode.seed);
  std::vector<unsigned> blocks(size_t(grid.x) * grid.y * grid.z);
  for (size_t i = 0; i < blocks.size(); ++i) blocks[i] = unsigned(mode.order == Order::backward ? blocks.size() - 1 - i : i);
  if (mode.order == Order::shuffled || mode.order == Order::ahead) std::shuffle(blocks.begin(), blocks.end(), random);
  Block* outer = running;
  running = &block;
  try {
    for (unsigned i : blocks) {
      block.at.block = dim3(i % grid.x, i / grid.x % grid.y, i / (grid.x * grid.y));
      run_block(block, stacks, shared_bytes, random);
    }
  } catch (...) {
    running = outer;
    throw;
  }
  running = outer;
}

const Indices& indices() {
  running->at.thread = self().index;
  return running->at;
}

std::byte* shared_memory() {
  return reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(running->shared.data()) + 15) & ~uintptr_t(15));
}

int lane() { return running->current & 31; }

void fault(const char* what) { throw Fault(std::string("thread ") + std::to_string(running->current) + ": " + what); }

void wait_for_block() {
  if (running->live != running->threads) fault("a barrier is left to part of the block: others have ended");
  if (++running->at_barrier == running->threads) {
    release_barrier(*running);
    return;
  }
  self().state = State::at_barrier;
  to_scheduler(false);
}

Slots meet(uint32_t mask, Kind kind, const void* bytes, size_t size) {
  Warp& warp = own_warp();
  if (size) std::memcpy(warp.slot[lane()], bytes, size);
  rendezvous(mask, kind, false);
  return warp.slot;
}

void leave(uint32_t mask, Kind kind) { rendezvous(mask, kind, true); }

void copy_later(void* to, const void* from, size_t size, size_t read) {
  if ((reinterpret_cast<uintptr_t>(to) | reinterpret_cast<uintptr_t>(from)) % size) fault("an asynchronous copy is not aligned to its size");
  std::memset(to, 0xff, size);
  self().open.push_back({to, from, size, read});
}

void close_copies() {
  self().groups.push_back(std::move(self().open));
  self().open.clear();
}

void await_copies(size_t open) {
  auto& groups = self().groups;
  while (groups.size() > open) {
    for (const Copy& copy : groups.front()) {
      std::memcpy(copy.to, copy.from, copy.read);
      std::memset(static_cast<std::byte*>(copy.to) + copy.read, 0, copy.size - copy.read);
    }
    groups.erase(groups.begin());
  }
}

}  // namespace prm::emu
