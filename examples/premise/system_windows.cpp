#include <fcntl.h>
#include <io.h>
#include <windows.h>
// After windows.h.
#include <psapi.h>
#include <shellapi.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "system.h"

namespace {

std::atomic<void (*)()> interrupt_handler{nullptr};

BOOL WINAPI take_event(DWORD event) {
  if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT) return FALSE;
  interrupt_handler.load()();
  return TRUE;
}

std::string to_utf8(const wchar_t* wide) {
  int size = WideCharToMultiByte(CP_UTF8, 0, wide, -1, nullptr, 0, nullptr, nullptr);  // the NUL counts
  std::string text(size > 0 ? size_t(size) : 1, '\0');
  WideCharToMultiByte(CP_UTF8, 0, wide, -1, text.data(), size, nullptr, nullptr);
  text.pop_back();
  return text;
}

std::wstring to_wide(const std::string& text) {
  int size = MultiByteToWideChar(CP_UTF8, 0, text.c_str(), -1, nullptr, 0);
  std::wstring wide(size > 0 ? size_t(size) : 1, L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.c_str(), -1, wide.data(), size);
  wide.pop_back();
  return wide;
}

// 0 when the stream is no console.
DWORD console_mode(int fd) {
  DWORD mode = 0;
  return GetConsoleMode(reinterpret_cast<HANDLE>(_get_osfhandle(fd)), &mode) ? mode | 1 : 0;
}

// Text of a console in UTF-8, which lies here until it is taken: reading bytes of it would lose what is not ASCII.
std::string console_text;

// False at the end and after Ctrl-C, with errno.
bool read_console() {
  wchar_t wide[4097];
  DWORD count = 0;
  SetLastError(0);
  bool read = ReadConsoleW(GetStdHandle(STD_INPUT_HANDLE), wide, 4096, &count, nullptr);
  errno = GetLastError() == ERROR_OPERATION_ABORTED ? EINTR : read ? 0 : EIO;
  if (errno || !count || wide[0] == 0x1a) return false;  // Ctrl-Z ends the input
  wide[count] = 0;
  console_text = to_utf8(wide);
  std::erase(console_text, '\r');
  return true;
}

UINT host_output_page = 0;
void restore_output_page() { SetConsoleOutputCP(host_output_page); }

}  // namespace

char** utf8_arguments(int& argc, char** argv) {
  static std::vector<std::string> words;
  static std::vector<char*> pointers;
  int count = 0;
  wchar_t** wide = CommandLineToArgvW(GetCommandLineW(), &count);
  if (!wide) return argv;
  for (int i = 0; i < count; ++i) words.push_back(to_utf8(wide[i]));
  LocalFree(wide);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  argc = count;
  return pointers.data();
}

void prepare_streams() {
  for (int fd : {0, 1, 2}) _setmode(fd, _O_BINARY);
  if (!console_mode(1) && !console_mode(2)) return;
  host_output_page = GetConsoleOutputCP();
  if (host_output_page && SetConsoleOutputCP(CP_UTF8)) std::atexit(restore_output_page);
}

std::FILE* open_file(const std::string& path, const char* mode) { return _wfopen(to_wide(path).c_str(), to_wide(mode).c_str()); }
bool is_folder(const std::string& path) {
  DWORD attributes = GetFileAttributesW(to_wide(path).c_str());
  return attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY;
}
void remove_file(const std::string& path) { _wremove(to_wide(path).c_str()); }

bool flush_file(std::FILE* file) { return !std::fflush(file) && !_commit(_fileno(file)); }

bool replace_file(const std::string& from, const std::string& to) {
  bool done =
      MoveFileExW(to_wide(from).c_str(), to_wide(to).c_str(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
  if (!done) errno = EACCES;
  return done;
}

long read_stdin(char* buffer, size_t size) {
  if (!console_mode(0)) return _read(0, buffer, unsigned(size));
  if (console_text.empty() && !read_console()) return errno ? -1 : 0;
  size_t count = std::min(size, console_text.size());
  std::copy_n(console_text.data(), count, buffer);
  console_text.erase(0, count);
  return long(count);
}

bool wait_for_room(int) noexcept { return false; }  // writes wait here

bool is_terminal(int fd) { return console_mode(fd) != 0; }

bool redraws(int fd) {
  DWORD mode = console_mode(fd);
  return mode && SetConsoleMode(reinterpret_cast<HANDLE>(_get_osfhandle(fd)), mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

double peak_rss_mb() {
  PROCESS_MEMORY_COUNTERS memory{};
  memory.cb = sizeof memory;
  return K32GetProcessMemoryInfo(GetCurrentProcess(), &memory, sizeof memory) ? double(memory.PeakWorkingSetSize) / 1e6 : -1;
}

bool disk_space(const std::string& folder, uint64_t& total, uint64_t& available) {
  ULARGE_INTEGER mine, all;
  bool told = GetDiskFreeSpaceExW(to_wide(folder).c_str(), &mine, &all, nullptr);
  if (!told) errno = ENOENT;
  else total = all.QuadPart, available = mine.QuadPart;
  return told;
}

void on_interrupt(void (*handler)()) {
  interrupt_handler = handler;
  SetConsoleCtrlHandler(take_event, TRUE);
}
