// What the program asks of the operating system: one source file a system. Paths and arguments are UTF-8.
#pragma once
#include <cstdint>
#include <cstdio>
#include <string>

// The arguments in UTF-8: argv itself where it is that already. They live as long as the program.
char** utf8_arguments(int& argc, char** argv);
// Bytes go in and out as they are, and a pipe that nobody reads is an error of write.
void prepare_streams();
// fopen, with errno.
std::FILE* open_file(const std::string& path, const char* mode);
// What was written to a file is on the disk; then the file takes another's place, whole. False: errno tells.
bool flush_file(std::FILE* file);
bool replace_file(const std::string& from, const std::string& to);
bool is_folder(const std::string& path);
void remove_file(const std::string& path);
// Waits until a stream that is not to block takes more; false where there is none such.
bool wait_for_room(int fd) noexcept;
bool is_terminal(int fd);  // a person watches this stream
bool redraws(int fd);      // and escape codes move its cursor
// Bytes of stdin as they come, UTF-8 from a console too; 0 at the end. Negative: errno tells, EINTR after Ctrl-C.
long read_stdin(char* buffer, size_t size);
// The most memory this process has held, 10^6 bytes; negative where the system does not say.
double peak_rss_mb();
// Bytes of the disk that a folder lies on, and those that this user may still write. False: errno tells.
bool disk_space(const std::string& folder, uint64_t& total, uint64_t& available);
// Ctrl-C calls `handler`, in a signal handler or on a thread of the system's: it may touch atomics and fire tokens.
void on_interrupt(void (*handler)());
