#include "runtime/step.h"

namespace prm {

int PagePool::take() {
  for (size_t i = 0; i < taken_.size(); ++i)
    if (!taken_[i].load(std::memory_order_relaxed) && !taken_[i].exchange(true, std::memory_order_acquire)) return int(i);
  fail(Status::context_full, "all {} pages of {} tokens of the cache are in use: close or truncate sessions, or open the model with more of them", taken_.size(), page_tokens_);
}

Runner::Runner(std::shared_ptr<const Plan> plan, const StepLimits& bounds) : state(std::move(plan)), limits(bounds) {
  const Plan& p = state.plan();
  T = p.symbol("T"), S = p.symbol("S"), R = p.symbol("R"), M = p.symbol("M"), P = p.symbol("P");
}

namespace {

struct Descriptor {
  int32_t *tokens, *positions, *slots, *sequences, *table, *rows;
  int64_t t = 0, s = 0, r = 0;
};

void describe_item(const Runner& runner, const StepItem& item, Descriptor& d) {
  Sequence& sequence = *item.sequence;
  int64_t page = sequence.pool.page_tokens(), count = int64_t(item.tokens.size());
  int32_t* table = d.table + d.s * runner.limits.pages_per_sequence;
  for (int64_t i = 0; i < count; ++i, ++d.t) {
    int64_t position = sequence.done + i;
    if (position / page == int64_t(sequence.pages.size())) sequence.pages.push_back(sequence.pool.take());
    d.tokens[d.t] = item.tokens[size_t(i)];
    d.positions[d.t] = int32_t(position);
    d.sequences[d.t] = int32_t(d.s);
    d.slots[d.t] = int32_t(sequence.pages[size_t(position / page)] * page + position % page);
    bool wanted = item.rows == StepItem::all || (item.rows == StepItem::last && i == count - 1);
    if (wanted) d.rows[d.r++] = int32_t(d.t);
  }
  for (size_t i = 0; i < sequence.pages.size(); ++i) table[i] = sequence.pages[i];
  ++d.s;
}

void check_items(const Runner& runner, std::span<const StepItem> items, int64_t pad_tokens) {
  const StepLimits& limits = runner.limits;
  int64_t tokens = pad_tokens, rows = 0;
  for (const StepItem& item : items) {
    int64_t count = int64_t(item.tokens.size()), context = limits.pages_per_sequence * item.sequence->pool.page_tokens();
    tokens += count;
    rows += item.rows == StepItem::all ? count : item.rows == StepItem::last;
    if (item.sequence->done + count > context)
      fail(Status::context_full, "{} tokens do not fit a context of {}: shorten the prompt or open the model with a larger context",
           item.sequence->done + count, context);
  }
  if (tokens > limits.tokens || rows > limits.rows || int64_t(items.size()) > limits.sequences)
    fail(Status::invalid_argument, "step of {} tokens, {} sequences, {} rows; the limits are {}, {}, {}", tokens, items.size(), rows,
         limits.tokens, limits.sequences, limits.rows);
}

}  // namespace

Status run_step(Runner& runner, std::span<const StepItem> items, const Work& work, int64_t pad_tokens) {
  check_items(runner, items, pad_tokens);
  PlanState& state = runner.state;
  auto input = [&](const char* name) { return state.io(name).as<int32_t>(); };
  Descriptor d{input("tokens"), input("positions"), input("slot"), input("sequence"), input("page_table"), input("out_rows")};
  for (const StepItem& item : items) describe_item(runner, item, d);
  for (int64_t i = 0; i < pad_tokens; ++i, ++d.t) d.tokens[d.t] = 0, d.positions[d.t] = d.slots[d.t] = -1, d.sequences[d.t] = 0;
  Binding bindings[] = {{runner.T, d.t}, {runner.S, d.s}, {runner.R, d.r}, {runner.M, runner.limits.pages_per_sequence}, {runner.P, runner.limits.pages}};
  Status status = state.run(bindings, work);
  if (status == Status::ok)
    for (const StepItem& item : items) item.sequence->done += int64_t(item.tokens.size());
  return status;
}

}  // namespace prm
