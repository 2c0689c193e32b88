#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "system.h"

namespace {

std::atomic<void (*)()> interrupt_handler{nullptr};

extern "C" void take_signal(int) {
  int kept = errno;
  interrupt_handler.load()();
  errno = kept;
}

}  // namespace

char** utf8_arguments(int&, char** argv) { return argv; }

void prepare_streams() {
  struct sigaction action = {};
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
}

std::FILE* open_file(const std::string& path, const char* mode) { return std::fopen(path.c_str(), mode); }
bool flush_file(std::FILE* file) { return !std::fflush(file) && (!fsync(fileno(file)) || errno == EINVAL); }
bool replace_file(const std::string& from, const std::string& to) { return !std::rename(from.c_str(), to.c_str()); }
bool is_folder(const std::string& path) {
  struct stat info;
  return !stat(path.c_str(), &info) && S_ISDIR(info.st_mode);
}
void remove_file(const std::string& path) { std::remove(path.c_str()); }

bool wait_for_room(int fd) noexcept {
  pollfd output{fd, POLLOUT, 0};
  return poll(&output, 1, -1) >= 0 || errno == EINTR;
}

// A signal may come just before the wait, or to another thread: each 100 ms the caller gets to look.
long read_stdin(char* buffer, size_t size) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  int ready = poll(&input, 1, 100);
  if (ready > 0) return read(STDIN_FILENO, buffer, size);
  if (ready == 0) errno = EINTR;
  return -1;
}

bool is_terminal(int fd) { return isatty(fd); }

bool redraws(int fd) {
  const char* kind = std::getenv("TERM");
  return isatty(fd) && kind && *kind && std::string_view(kind) != "dumb";
}

double peak_rss_mb() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) * 1024 / 1e6;
  return -1;
}

bool disk_space(const std::string& folder, uint64_t& total, uint64_t& available) {
  struct statvfs disk;
  if (statvfs(folder.c_str(), &disk)) return false;
  total = uint64_t(disk.f_blocks) * disk.f_frsize;
  available = uint64_t(disk.f_bavail) * disk.f_frsize;
  return true;
}

void on_interrupt(void (*handler)()) {
  interrupt_handler = handler;
  struct sigaction action = {};
  action.sa_handler = take_signal;  // no SA_RESTART: a read of stdin ends
  sigaction(SIGINT, &action, nullptr);
}
