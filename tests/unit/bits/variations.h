// In how many ways one sequence can be run: every axis that must not change a bit of its logits.
#pragma once
#include <fmt/format.h>

#include "support/step_model.h"
#include "unit/bits/bit_cases.h"

namespace prm::test {

enum class Pages { small_ascending, small_shuffled, large };  // 8 tokens a page in either order of the pool; 256

struct Variation {
  int threads;     // beside the caller's: 0, 1, 2
  size_t chunk;    // tokens a step; 0 = all
  Pages pages;
  bool mates;      // three other sequences in the same steps, chunks of random lengths, in random order
  bool padding;    // three rows of padding in each step
  bool cut;        // work in single rows, in descending order

  int64_t page_tokens() const { return pages == Pages::large ? 256 : 8; }
};

inline constexpr size_t kChunks[] = {1, 3, 7, 16, 0};

inline std::string describe(const Variation& v) {
  static constexpr const char* kPages[] = {"small pages", "small pages, shuffled", "large pages"};
  return fmt::format("threads {}, chunk {}, {}{}{}{}", v.threads, v.chunk, kPages[int(v.pages)], v.mates ? ", batch mates" : "",
                     v.padding ? ", padding" : "", v.cut ? ", work cut and reversed" : "");
}

// All: the full product, 360. Most: 15, every pair of threads and chunk once. Some: 5, every chunk once, threads in turn. There
// the other axes turn at other rates, from a start that differs between cases, so that each of their values meets each of
// threads and chunk somewhere in the suite.
inline std::vector<Variation> variations(BitCase::Breadth breadth, size_t number_of_case) {
  std::vector<Variation> list;
  if (breadth != BitCase::all) {
    for (size_t i = 0; i < (breadth == BitCase::most ? 15 : 5); ++i) {
      size_t turn = i + number_of_case;
      list.push_back({int(turn % 3), kChunks[i % 5], Pages((i / 3 + number_of_case) % 3), turn % 2 == 0, turn / 2 % 2 == 0, turn / 4 % 2 == 0});
    }
    return list;
  }
  for (int threads : {0, 1, 2})
    for (size_t chunk : kChunks)
      for (Pages pages : {Pages::small_ascending, Pages::small_shuffled, Pages::large})
        for (int bits = 0; bits < 8; ++bits) list.push_back({threads, chunk, pages, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0});
  return list;
}

// Gives every sequence its pages beforehand, drawn from the whole pool in random order.
inline void deal_pages(StepModel& m, std::vector<std::unique_ptr<Sequence>>& sequences, Random& random) {
  std::vector<int> all;
  for (int64_t i = 0; i < m.runner->limits.pages; ++i) all.push_back(m.pages->take());
  for (size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[size_t(random.below(int64_t(i)))]);
  size_t next = 0;
  for (auto& sequence : sequences)
    for (int64_t i = 0; i < m.runner->limits.pages_per_sequence; ++i) sequence->pages.push_back(all[next++]);
  while (next < all.size()) m.pages->give(all[next++]);
}

// Logits of all `tokens` as one sequence, run as `v` says. Fails when a step does.
inline std::vector<float> run_variation(StepModel& m, ThreadPool& pool, const std::vector<int32_t>& tokens, const Variation& v, uint64_t seed) {
  Random random(seed);
  Work work;
  work.pool = &pool;
  work.cut = v.cut ? 1 : 0;
  work.reverse = v.cut;
  std::vector<std::vector<int32_t>> texts = {tokens};
  std::vector<std::unique_ptr<Sequence>> sequences;
  for (int i = 0; v.mates && i < 3; ++i) texts.push_back(some_tokens(1 + random.below(int64_t(tokens.size()) / 2), m.V, random.bits()));
  for (size_t i = 0; i < texts.size(); ++i) sequences.push_back(std::make_unique<Sequence>(*m.pages));
  if (v.pages == Pages::small_shuffled) deal_pages(m, sequences, random);
  std::vector<float> all;
  while (size_t(sequences[0]->done) < tokens.size()) {
    std::vector<StepItem> items;
    for (size_t i = 0; i < texts.size(); ++i) {
      int64_t left = int64_t(texts[i].size()) - sequences[i]->done, chunk = v.chunk ? std::min<int64_t>(left, int64_t(v.chunk)) : left;
      if (i > 0 && chunk > 0) chunk = random.below(chunk + 1);
      if (chunk == 0) continue;
      StepItem::Rows rows = i == 0 ? StepItem::all : StepItem::Rows(random.below(3));
      items.push_back({sequences[i].get(), std::span(texts[i]).subspan(size_t(sequences[i]->done), size_t(chunk)), rows});
    }
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[size_t(random.below(int64_t(i)))]);
    int64_t before = 0, count = 0;  // rows of logits of items before ours, and ours
    for (const StepItem& item : items) {
      if (item.sequence == sequences[0].get()) count = int64_t(item.tokens.size());
      else if (!count) before += item.rows == StepItem::all ? int64_t(item.tokens.size()) : item.rows == StepItem::last;
    }
    Status status = run_step(*m.runner, items, work, v.padding ? 3 : 0);
    if (status != Status::ok) fail(status, "the step ended with {}", status_name(status));
    const float* rows = m.runner->state.io("logits").as<float>() + before * m.V;
    all.insert(all.end(), rows, rows + count * m.V);
  }
  return all;
}

}  // namespace prm::test
