#include "text/tokenizer.h"

#include <algorithm>

#include "base/error.h"
#include "text/tokenizer_family.h"
#include "base/utf8.h"

namespace prm {

namespace {

constexpr const TokenizerFamily* kFamilies[] = {
    &kSpmFamily,
    &kBpeFamily,
    &kGemma4Family,
    &kRankedFamily,
};

}  // namespace

TokenizerPtr make_tokenizer(const VocabularySource& source, const Control& control) {
  const TokenizerFamily* family = nullptr;
  String known;
  for (const TokenizerFamily* f : kFamilies) {
    if (source.model == f->model) family = f;
    known += (known.empty() ? "" : ", ") + String(f->model);
  }
  if (!family) fail(Status::unsupported, "tokenizer: model '{}' is not supported; known: {}", source.model, known);
  Listener listener(control);
  auto tokenizer = make_charged<Tokenizer>(source, listener);
  tokenizer->family = family;
  tokenizer->bos = source.bos;
  tokenizer->eos = source.eos;
  tokenizer->add_eos = source.add_eos;
  tokenizer->add_space_prefix = source.add_space_prefix;
  tokenizer->prefix_once = source.prefix_once;
  tokenizer->prefix_unless_spaced = source.prefix_unless_spaced;
  if (source.add_bos == true && source.bos < 0) fail(Status::bad_file, "tokenizer: add_bos_token is set, but there is no bos_token_id");
  if (source.add_eos && source.eos < 0) fail(Status::bad_file, "tokenizer: add_eos_token is set, but there is no eos_token_id");
  tokenizer->ends = assign_special_tokens(tokenizer->vocabulary, source);
  family->prepare(*tokenizer, source, listener);
  if (source.add_bos && !family->always_bos) tokenizer->add_bos = *source.add_bos;
  tokenizer->add_bos = tokenizer->add_bos && source.bos >= 0;
  return tokenizer;
}

void tokenize(const Tokenizer& t, std::string_view text, TokenizeFlags flags, Vector<int32_t>& out, const Control& control) {
  Listener listener(control);
  if (text.size() > INT32_MAX / 4) fail(Status::limit, "tokenizer: a text of {} bytes is too long", text.size());
  if (flags.add_begin && t.add_bos) out.push_back(t.bos);
  bool first = true;
  for (const Vocabulary::Fragment& f : t.vocabulary.partition(text, flags.special, flags.content, listener)) {
    if (f.token >= 0) out.push_back(f.token);
    else t.family->tokenize(t, text.substr(f.begin, f.size), first, listener, out);
    first = f.token >= 0 && !t.prefix_once;
  }
  if (flags.add_begin && t.add_eos) out.push_back(t.eos);
}

int32_t vocabulary_size(const Tokenizer& t) { return t.vocabulary.size(); }
int32_t begin_token(const Tokenizer& t) { return t.add_bos ? t.bos : -1; }
int32_t bos_token(const Tokenizer& t) { return t.bos; }
int32_t end_token(const Tokenizer& t) { return t.eos; }
bool is_end(const Tokenizer& t, int32_t id) { return std::binary_search(t.ends.begin(), t.ends.end(), id); }
std::span<const int32_t> end_tokens(const Tokenizer& t) { return t.ends; }
size_t longest_token(const Tokenizer& t) { return t.vocabulary.longest(); }

void append_token_text(const Tokenizer& t, int32_t id, bool special, String& out) {
  if (id < 0 || id >= t.vocabulary.size()) fail(Status::invalid_argument, "token {} is not in the vocabulary of {}", id, t.vocabulary.size());
  TokenType type = t.vocabulary.type(id);
  if (type == TokenType::user_defined && !t.family->added_as_text) out += t.vocabulary.text(id);
  else if (type == TokenType::control || type == TokenType::unknown) out += special ? t.vocabulary.text(id) : std::string_view();
  else t.family->append_text(t, id, out);
}

String detokenize(const Tokenizer& t, const int32_t* ids, size_t count, bool special) {
  String text;
  bool first = true;  // the space that was put in front of the text is taken away again
  for (size_t i = 0; i < count; ++i) {
    size_t before = text.size();
    append_token_text(t, ids[i], special, text);
    bool is_text = text.size() > before && t.vocabulary.type(ids[i]) != TokenType::control;
    if (first && is_text && t.add_space_prefix && t.family->space_prefix && text[before] == ' ') text.erase(before, 1);
    if (is_text) first = false;
  }
  return text;
}

TextStream::TextStream(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
  size_t most = tokenizer.vocabulary.longest() + 8;  // a token and the head of an unfinished character
  pending_.reserve(most);
  ready_.reserve(most);
}

void TextStream::clear() {
  pending_.clear();
  ready_.clear();
}

std::string_view TextStream::push(int32_t id) {
  append_token_text(tokenizer_, id, false, pending_);
  size_t keep = unfinished_tail(pending_);
  ready_.assign(pending_, 0, pending_.size() - keep);
  pending_.erase(0, pending_.size() - keep);
  return ready_;
}

std::string_view TextStream::finish() {
  ready_.swap(pending_);
  pending_.clear();
  return ready_;
}

Vector<String> tokenizer_names() {
  Vector<String> names;
  for (const TokenizerFamily* f : kFamilies) names.push_back(f->model);
  return names;
}

}  // namespace prm
