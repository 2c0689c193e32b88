// What files leave unsaid of their special tokens, told by the names that models give them: which ones end an answer, which
// are control tokens whatever type the file gives them (nobody ends an answer by typing its end), and which take the white
// space beside them.
#include <algorithm>

#include "base/error.h"
#include "text/vocabulary.h"

namespace prm {

namespace {

constexpr std::string_view kEndNames[] = {
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>",
    "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
    "<\xef\xbd\x9c" "end\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>", "[e~["};

// In the order of VocabularySource::infill.
constexpr std::string_view kInfillNames[6][8] = {
    {"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<\xef\xbd\x9c" "fim\xe2\x96\x81" "begin\xef\xbd\x9c>", "<PRE>", "\xe2\x96\x81<PRE>", "<|code_prefix|>", "<|prefix|>"},
    {"<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<\xef\xbd\x9c" "fim\xe2\x96\x81hole\xef\xbd\x9c>", "<SUF>", "\xe2\x96\x81<SUF>", "<|code_suffix|>", "<|suffix|>"},
    {"<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<\xef\xbd\x9c" "fim\xe2\x96\x81" "end\xef\xbd\x9c>", "<MID>", "\xe2\x96\x81<MID>", "<|code_middle|>", "<|middle|>"},
    {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"},
    {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"},
    {"<|file_sep|>"},
};
constexpr size_t kFirstInfillEnd = 3;

// Parts of an answer of the harmony format that are text to whoever reads it.
constexpr std::string_view kHarmonyNames[] = {"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"};

void find_infill(Vocabulary& vocabulary, const VocabularySource& source, Vector<int32_t>& ends) {
  for (size_t role = 0; role < 6; ++role) {
    int32_t known = source.infill[role];
    for (std::string_view name : kInfillNames[role]) {
      if (known >= 0) break;
      known = vocabulary.find(name);
      if (known >= 0) vocabulary.set_type(known, TokenType::control);
    }
    if (known >= 0 && role >= kFirstInfillEnd) ends.push_back(known);
  }
}

void remove(Vector<int32_t>& ends, int32_t id) { ends.erase(std::remove(ends.begin(), ends.end(), id), ends.end()); }

// Names that end an answer for some models and are a part of it for others.
void settle_doubtful_ends(Vocabulary& vocabulary, Vector<int32_t>& ends) {
  auto has = [&](std::string_view name) { return vocabulary.find(name) >= 0; };
  bool calls = has("<|call|>") || has("<|calls|>");
  if (int32_t end = vocabulary.find("<|end|>"); end >= 0 && calls && (has("<|return|>") || has("<|flush|>"))) {
    remove(ends, end);
    vocabulary.set_shown(end);
  }
  if (int32_t end = vocabulary.find("</s>"); end >= 0 && has("<|tool_response>")) {
    remove(ends, end);
    vocabulary.set_type(end, TokenType::normal);
  }
}

void set_strips(Vocabulary& vocabulary, const VocabularySource& source) {
  String name = source.name;
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = char(c + 32);
  auto named = [&](std::string_view part) { return name.find(part) != name.npos; };
  auto set = [&](std::string_view token, Strip strip) {
    if (int32_t id = vocabulary.find(token); id >= 0) vocabulary.set_strip(id, strip);
  };
  if (source.pre == "jina-v2-de" || source.pre == "jina-v2-es" || source.pre == "jina-v2-code") {
    set("<mask>", Strip::left);
  } else if (named("phi-3") || named("phi3")) {
    for (int32_t id = 0; id < vocabulary.size(); ++id)
      if (is_special(vocabulary.type(id))) vocabulary.set_strip(id, Strip::right);
    set("</s>", Strip::right);
    for (std::string_view token : {"<unk>", "<s>", "<|endoftext|>"}) set(token, Strip::none);
  } else if (named("modern-bert")) {
    set("[MASK]", Strip::left);
  }
  for (size_t id = 0; id < source.strips.size(); ++id) {
    if (source.strips[id] < 0 || source.strips[id] > 3)
      fail(Status::bad_file, "tokenizer: token {} has strip {}, expected 0 to 3", id, source.strips[id]);
    if (source.strips[id]) vocabulary.set_strip(int32_t(id), Strip(source.strips[id]));
  }
}

}  // namespace

Vector<int32_t> assign_special_tokens(Vocabulary& vocabulary, const VocabularySource& source) {
  Vector<int32_t> ends;
  find_infill(vocabulary, source, ends);
  for (std::string_view name : kEndNames)
    if (int32_t id = vocabulary.find(name); id >= 0) {
      vocabulary.set_type(id, TokenType::control);
      ends.push_back(id);
    }
  for (std::string_view name : kHarmonyNames)
    if (int32_t id = vocabulary.find(name); id >= 0) vocabulary.set_shown(id);
  for (int32_t id : {source.eos, source.eot, source.eom})
    if (id >= 0) ends.push_back(id);
  settle_doubtful_ends(vocabulary, ends);
  set_strips(vocabulary, source);
  vocabulary.index_special();
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

}  // namespace prm
