#include "runtime/session.h"

#include "base/error.h"
#include "runtime/model.h"

namespace prm {

void Session::publish() noexcept {
  token_count.store(int64_t(tokens.size()), std::memory_order_relaxed);
  page_count.store(int64_t(sequence.pages.size()), std::memory_order_relaxed);
}

namespace {
void give_back(Session& session) noexcept {
  session.clear();
  session.publish();
  session.state.store(Session::free);
}
}  // namespace

Session& open_session(Model& model) {
  if (model.header_only) fail(Status::unsupported, "the model was opened with PRM_MODEL_HEADER_ONLY: open it without to hold sessions");
  for (std::shared_ptr<Session>& session : model.sessions)
    if (int expected = Session::free; session->state.compare_exchange_strong(expected, Session::idle)) return *session;
  fail_about(Status::limit, "sessions", "all {} sessions of the model are open: close one, or open the model with more (options.sessions)",
             model.sessions.size());
}

void close_session(Session& session) noexcept {
  int state = Session::idle;
  if (session.state.compare_exchange_strong(state, Session::busy)) return give_back(session);
  state = Session::busy;
  if (!session.state.compare_exchange_strong(state, Session::closing)) close_session(session);  // it has just become idle
}

void truncate_session(Session& session, int64_t count) {
  SessionUse use(&session);
  int64_t held = int64_t(session.tokens.size());
  if (count < 0 || count > held) fail_about(Status::invalid_argument, "token_count", "token_count is {}, expected 0 to {}: what the session holds", count, held);
  session.truncate(size_t(count), std::min(count, session.sequence.done));
}

SessionUse::SessionUse(Session* session) : session_(session) {
  int expected = Session::idle;
  if (session && !session->state.compare_exchange_strong(expected, Session::busy))
    fail_about(Status::invalid_state, "session", "the session is in use by another call: wait for its end, or open a session of its own");
}

SessionUse::~SessionUse() {
  if (!session_) return;
  session_->publish();
  int expected = Session::busy;
  if (!session_->state.compare_exchange_strong(expected, Session::idle)) give_back(*session_);
}

}  // namespace prm
