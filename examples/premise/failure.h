// The program's one error: what went wrong, where, and how to mend it. Thrown anywhere, printed once, by main().
#pragma once
#include <premise/premise.h>

#include <exception>
#include <string>
#include <string_view>

enum ExitCode { kDone = 0, kFailed = 1, kWrongUsage = 2, kInterrupted = 130 };

struct Failure : std::exception {
  ExitCode exit_code = kFailed;
  prm_status status = PRM_STATUS_INVALID_ARGUMENT;
  std::string what_failed, where, fix;
  std::string message;     // the library's sentence, as it is
  std::string file, item;  // for programs
  std::string extra_json;  // further members of the JSON object, "" or `"key":value,`

  const char* what() const noexcept override { return message.c_str(); }
};

// Reading or writing of the program's own files failed.
[[noreturn]] void fail_system(const std::string& what, const std::string& file, int code);
[[noreturn]] void fail_with(prm_status status, std::string what, std::string where, std::string fix);
[[noreturn]] void fail_usage(std::string what, std::string where, std::string fix);
// A file's content is at fault.
[[noreturn]] void fail_in_file(prm_status status, std::string what, const std::string& file, std::string why);
// After Ctrl-C.
[[noreturn]] void fail_interrupted(const std::string& file);
// Throws what the library keeps of this thread's last failure.
[[noreturn]] void fail_from_library(prm_status status, const std::string& file);

inline void check(prm_status status, const std::string& file) {
  if (status != PRM_STATUS_OK) fail_from_library(status, file);
}

// One object and a newline on stdout, or one line on stderr.
void print_failure(const Failure& failure, bool as_json);
// Text of a file's own making as one harmless line: control characters, but for those in `kept`, become \xNN.
std::string printable(std::string_view text, std::string_view kept = "");
