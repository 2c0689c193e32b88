// Lifetimes of values, and an arena for each side in which values that are never there together share memory.
#include "graph/plan_memory.h"

#include <algorithm>

#include "base/checked.h"

namespace prm {

namespace {

constexpr size_t kManyValues = 4096;  // of an arena, from which on it is laid out in a time that grows with their number alone

// Memory that is free between values, by place and by size.
struct FreeBlocks {
  Map<size_t, size_t> by_offset;
  Set<std::pair<size_t, size_t>> by_size;
  size_t end = 0;

  void add(size_t offset, size_t bytes) {
    auto next = by_offset.lower_bound(offset);
    if (next != by_offset.end() && next->first == offset + bytes) bytes += next->second, next = remove(next);
    if (next != by_offset.begin())
      if (auto before = std::prev(next); before->first + before->second == offset) offset = before->first, bytes += before->second, remove(before);
    by_offset[offset] = bytes;
    by_size.insert({bytes, offset});
  }
  // The smallest that is large enough; else the last one, or the end, is made larger.
  size_t take(size_t bytes) {
    auto found = by_size.lower_bound({bytes, 0});
    if (found == by_size.end()) {
      bool at_end = !by_offset.empty() && std::prev(by_offset.end())->first + std::prev(by_offset.end())->second == end;
      size_t offset = at_end ? std::prev(by_offset.end())->first : end;
      if (at_end) remove(std::prev(by_offset.end()));
      end = offset + bytes;
      return offset;
    }
    auto [size, offset] = *found;
    remove(by_offset.find(offset));
    if (size > bytes) add(offset + bytes, size - bytes);
    return offset;
  }

 private:
  Map<size_t, size_t>::iterator remove(Map<size_t, size_t>::iterator at) {
    by_size.erase({at->second, at->first});
    return by_offset.erase(at);
  }
};

void lifetimes(Plan& plan) {
  int end = int(plan.launches.size());
  auto root_of = [&](int id) -> PlanValue& { return plan.values[size_t(plan.values[size_t(id)].root)]; };
  for (int i = 0; i < end; ++i) {
    const PlanLaunch& launch = plan.launches[size_t(i)];
    for (int j = 0; j < launch.outputs; ++j) {
      PlanValue& value = plan.values[size_t(launch.out[j])];
      if (value.root == launch.out[j]) value.first = i;
      root_of(launch.out[j]).last = i;
    }
    for (int j = 0; j < launch.inputs; ++j) root_of(launch.in[j]).last = i;
    if (launch.scratch >= 0) root_of(launch.scratch).first = root_of(launch.scratch).last = i;
  }
  for (auto& [name, id] : plan.io) root_of(id).last = end;
  for (PlanValue& value : plan.values)
    if (value.place == Place::input) value.first = 0, value.last = end;  // written before the run, kept for the next
}

size_t arena_bytes_of(const PlanValue& value) { return round_up(value.bound.bytes(), kAlignment); }

// In the order of their first launches, each where something as small as possible is free.
void lay_out_in_order(Vector<PlanValue*> order, PlanBytes& total) {
  Vector<PlanValue*> ends = order;
  std::stable_sort(order.begin(), order.end(), [](const PlanValue* a, const PlanValue* b) { return a->first < b->first; });
  std::stable_sort(ends.begin(), ends.end(), [](const PlanValue* a, const PlanValue* b) { return a->last < b->last; });
  FreeBlocks free;
  size_t ended = 0;
  for (PlanValue* value : order) {
    for (; ends[ended]->last < value->first; ++ended)
      if (size_t bytes = arena_bytes_of(*ends[ended])) free.add(ends[ended]->offset, bytes);
    size_t bytes = arena_bytes_of(*value);
    if (bytes) value->offset = free.take(bytes);
    total.unshared += bytes;
  }
  total.arena = free.end;
}

// Largest first, each at the lowest offset where nothing alive at the same time lies.
void lay_out_arena(Vector<PlanValue*> order, PlanBytes& total) {
  if (order.size() > kManyValues) return lay_out_in_order(std::move(order), total);
  std::stable_sort(order.begin(), order.end(), [](const PlanValue* a, const PlanValue* b) { return arena_bytes_of(*a) > arena_bytes_of(*b); });
  Vector<PlanValue*> done;  // by ascending offset
  for (PlanValue* value : order) {
    size_t at = 0, bytes = arena_bytes_of(*value);
    for (PlanValue* other : done) {
      bool together = other->first <= value->last && value->first <= other->last;
      if (!together || other->offset + arena_bytes_of(*other) <= at) continue;
      if (other->offset >= at + bytes) break;
      at = other->offset + arena_bytes_of(*other);
    }
    value->offset = at;
    done.insert(std::upper_bound(done.begin(), done.end(), at, [](size_t o, const PlanValue* d) { return o < d->offset; }), value);
    total.arena = std::max(total.arena, at + bytes);
    total.unshared += bytes;
  }
}

}  // namespace

void lay_out_memory(Plan& plan) {
  lifetimes(plan);
  Vector<PlanValue*> arena[kSides];
  for (size_t i = 0; i < plan.values.size(); ++i) {
    PlanValue& value = plan.values[i];
    if (value.root != int(i)) continue;
    if (value.place == Place::arena || value.place == Place::input) arena[value.side].push_back(&value);
    if (value.place == Place::state) plan.bytes[value.side].states += value.bound.bytes();
  }
  for (Side side : {kHost, kAccelerator}) lay_out_arena(std::move(arena[side]), plan.bytes[side]);
}

}  // namespace prm
