// One step: any mix of prompt chunks and single tokens of several sequences becomes a batch descriptor, a binding of
// extents and one plan run. Sequences advance only after the run was ok: a cancelled step changes nothing.
#pragma once
#include <algorithm>
#include <atomic>
#include <memory>
#include <span>

#include "graph/weight_pool.h"

namespace prm {

// The cache's pages: free ones are handed out, the lowest first. Any thread.
class PagePool {
 public:
  PagePool(int pages, int page_tokens) : taken_(size_t(pages)), page_tokens_(page_tokens) {}
  int take();  // fails with context_full when all are in use
  void give(int page) { taken_[size_t(page)].store(false, std::memory_order_release); }
  int page_tokens() const { return page_tokens_; }
  int pages() const { return int(taken_.size()); }

 private:
  Vector<std::atomic<bool>> taken_;  // no lock, which a fork could leave locked
  int page_tokens_;
};

// Owns its pages; `done` tokens stand in the cache.
struct Sequence {
  PagePool& pool;
  Vector<int> pages;
  int64_t done = 0;

  explicit Sequence(PagePool& from) : pool(from) { pages.reserve(size_t(pool.pages())); }  // steps allocate nothing
  ~Sequence() { clear(); }
  void clear() { truncate(0); }
  // Forgets what is after the first `count` tokens.
  void truncate(int64_t count) {
    done = std::min(done, count);
    for (int64_t page = pool.page_tokens(), needed = (done + page - 1) / page; int64_t(pages.size()) > needed; pages.pop_back()) pool.give(pages.back());
  }
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;
};

struct StepItem {
  Sequence* sequence;
  std::span<const int32_t> tokens;   // the next ones of this sequence
  enum Rows { last, all, none } rows;  // which logits are wanted
};

struct StepLimits {
  int64_t tokens, sequences, rows, pages_per_sequence, pages;
};

struct Runner {
  Runner(std::shared_ptr<const Plan> plan, const StepLimits& bounds);  // state.allocate() comes before the first step
  PlanState state;
  StepLimits limits;
  int T, S, R, M, P;  // symbols
};

// Runs the items in one step. Afterwards io("logits") holds the wanted rows in the items' order. `pad_tokens` adds rows of
// padding (position -1, slot -1), which change no result. Fails with invalid_argument when the items are over the limits.
Status run_step(Runner& runner, std::span<const StepItem> items, const Work& work, int64_t pad_tokens = 0);

}  // namespace prm
