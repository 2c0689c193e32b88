// One committed SHA-256 per model (hashes.txt), and every way to run it that must give those bits. Instruction sets come from
// PREMISE_ISA, else all of this CPU.
//
//   PREMISE_BITS=all     the full product of variations for every case, not for some alone (tests/full/bits)
//   PREMISE_BITS=write   writes hashes.txt anew from plain scalar runs, and fails so that nobody takes it for a test
#include <cmath>
#include <fstream>
#include <set>

#include "base/sha256.h"
#include "models/architecture.h"
#include "quant/format.h"
#include "support/catch.h"
#include "support/isas.h"
#include "unit/bits/bit_cases.h"
#include "unit/bits/variations.h"

namespace prm::test {

std::map<std::string, std::string> read_hashes() {
  std::map<std::string, std::string> hashes;
  std::ifstream file(PREMISE_BIT_HASHES);
  for (std::string line; std::getline(file, line);) {
    size_t space = line.find(' ');
    if (line[0] != '#') hashes[line.substr(0, space)] = line.substr(space + 1);
  }
  return hashes;
}

void write_hashes(const std::vector<std::pair<std::string, std::string>>& hashes) {
  std::ofstream file(PREMISE_BIT_HASHES);
  file << "# SHA-256 of the logits [T, V] float32 of each case of tests/unit/bits. Written by PREMISE_BITS=write test_bits alone.\n";
  for (auto& [name, hash] : hashes) file << name << ' ' << hash << '\n';
}

}  // namespace prm::test

using namespace prm;
using namespace prm::test;

namespace {

std::string mode() {
  const char* named = std::getenv("PREMISE_BITS");
  return named ? named : "";
}

std::string hash_of(const std::vector<float>& logits) { return sha256_hex(logits.data(), logits.size() * sizeof(float)); }

std::vector<float> plain_run(const BitCase& c) {
  StepModel m(c.model, "scalar", c.cache, 256, 0, c.tokens);
  return run_variation(m, *m.pool, some_tokens(c.tokens, c.model.vocabulary, 7), {0, 0, Pages::large, false, false, false}, 1);
}

}  // namespace

TEST_CASE("bits: the table has one hash for each case, and every model says something of its own") {
  std::vector<std::pair<std::string, std::string>> found;
  std::set<std::string> names, distinct;
  for (const BitCase& c : bit_cases()) {
    std::vector<float> logits = plain_run(c);
    float least = INFINITY, most = -INFINITY;
    for (float x : logits) least = std::min(least, x), most = std::max(most, x);
    INFO(c.name << ": logits from " << least << " to " << most);
    CHECK(logits.size() == size_t(c.tokens * c.model.vocabulary));
    CHECK((least > -1000 && most < 1000 && most - least > 1));
    found.push_back({c.name, hash_of(logits)});
    names.insert(c.name), distinct.insert(found.back().second);
  }
  CHECK((names.size() == found.size() && distinct.size() == found.size()));
  if (mode() == "write") {
    write_hashes(found);
    FAIL("hashes.txt is written anew: look at the difference, say in the commit why bits changed, and run without PREMISE_BITS=write");
  }
  std::map<std::string, std::string> table = read_hashes();
  CHECK(table.size() == found.size());
  for (auto& [name, hash] : found) {
    INFO(name);
    CHECK(hash == table[name]);
  }
}

TEST_CASE("bits: every architecture has cases, and every weight type, in matrices and in experts") {
  std::set<std::string> archs, known;
  std::set<DType> matrices, experts, types = {DType::f32, DType::f16, DType::bf16};
  for (const BitCase& c : bit_cases()) {
    archs.insert(c.model.arch);
    (c.model.experts ? experts : matrices).insert(c.model.types.begin(), c.model.types.end());
  }
  for (const Architecture* architecture : architectures()) known.insert(architecture->name);
  for (const QuantFormat* format : quant_formats()) types.insert(format->type);
  CHECK(archs == known);
  CHECK(matrices == types);
  CHECK(experts == types);
}

TEST_CASE("bits: threads, chunks, batch mates, padding, page layouts and cut work do not change a bit") {
  std::map<std::string, std::string> table = read_hashes();
  std::vector<std::unique_ptr<ThreadPool>> pools;
  for (int threads : {0, 1, 2}) pools.push_back(std::make_unique<ThreadPool>(threads, 20));
  std::vector<BitCase> cases = bit_cases();
  for (const std::string& isa : test_isas())
    for (size_t number = 0; number < cases.size(); ++number) {
      const BitCase& c = cases[number];
      std::vector<int32_t> tokens = some_tokens(c.tokens, c.model.vocabulary, 7);
      StepModel small(c.model, isa, c.cache, 8, 0, 4 * c.tokens + 3), large(c.model, isa, c.cache, 256, 0, 4 * c.tokens + 3);
      std::vector<Variation> list = variations(mode() == "all" ? BitCase::all : c.breadth, number);
      for (size_t i = 0; i < list.size(); ++i) {
        const Variation& v = list[i];
        std::vector<float> logits = run_variation(v.pages == Pages::large ? large : small, *pools[size_t(v.threads)], tokens, v, 1000 * number + i);
        INFO(isa << " " << c.name << ": " << describe(v));
        CHECK(hash_of(logits) == table[c.name]);
      }
    }
}
