// The log: lines for the host, or nobody. Nothing is formatted that nobody reads.
#pragma once
#include <cstdint>

#include "base/float_state.h"
#include "base/format_message.h"

namespace prm {

enum class LogLevel : int32_t { error = 1, warning = 2, info = 3 };  // values of PRM_LOG_*

struct Log {
  void* user = nullptr;
  void (*write)(void* user, int32_t level, const char* text, size_t size) = nullptr;

  template <class... Args>
  void say(LogLevel level, fmt::format_string<Args...> format, Args&&... args) const {
    if (!write) return;
    fmt::memory_buffer line;
    format_into(line, format, fmt::make_format_args(args...));
    HostFloatState theirs;
    write(user, int32_t(level), line.data(), line.size());
  }
};

}  // namespace prm
