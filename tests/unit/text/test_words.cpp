// Pre-tokenizers: word ends beside llama.cpp's, on hostile text, and in linear time.
#include <fstream>
#include <set>
#include <sstream>

#include "base/clock.h"
#include "support/catch.h"
#include "support/npy.h"
#include "support/random.h"
#include "text/bpe_merges.h"
#include "text/unicode_table.h"
#include "base/utf8.h"

using namespace prm;
using namespace prm::test;

namespace {

const PreTokenizer* find_pre(std::string_view name) {
  for (const PreTokenizer& pre : pre_tokenizers())
    if (name == pre.name) return &pre;
  return nullptr;
}

Vector<uint32_t> ends_of(const PreTokenizer& pre, std::string_view text) {
  Control control;
  Listener listener(control);
  return split_words(pre.passes, text, listener);
}

std::string words_of(const char* name, std::string_view text) {
  std::string words;
  uint32_t begin = 0;
  for (uint32_t end : ends_of(*find_pre(name), text)) {
    words += (words.empty() ? "" : "_") + std::string(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

String repaired(std::string_view raw) {
  Control control;
  Listener listener(control);
  return repaired_utf8(raw, listener);
}

std::string fingerprint(const Vector<uint32_t>& ends) {
  uint32_t hash = 0x811c9dc5;
  for (uint32_t end : ends)
    for (int shift = 0; shift < 32; shift += 8) hash = (hash ^ (end >> shift & 255)) * 0x01000193;
  return fmt::format("{:08x}", hash);
}

// One name of each pattern.
std::vector<const PreTokenizer*> patterns() {
  std::vector<const PreTokenizer*> found;
  std::set<const WordPass*> seen;
  for (const PreTokenizer& pre : pre_tokenizers())
    if (seen.insert(pre.passes.data()).second) found.push_back(&pre);
  return found;
}

}  // namespace

TEST_CASE("words of 597 hostile and ordinary texts end where llama.cpp's end, for every pattern and every name") {
  std::string file = read_file(PREMISE_TEST_DATA "/lines.bin");
  std::vector<std::string> lines;
  for (size_t at = 0; at < file.size();) {
    size_t end = std::min(file.find('\n', at), file.size());
    lines.push_back(file.substr(at, end - at));
    at = end + 1;
  }
  const char* breaks[] = {"\n", " \n", "\n\n ", "\r\n", "\n  "};  // tests/golden/peer.cpp joins lines in the same way
  std::ifstream golden(PREMISE_TEST_DATA "/../words.txt");
  std::string row;
  size_t patterns = 0, texts = 0, different = 0;
  std::set<std::string> known, unknown;
  while (std::getline(golden, row)) {
    std::istringstream fields(row);
    std::string names, hashes, name;
    fields >> names >> hashes;
    REQUIRE(hashes.size() == 8 * (lines.size() - 1));
    const PreTokenizer* pre = nullptr;
    for (std::istringstream each(names); std::getline(each, name, ',');) {
      std::string bare = name.substr(0, name.find(':')), traits = name.substr(bare.size());
      const PreTokenizer* found = find_pre(bare);
      if (!found) {
        unknown.insert(bare);
        continue;
      }
      INFO(bare);
      known.insert(bare);
      if (pre) CHECK(found->passes.data() == pre->passes.data());
      pre = found;
      CHECK(found->whole_words == (traits.find('w') != traits.npos));
      CHECK(found->add_bos == (traits.find('b') != traits.npos));
    }
    if (!pre) continue;
    ++patterns;
    for (size_t i = 0; i + 1 < lines.size(); ++i) {
      std::string expected = hashes.substr(8 * i, 8);
      if (expected == "--------") continue;
      ++texts;
      if (fingerprint(ends_of(*pre, repaired(lines[i] + breaks[i % 5] + lines[i + 1]))) == expected) continue;
      if (++different <= 10) WARN(pre->name << ": text " << i << ": '" << lines[i] << "' and '" << lines[i + 1] << "'");
    }
  }
  CHECK(different == 0);
  CHECK(patterns >= 25);
  CHECK(texts >= patterns * 590);
  CHECK(known.size() == pre_tokenizers().size());
  CHECK(unknown == std::set<std::string>{"chameleon", "gemma4", "granite-embed-multi-311m", "jais-2", "sarvam-moe", "superbpe", "whitespace"});
}

TEST_CASE("the rules of the patterns, by example") {
  struct Example {
    const char *pre, *text, *words;
  };
  for (const Example& e : std::vector<Example>{
           {"gpt-2", "it's IT'S 1234  x", "it_'s_ IT_'_S_ 1234_ _ x"},
           {"llama-bpe", "it's IT'S 1234  x", "it_'s_ IT_'S_ _123_4_ _ x"},
           {"qwen2", "a.b 12!\n\nc", "a_.b_ _1_2_!\n\n_c"},
           {"qwen35", "e\xcc\x81z", "e\xcc\x81z"},
           {"qwen2", "e\xcc\x81z", "e_\xcc\x81z"},
           {"ufakzeka", "Ali'de", "Ali_'de"},
           {"seed-coder", "a!\nb", "a_!_\n_b"},
           {"smollm", "x 12", "x_ _1_2"},
           {"default", "a--b 12345", "a_--_b_ _123_45"},
           {"falcon", "a`b 12345", "a_`_b_ _123_45"},
           {"tekken", "camelCase HTTPServer XML", "camel_Case_ HTTPServer_ XML"},
           {"gpt-4o", "camelCase it's 1234", "camel_Case_ it's_ _123_4"},
           {"tekken", "\xc3\x89" "A b", "\xc3\x89_A_ b"},  // the letter outside of ASCII is of both cases
           {"deepseek-v3", "x.foo 1234", "x_.foo_ _123_4"},
           {"deepseek-v3", "\xe4\xb8\x96\xe3\x81\x82z", "\xe4\xb8\x96\xe3\x81\x82_z"},
           {"deepseek-llm", "ab  \ncd", "ab_  _\n_cd"},
           {"deepseek-coder", "f(x) ", "f_(_x_)_ "},
           {"bloom", "Hi, you", "Hi_,_ you"},
           {"tiny_aya", "a1234567", "a_1_234_567"},
           {"exaone-moe", "ab cd. e", "ab cd_._ e"},
           {"spark2_5", "a!\n\nb", "a_!_\n_\n_b"},
       }) {
    INFO(e.pre << ": " << e.text);
    CHECK(words_of(e.pre, e.text) == e.words);
  }
}

TEST_CASE("words of random bytes and of random characters are the text again, each of them whole") {
  Random random(21);
  for (const PreTokenizer& pre : pre_tokenizers())
    for (int round = 0; round < 60; ++round) {
      String raw;
      for (int64_t i = random.below(80); i > 0; --i) {
        if (round % 3 == 0) raw += char(random.bits());
        else if (round % 3 == 1) append_utf8(uint32_t(random.below(random.below(2) ? 0x3100 : 0x110000)), raw);
        else raw += " \n\r\t'aAsSlL1.,|`$/"[random.below(18)];
      }
      String text = repaired(raw);
      Vector<uint32_t> ends = ends_of(pre, text);
      INFO(pre.name);
      uint32_t before = 0;
      for (uint32_t end : ends) {
        REQUIRE(end > before);
        REQUIRE(end <= text.size());
        REQUIRE((end == text.size() || (uint8_t(text[end]) & 0xc0) != 0x80));
        before = end;
      }
      REQUIRE(before == text.size());
    }
}

TEST_CASE("every pattern takes linear time, whatever is repeated") {
  for (const PreTokenizer* pre : patterns())
    for (const char* unit : {"a", "A", "aA", " ", " a", "\n", " \n", "'", "'s", "1", ".", ".a", "\xe4\xb8\x96", "\xcc\x81", "\xc3\xa9" "A", "a ", "\x01", "\xe2\x80\x83"}) {
      String text;
      while (text.size() < (1 << 17)) text += unit;
      int64_t begin = now_ns();
      Vector<uint32_t> ends = ends_of(*pre, text);
      INFO(pre->name << " of '" << unit << "'");
      CHECK(ends.back() == text.size());
      CHECK(now_ns() - begin < 3'000'000'000);  // a quadratic step over so many characters would take longer; sanitizers are slow
    }
}

TEST_CASE("code points have the kinds that llama.cpp gives them") {
  CHECK(kind_of('a') == CodeKind::letter);
  CHECK(kind_of(0x4e16) == CodeKind::letter);
  CHECK(kind_of('1') == CodeKind::number);
  CHECK(kind_of(0x0967) == CodeKind::number);
  CHECK(kind_of(0xbd) == CodeKind::number);
  CHECK(kind_of(0x301) == CodeKind::mark);
  CHECK(kind_of('!') == CodeKind::punctuation);
  CHECK(kind_of('$') == CodeKind::symbol);
  CHECK(kind_of(0x3000) == CodeKind::space);
  CHECK(kind_of(0x85) == CodeKind::space);
  CHECK(kind_of(0x200b) == CodeKind::other);
  CHECK(kind_of(0x378) == CodeKind::other);       // unassigned
  CHECK(kind_of(0x10ffff) == CodeKind::other);
  CHECK(kind_of(0x31ef) == CodeKind::symbol);     // new in Unicode 15.1
  size_t counts[7] = {};
  for (uint32_t code = 0; code < 0x110000; ++code) ++counts[size_t(kind_of(code))];
  CHECK(counts[size_t(CodeKind::space)] == 25);
}
