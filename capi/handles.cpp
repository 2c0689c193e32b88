#include "capi/handles.h"

#include "base/error.h"
#include "base/fork_mark.h"
#include "base/wake.h"

namespace prm {

namespace {

// A handle: generation << 20 | slot << 4 | kind. A state: generation << 24 | open << 23 | closing << 22 | uses.
constexpr size_t kSlots = 1 << 16;
constexpr uint64_t kOpen = 1 << 23, kClosing = 1 << 22, kUses = kClosing - 1, kGenerations = (uint64_t(1) << 40) - 1;

constinit HandleSlot slots[kSlots];  // the first is never given out
constinit ForkMark process{0};
thread_local constinit AnyUse* innermost = nullptr;  // of the calls that are under way, one inside another's callback

uint64_t generation_of(uint64_t state) { return state >> 24; }

// Uses by threads that vanished in a fork never end.
void notice_fork() noexcept {
  process.check([] {
    for (HandleSlot& slot : slots)
      if (slot.state.load() & kUses) slot.state.fetch_and(~kUses);
    AnyUse::count_again();
  });
}

// The slot that a handle names, or nullptr; expected: the state that it has while the handle is open.
HandleSlot* find_slot(const void* handle, HandleKind kind, uint64_t& expected) noexcept {
  uint64_t number = uint64_t(reinterpret_cast<uintptr_t>(handle));
  HandleSlot& slot = slots[number >> 4 & (kSlots - 1)];
  expected = (number >> 20) << 24 | kOpen;
  return handle && (number & 15) == uint64_t(kind) ? &slot : nullptr;
}

bool is_open(uint64_t state, uint64_t expected) { return (state & ~kUses) == expected; }

void give_back(HandleSlot& slot, uint64_t state) noexcept {
  destroy_object(slot.kind, slot.object);
  slot.object = nullptr;
  slot.given_back.fetch_add(1);
  slot.state.store((generation_of(state) & kGenerations) << 24);
  wake_all(slot.given_back);
}

HandleSlot* take_use(const void* handle, HandleKind kind) noexcept {
  notice_fork();
  uint64_t expected;
  HandleSlot* slot = find_slot(handle, kind, expected);
  if (!slot) return nullptr;
  for (uint64_t state = slot->state.load(); is_open(state, expected);)
    if (slot->state.compare_exchange_weak(state, state + 1)) return slot;
  return nullptr;
}

// True where it was the last of a closed one, which is gone then.
bool end_use(HandleSlot& slot) noexcept {
  uint64_t before = slot.state.fetch_sub(1);
  bool last = (before & kClosing) && (before & kUses) == 1;
  if (last) give_back(slot, before);
  return last;
}

void close(const void* handle, HandleKind kind, bool cancel) noexcept {
  notice_fork();
  uint64_t expected;
  HandleSlot* slot = find_slot(handle, kind, expected);
  if (!slot) return;
  int seen = slot->given_back.load();
  uint64_t state = slot->state.load();
  do {
    if (!is_open(state, expected)) return;
  } while (!slot->state.compare_exchange_weak(state, (state | kClosing) + 1));  // a use of our own, so that the slot stays until the flag is set
  if (cancel) slot->flag.store(true);
  if (!end_use(*slot) && cancel && !innermost)
    while (slot->given_back.load() == seen) wait_while(slot->given_back, seen);
}

const char* kind_name(HandleKind kind) {
  constexpr const char* kNames[] = {"", "engine", "model", "session", "cancel token"};
  return kNames[int(kind)];
}

}  // namespace

void* open_handle(HandleKind kind, void* object) {
  notice_fork();
  for (size_t i = 1; i < kSlots; ++i) {
    uint64_t state = slots[i].state.load(std::memory_order_relaxed);
    if ((state & (kOpen | kClosing)) || !slots[i].state.compare_exchange_strong(state, state | kClosing)) continue;
    uint64_t generation = (generation_of(state) + 1) & kGenerations;
    slots[i].kind = kind;
    slots[i].object = object;
    slots[i].flag.store(false);
    slots[i].state.store(generation << 24 | kOpen);
    return reinterpret_cast<void*>(uintptr_t(generation << 20 | i << 4 | uint64_t(kind)));
  }
  fail(Status::limit, "{} handles are open, the most of a process: close some", kSlots - 1);
}

void close_handle(const void* handle, HandleKind kind) noexcept { close(handle, kind, false); }
void cancel_and_close_handle(const void* handle, HandleKind kind) noexcept { close(handle, kind, true); }

void fire_handle(const void* handle) noexcept {
  HandleSlot* slot = take_use(handle, HandleKind::cancel);
  if (!slot) return;
  slot->flag.store(true, std::memory_order_relaxed);
  end_use(*slot);
}

AnyUse::AnyUse(const void* handle, HandleKind kind, const char* name) : slot_(take_use(handle, kind)) {
  if (!handle) fail_about(Status::invalid_argument, name, "{}: is NULL", name);
  if (!slot_) fail_about(Status::invalid_argument, name, "{}: is no open {}: it was closed, or never was one", name, kind_name(kind));
  outer_ = innermost;
  innermost = this;
  process_ = process_id();
}

AnyUse::~AnyUse() {
  notice_fork();
  innermost = outer_;
  if (process_ == process_id()) end_use(*slot_);
}

bool AnyUse::is_nested() const noexcept {
  for (const AnyUse* use = outer_; use; use = use->outer_)
    if (use->slot_ == slot_) return true;
  return false;
}

void AnyUse::count_again() noexcept {
  for (AnyUse* use = innermost; use; use = use->outer_) {
    use->slot_->state.fetch_add(1);
    use->process_ = process_id();
  }
}

}  // namespace prm
