#include "base/containers.h"

#include <cstdlib>
#include <new>

namespace prm {

namespace {

thread_local constinit MemoryAccount* current_account = nullptr;
thread_local constinit ScratchScope* current_scratch = nullptr;

struct Header {
  MemoryAccount* account;  // null: the system's memory
  size_t size;             // of the whole block; 0: a part of a scratch buffer
};
constexpr size_t kBlockAlignment = 16;
static_assert(sizeof(Header) == kBlockAlignment);

}  // namespace

AccountScope::AccountScope(MemoryAccount& account) noexcept : before_(current_account) { current_account = &account; }
AccountScope::~AccountScope() { current_account = before_; }

ScratchScope::ScratchScope(const Buffer& buffer) noexcept : next(buffer.data()), end(buffer.data() + buffer.size()), before_(current_scratch) {
  current_scratch = this;
}
ScratchScope::~ScratchScope() { current_scratch = before_; }

void* allocate_object(size_t size) {
  size_t whole = size + sizeof(Header);
  if (ScratchScope* scratch = current_scratch; scratch && whole <= size_t(scratch->end - scratch->next)) {
    void* block = scratch->next;
    scratch->next += (whole + kBlockAlignment - 1) / kBlockAlignment * kBlockAlignment;
    if (scratch->next > scratch->end) scratch->next = scratch->end;
    return new (block) Header{nullptr, 0} + 1;
  }
  void* block = current_account ? current_account->allocate(whole, kBlockAlignment, MemoryKind::objects, "a table of the model") : std::malloc(whole);
  if (!block) throw std::bad_alloc();
  return new (block) Header{current_account, whole} + 1;
}

void release_object(void* object) noexcept {
  if (!object) return;
  auto* header = static_cast<Header*>(object) - 1;
  if (header->account) header->account->release(header, header->size, kBlockAlignment, MemoryKind::objects);
  else if (header->size) std::free(header);
}

}  // namespace prm
