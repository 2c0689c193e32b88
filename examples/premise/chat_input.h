// What a person types, or a script pipes: messages of one line or more, and commands.
#pragma once
#include <string>
#include <string_view>

struct ChatInput {
  enum Kind { end, message, command };
  Kind kind = end;
  std::string text;  // of a command: without its slash
};

// A line is a message; where it ends with a backslash, the next one goes on with it; """ opens and closes a block of lines. A
// line that begins with a slash is a command, and with two a message that begins with one.
class ChatReader {
 public:
  explicit ChatReader(bool shows_prompts) : shows_prompts_(shows_prompts) {}
  // Empty lines are passed over. Throws Failure: after Ctrl-C (interrupted), for a message over 16 MiB, a block without an end.
  ChatInput next();

 private:
  bool read_line(std::string& line, std::string_view prompt);
  bool fill();
  ChatInput read_block(std::string_view first);
  ChatInput read_lines(std::string line);
  void add(std::string& text, std::string_view more);
  ChatInput finish(std::string text);

  bool shows_prompts_, ended_ = false, too_long_ = false;
  std::string buffer_;  // read, but not yet taken
};
