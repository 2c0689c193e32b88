// Conversations: the tokens of a sequence beside its keys and values. A model makes all that it grants when it is loaded;
// opening one takes a free one.
#pragma once
#include <atomic>

#include "runtime/step.h"

namespace prm {

// Tokens of prompts and answers. The last token of an answer is not in the cache until the next step needs it there.
struct Conversation {
  Sequence sequence;
  Vector<int32_t> tokens;

  Conversation(PagePool& pages, int64_t context) : sequence(pages) { tokens.reserve(size_t(context)); }
  void truncate(size_t count, int64_t done) {
    tokens.resize(std::min(count, tokens.size()));
    sequence.truncate(done);
  }
  void clear() { truncate(0, 0); }
};

struct Session : Conversation {
  enum State : int { free, idle, busy, closing };  // closing: busy, and closed meanwhile
  std::atomic<int> state{free};
  std::atomic<int64_t> token_count{0}, page_count{0};  // for queries from anywhere, at any time

  using Conversation::Conversation;
  void publish() noexcept;
};

struct Model;

// Fails with limit when all are open, with unsupported when header_only.
Session& open_session(Model& model);
// At once when idle, else when the call that uses it ends.
void close_session(Session& session) noexcept;
// Forgets the tokens after the first `count`. Fails with invalid_state (in use) or invalid_argument.
void truncate_session(Session& session, int64_t count);

// A session in the hands of one call. Fails with invalid_state when it is in those of another.
class SessionUse {
 public:
  explicit SessionUse(Session* session);  // null: none
  ~SessionUse();
  SessionUse(const SessionUse&) = delete;
  SessionUse& operator=(const SessionUse&) = delete;

 private:
  Session* session_;
};

}  // namespace prm
