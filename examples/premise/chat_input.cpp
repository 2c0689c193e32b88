#include "chat_input.h"

#include <fmt/format.h>

#include <cerrno>

#include "failure.h"
#include "system.h"
#include "terminal.h"

namespace {

constexpr size_t kMaxMessageBytes = size_t(16) << 20;
constexpr std::string_view kQuotes = "\"\"\"", kPrompt = "> ", kMorePrompt = ". ";

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == line.npos; }

}  // namespace

ChatInput ChatReader::next() {
  too_long_ = false;
  std::string line;
  do {
    if (!read_line(line, kPrompt)) return {};
  } while (is_blank(line) && !too_long_);
  if (line.starts_with(kQuotes)) return read_block(std::string_view(line).substr(kQuotes.size()));
  if (line.starts_with("//")) return read_lines(line.substr(1));
  if (line.starts_with('/') && !too_long_) return {ChatInput::command, line.substr(1)};
  return read_lines(line);
}

ChatInput ChatReader::read_block(std::string_view first) {
  std::string text, line(first);
  for (bool opening = true; !line.ends_with(kQuotes); opening = false) {
    if (!opening || !line.empty()) add(text, line + "\n");
    if (!read_line(line, kMorePrompt)) fail_usage("a block without an end", "standard input", "close it with \"\"\"");
  }
  add(text, std::string_view(line).substr(0, line.size() - kQuotes.size()));
  if (text.ends_with('\n')) text.pop_back();
  return finish(text);
}

ChatInput ChatReader::read_lines(std::string line) {
  std::string text;
  while (line.ends_with('\\')) {
    line.back() = '\n';
    add(text, line);
    if (!read_line(line, kMorePrompt)) line.clear();
  }
  add(text, line);
  return finish(text);
}

// What is too long is read to its end, so that the rest of it is not taken for another message.
void ChatReader::add(std::string& text, std::string_view more) {
  if (text.size() + more.size() > kMaxMessageBytes) too_long_ = true;
  else text += more;
}

ChatInput ChatReader::finish(std::string text) {
  if (too_long_)
    fail_with(PRM_STATUS_LIMIT, "too long", "the message", fmt::format("give at most {} bytes", kMaxMessageBytes));
  return {ChatInput::message, std::move(text)};
}

bool ChatReader::read_line(std::string& line, std::string_view prompt) {
  line.clear();
  if (shows_prompts_) write_talk(fmt::format("{}{}{}", talk_style("\x1b[1m"), prompt, talk_style("\x1b[0m")));
  for (;;) {
    size_t end = buffer_.find('\n');
    add(line, std::string_view(buffer_).substr(0, end));
    bool whole = end != buffer_.npos;
    buffer_.erase(0, whole ? end + 1 : end);
    if (whole) break;
    if (!fill()) {
      if (line.empty() && !too_long_) return false;
      break;
    }
  }
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

bool ChatReader::fill() {
  char bytes[65536];
  while (!ended_) {
    long count = read_stdin(bytes, sizeof bytes);
    if (interrupted()) {
      if (shows_prompts_) write_talk("\n");  // behind the ^C
      fail_interrupted("standard input");
    }
    if (count > 0) {
      buffer_.assign(bytes, size_t(count));
      return true;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_system("cannot read", "standard input", errno);
    ended_ = true;
  }
  return false;
}
