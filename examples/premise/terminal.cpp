#include "terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include "failure.h"
#include "system.h"

namespace {

prm_cancel* token = nullptr;
std::atomic<int64_t> fired_ns{0};
std::atomic<bool> stopped{false};
std::atomic<void (*)()> borrower{nullptr};

bool write_all(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && (errno == EINTR || (errno == EAGAIN && wait_for_room(fd)))) continue;
    if (n <= 0) return false;
    text.remove_prefix(size_t(n));
  }
  return true;
}

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value && *value;
}

void take_interrupt() {
  if (auto taker = borrower.load()) return taker();
  if (stopped.exchange(true)) _exit(kInterrupted);
  fire_stop();
}

}  // namespace

bool try_write_out(std::string_view text) noexcept { return write_all(STDOUT_FILENO, text); }

void fail_output(int code) {
  if (code == EPIPE) throw OutputClosed();
  fail_system("cannot write", "standard output", code);
}

void write_out(std::string_view text) {
  if (!try_write_out(text)) fail_output(errno);
}

int stream_out(std::string_view text, bool watched) { return try_write_out(watched ? std::string_view(printable(text, "\n\t")) : text) ? 0 : errno; }

void write_talk(std::string_view text) noexcept { write_all(STDERR_FILENO, text); }

bool out_is_terminal() { return is_terminal(STDOUT_FILENO); }

bool talk_is_watched() { return redraws(STDERR_FILENO); }

const char* talk_style(const char* escape) { return talk_is_watched() && !is_set("NO_COLOR") ? escape : ""; }

const char* out_style(const char* escape) { return redraws(STDOUT_FILENO) && !is_set("NO_COLOR") ? escape : ""; }

bool Progress::due() {
  if (!shown_ || prm_now_ns() < next_ns_) return false;
  next_ns_ = prm_now_ns() + 100'000'000;
  return true;
}

void Progress::line(std::string_view text) {
  if (!due()) return;
  write_talk(fmt::format("\r\x1b[K{}{}{}", talk_style("\x1b[2m"), text, talk_style("\x1b[0m")));
  drawn_ = true;
}

void Progress::bar(std::string_view label, uint64_t done, uint64_t total) {
  constexpr uint64_t kWidth = 30;
  if (!total) return line(label);
  double share = double(done < total ? done : total) / double(total);
  auto full = uint64_t(share * double(kWidth));
  line(fmt::format("{} [{:#<{}}{:.<{}}] {:3.0f} %", label, "", full, "", kWidth - full, share * 100));
}

void Progress::clear() {
  if (drawn_) write_talk("\r\x1b[K");
  drawn_ = false;
}

void install_signals() {
  check(prm_cancel_open(&token), "");
  on_interrupt(take_interrupt);
}

void lend_interrupts(void (*taker)()) { borrower = taker; }
prm_cancel* stop_token() { return token; }
bool interrupted() { return stopped; }
int64_t stop_time_ns() { return fired_ns.load(); }

void fire_stop() {
  int64_t never = 0;
  fired_ns.compare_exchange_strong(never, prm_now_ns());
  prm_cancel_fire(token);
}
