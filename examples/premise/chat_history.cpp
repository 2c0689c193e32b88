#include "chat_history.h"

#include <algorithm>

#include "failure.h"

namespace {

bool is_user(const ChatMessage& message) { return message.role == "user"; }

}  // namespace

std::string ChatHistory::take_back() {
  auto last = std::find_if(messages.rbegin(), messages.rend(), is_user);
  if (last == messages.rend()) fail_usage("nothing was said yet", "the conversation", "type a message");
  std::string text = last->content;
  messages.erase(last.base() - 1, messages.end());
  return text;
}

bool ChatHistory::drop_oldest() {
  if (messages.empty()) return false;
  auto second = std::find_if(messages.begin() + 1, messages.end(), is_user);
  if (second == messages.end()) return false;
  messages.erase(messages.begin(), second);
  return true;
}

std::vector<ChatMessage> ChatHistory::all() const {
  std::vector<ChatMessage> out;
  if (!system.empty()) out.push_back({"system", system});
  out.insert(out.end(), messages.begin(), messages.end());
  return out;
}
