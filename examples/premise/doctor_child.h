// A question that may crash or never return, asked in a child process.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>

// A line to the parent, as soon as it is known: what was said before a crash is kept.
class Teller {
 public:
  explicit Teller(int fd) : fd_(fd) {}
  void say(const std::string& key, std::string text) const;
  void say(const std::string& key, int64_t number) const { say(key, std::to_string(number)); }

 private:
  int fd_;
};

struct Answers {
  enum End { done, crashed, hung } end = done;
  std::string how;  // the signal, the exit code, the time that passed
  std::map<std::string, std::string> lines;

  std::string text(const std::string& key) const;
  int64_t number(const std::string& key, int64_t otherwise = 0) const;
};

// The program has no other thread at this time. What the child prints is dropped. Throws on Ctrl-C.
Answers ask_in_child(const std::function<void(const Teller&)>& question, int64_t timeout_ms);
