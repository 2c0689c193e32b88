// What ends the program, or the reading of one picture: thrown anywhere, printed by main().
#pragma once
#include <stdexcept>
#include <string>

enum ExitCode { kDone = 0, kFailed = 1, kWrongUsage = 2, kInterrupted = 130 };

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One sentence: the file or option, what is wrong with it, and how to mend it.
[[noreturn]] inline void fail(const std::string& about, const std::string& what) { throw Failure(about + ": " + what); }
