// Where words go: data to stdout, talk to stderr, and progress only where a person watches.
#pragma once
#include <premise/premise.h>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

// Nobody reads stdout any more: the program ends, quietly.
struct OutputClosed : std::exception {};

// All of it, or false when stdout does not take it: errno tells.
bool try_write_out(std::string_view text) noexcept;
// Throws OutputClosed where nobody reads, else Failure: the disk is full.
[[noreturn]] void fail_output(int code);
void write_out(std::string_view text);  // the two together
// Text of a model's making, as it comes: 0, or errno where stdout takes no more. A terminal obeys what it is sent, and a model does
// not drive it: where a person watches, control characters are shown by their numbers.
int stream_out(std::string_view text, bool watched);
void write_talk(std::string_view text) noexcept;

bool out_is_terminal();
bool talk_is_watched();  // stderr is a terminal that can redraw a line
// The escape code where stderr shows colours (NO_COLOR is respected), else "".
const char* talk_style(const char* escape);
const char* out_style(const char* escape);  // likewise of stdout

// One line on stderr that is redrawn at most ten times a second and wiped at the end. Silent when nobody watches.
class Progress {
 public:
  explicit Progress(bool wanted) : shown_(wanted && talk_is_watched()) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void bar(std::string_view label, uint64_t done, uint64_t total);
  void line(std::string_view text);
  void clear();

 private:
  bool due();
  bool shown_, drawn_ = false;
  int64_t next_ns_ = 0;
};

// Ctrl-C fires stop_token(); a second one ends the program with 130.
void install_signals();
prm_cancel* stop_token();
bool interrupted();
// Ctrl-C calls `taker` instead, as on_interrupt says; NULL: no more.
void lend_interrupts(void (*taker)());
int64_t stop_time_ns();  // on prm_now_ns(); 0 = not fired
void fire_stop();
