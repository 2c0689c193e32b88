// What was said in a conversation.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

struct ChatMessage {
  std::string role, content;
};

struct ChatHistory {
  std::string system;                 // "": none
  std::vector<ChatMessage> messages;  // of users and assistants, in the order in which they came

  // The last thing a user said, with all that came after it, is no more. Gives its text; throws Failure when there is none.
  std::string take_back();
  // The same of the oldest exchange, unless it is the only one. False: it is.
  bool drop_oldest();
  // As the model's template takes them: the system's message stands first.
  std::vector<ChatMessage> all() const;
};
