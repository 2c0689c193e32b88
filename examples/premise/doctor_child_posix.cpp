#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <premise/premise.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "doctor_child.h"
#include "failure.h"
#include "terminal.h"

namespace {

constexpr size_t kMostText = 1 << 20;

[[noreturn]] void answer(const std::function<void(const Teller&)>& question, int fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int number : {SIGINT, SIGPIPE}) signal(number, SIG_DFL);
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int out : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nowhere, out);
  int code = 0;
  try {
    question(Teller(fd));
  } catch (...) {  // of a library's making
    code = 70;
  }
  _exit(code);  // what libraries would do at the end of a program is not of interest
}

// All that comes until the child closes its end; false: the time is over.
bool read_until(int fd, int64_t end_ns, std::string& text) {
  for (;;) {
    if (interrupted()) return false;
    int64_t left_ms = (end_ns - prm_now_ns()) / 1'000'000;
    if (left_ms <= 0 || text.size() > kMostText) return false;
    pollfd input{fd, POLLIN, 0};
    int ready = poll(&input, 1, int(std::min<int64_t>(left_ms, 100)));
    if (ready <= 0) continue;
    char buffer[4096];
    ssize_t n = read(fd, buffer, sizeof buffer);
    if (n == 0) return true;
    if (n > 0) text.append(buffer, size_t(n));
  }
}

// A child that waits inside of the driver may not even be killed: it is left behind then.
bool reap(pid_t child, int64_t end_ns, int& status) {
  do {
    pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) return true;
    if (ended < 0 && errno != EINTR) return false;
    poll(nullptr, 0, 2);
  } while (prm_now_ns() < end_ns);
  return false;
}

std::map<std::string, std::string> parse_lines(const std::string& text) {
  std::map<std::string, std::string> lines;
  for (size_t at = 0, end; (end = text.find('\n', at)) != text.npos; at = end + 1) {
    size_t space = text.find(' ', at);
    if (space < end) lines[text.substr(at, space - at)] = text.substr(space + 1, end - space - 1);
  }
  return lines;
}

}  // namespace

void Teller::say(const std::string& key, std::string text) const {
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::string line = key + " " + text + "\n";
  for (size_t at = 0; at < line.size();) {
    ssize_t n = write(fd_, line.data() + at, line.size() - at);
    if (n < 0 && errno != EINTR) return;
    if (n > 0) at += size_t(n);
  }
}

std::string Answers::text(const std::string& key) const {
  auto found = lines.find(key);
  return found == lines.end() ? "" : found->second;
}

int64_t Answers::number(const std::string& key, int64_t otherwise) const {
  std::string digits = text(key);
  int64_t value = 0;
  auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && rest == digits.data() + digits.size() ? value : otherwise;
}

Answers ask_in_child(const std::function<void(const Teller&)>& question, int64_t timeout_ms) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) fail_system("cannot make a pipe", "doctor", errno);
  pid_t child = fork();
  if (child < 0) {
    int code = errno;
    close(ends[0]);
    close(ends[1]);
    fail_system("cannot start a process", "doctor", code);
  }
  if (!child) answer(question, ends[1]);
  close(ends[1]);
  Answers answers;
  std::string text;
  int status = 0;
  int64_t end_ns = prm_now_ns() + timeout_ms * 1'000'000;
  bool ended = read_until(ends[0], end_ns, text) && reap(child, end_ns, status);
  close(ends[0]);
  if (!ended) {
    kill(child, SIGKILL);
    reap(child, prm_now_ns() + 500'000'000, status);
    answers.end = Answers::hung;
    answers.how = fmt::format("no answer within {} s", double(timeout_ms) / 1000);
  } else if (WIFSIGNALED(status)) {
    answers.end = Answers::crashed;
    answers.how = fmt::format("ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  } else if (WEXITSTATUS(status)) {
    answers.end = Answers::crashed;
    answers.how = fmt::format("ended the process with code {}", WEXITSTATUS(status));
  }
  answers.lines = parse_lines(text);
  if (interrupted()) fail_interrupted("");
  return answers;
}
