// Graphs of tiny models, and one step of them.
#pragma once
#include "formats/gguf.h"
#include "models/architecture.h"
#include "passes/passes.h"
#include "support/run_graph.h"
#include "support/tiny_model.h"

namespace prm::test {

struct TinyGraphs {
  std::string bytes;
  ModelFile file;
  Graph scoring;

  explicit TinyGraphs(const TinyModel& tiny) : bytes(make_tiny_model(tiny)) {
    file = read_gguf(borrow_memory(bytes.data(), bytes.size(), "tiny"));
    scoring = quantize_activations(find_architecture(file).build(file, read_decoder_config(file)));
  }
};

// One step of two sequences and a padding row, logits of all rows.
inline GraphRun step_of(int64_t tokens, int64_t vocabulary, int64_t page) {
  Random random(uint64_t(tokens) + 3);
  std::vector<int32_t> ids, positions, slots, sequences, rows, table;
  int64_t M = 64 / page, first = tokens - tokens / 3;
  for (int64_t i = 0; i < 2 * M; ++i) table.push_back(int32_t(2 * M - 1 - i));
  for (int64_t i = 0; i < tokens; ++i) {
    int64_t s = i >= first, position = s ? i - first : i;
    bool padding = tokens > 2 && i == tokens - 1;
    ids.push_back(int32_t(random.below(vocabulary)));
    positions.push_back(padding ? -1 : int32_t(position));
    sequences.push_back(int32_t(s));
    slots.push_back(padding ? -1 : int32_t(table[size_t(s * M + position / page)] * page + position % page));
    rows.push_back(int32_t(i));
  }
  return {{{"T", tokens}, {"S", 2}, {"R", tokens}, {"M", M}, {"P", 2 * M}},
          {{"tokens", bytes_of(ids)}, {"positions", bytes_of(positions)}, {"slot", bytes_of(slots)}, {"sequence", bytes_of(sequences)},
           {"out_rows", bytes_of(rows)}, {"page_table", bytes_of(table)}},
          {}};
}

}  // namespace prm::test
