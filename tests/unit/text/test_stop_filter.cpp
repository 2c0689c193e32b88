// Stop strings over every way to cut a text into pieces.
#include <map>

#include "base/error.h"
#include "support/catch.h"
#include "support/random.h"
#include "text/stop_filter.h"

using namespace prm;
using namespace prm::test;

namespace {

TokenizerPtr long_tokens() {
  static const std::string token(200, 'x');
  VocabularySource source;
  source.model = "llama";
  source.pre = "default";
  source.tokens = {"<unk>", "<s>", "</s>", token};
  for (int i = 0; i < 256; ++i) {
    static char names[256][8];
    std::snprintf(names[i], 8, "<0x%02X>", i);
    source.tokens.push_back(names[i]);
  }
  source.scores.assign(source.tokens.size(), 0);
  source.types.assign(source.tokens.size(), 6);
  source.types[0] = 2, source.types[1] = source.types[2] = 3, source.types[3] = 1;
  source.unknown = 0;
  return make_tokenizer(source);
}

struct Filtered {
  std::string text;
  bool stopped;
};

Filtered filter(StopFilter& f, const std::string& text, const std::vector<std::string_view>& stops, size_t cuts) {
  f.start(stops);
  std::string out;
  for (size_t begin = 0; begin < text.size() && !f.stopped();) {
    size_t end = begin + 1;
    while (end < text.size() && !(cuts >> (end - 1) & 1)) ++end;
    out += f.push(std::string_view(text).substr(begin, end - begin));
    begin = end;
  }
  out += f.finish();
  return {out, f.stopped()};
}

// The stop that is whole first, byte by byte; then the one that began first.
Filtered reference(const std::string& text, const std::vector<std::string_view>& stops) {
  for (size_t end = 1; end <= text.size(); ++end) {
    size_t longest = 0;
    for (std::string_view stop : stops)
      if (end >= stop.size() && text.compare(end - stop.size(), stop.size(), stop) == 0) longest = std::max(longest, stop.size());
    if (longest) return {text.substr(0, end - longest), true};
  }
  return {text, false};
}

}  // namespace

TEST_CASE("stop filter: every cut of a text into pieces gives one result") {
  TokenizerPtr tokenizer = long_tokens();
  StopFilter f(*tokenizer);
  std::vector<std::pair<std::string, std::vector<std::string_view>>> cases = {
      {"the end of it", {"end"}},       {"aaab", {"aab"}},           {"ababac", {"abac"}},       {"abcd", {"abcd", "bc"}},
      {"abcd", {"bc", "abc"}},          {"xxend", {"end"}},          {"en en e", {"end"}},       {"end", {"end"}},
      {"a\xc3\xbc\xe2\x82\xac!", {"\xe2\x82\xac"}}, {"\n\nUser:", {"\nUser:", "\n\n\n"}}, {"ababab", {"abc", "bab"}}, {"nothing", {"x"}}};
  for (auto& [text, stops] : cases)
    for (size_t cuts = 0; cuts < size_t(1) << (text.size() - 1); ++cuts) {
      Filtered got = filter(f, text, stops, cuts), expected = reference(text, stops);
      if (got.text != expected.text || got.stopped != expected.stopped) FAIL(text << " cut " << cuts << ": " << got.text << ", expected " << expected.text);
    }
}

TEST_CASE("stop filter: random texts of few letters, and what is held back is never more than a stop") {
  TokenizerPtr tokenizer = long_tokens();
  StopFilter f(*tokenizer);
  Random random(4);
  auto word = [&](size_t n) {
    std::string w;
    while (w.size() < n) w += char('a' + random.below(3));
    return w;
  };
  int stopped = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> own;
    for (int64_t i = random.below(4); i >= 0; --i) own.push_back(word(size_t(1 + random.below(6))));
    std::vector<std::string_view> stops(own.begin(), own.end());
    std::string text = word(40), out;
    f.start(stops);
    size_t pushed = 0, longest = 0;
    for (std::string_view stop : stops) longest = std::max(longest, stop.size());
    while (pushed < text.size() && !f.stopped()) {
      size_t n = std::min(size_t(1 + random.below(7)), text.size() - pushed);
      out += f.push(std::string_view(text).substr(pushed, n));
      pushed += n;
      if (!f.stopped()) CHECK(pushed - out.size() < longest);
    }
    out += f.finish();
    Filtered expected = reference(text, stops);
    CHECK((out == expected.text && f.stopped() == expected.stopped));
    stopped += f.stopped();
  }
  CHECK((stopped > 500 && stopped < 2990));
}

TEST_CASE("stop filter: without stops text passes as it is, and after one nothing does") {
  TokenizerPtr tokenizer = long_tokens();
  StopFilter f(*tokenizer);
  f.start({});
  CHECK(f.push("any text") == "any text");
  CHECK(f.finish().empty());
  std::string_view stop[] = {"!"};
  f.start(stop);
  CHECK(f.push("a!b") == "a");
  CHECK((f.stopped() && f.push("c").empty() && f.finish().empty()));
  f.start(stop);
  CHECK((!f.stopped() && f.push("c") == "c"));
}
