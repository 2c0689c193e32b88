// Status codes and the one internal error. Everything that fails below the C ABI throws prm::Error through fail();
// capi/ turns it into a prm_status. Nothing else in the tree may invent an error.
#pragma once
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "base/format_message.h"

namespace prm {

// Values of prm_status in include/premise/premise.h; capi/status.cpp asserts that they agree.
enum class Status : int32_t {
  ok = 0,
  invalid_argument = 1,
  invalid_state = 2,
  unsupported = 3,
  not_found = 4,
  buffer_too_small = 5,
  version_mismatch = 6,
  callback = 7,
  bad_file = 10,
  io = 11,
  digest = 12,
  limit = 13,
  out_of_memory = 20,
  out_of_device_memory = 21,
  over_budget = 22,
  cancelled = 30,
  deadline = 31,
  device_unavailable = 40,
  device_lost = 41,
  numeric = 50,
  context_full = 51,
  internal = 99,
};

const char* status_name(Status status) noexcept;

struct Error : std::exception {
  Status status;
  std::string message;  // one sentence: what, about what, what to do
  std::string subject;  // the file, tensor, option or op
  uint64_t file_offset = 0;
  uint64_t needed_bytes = 0, available_bytes = 0;
  int32_t system_code = 0;

  Error(Status code, std::string text, std::string_view about = {})
      : status(code), message(std::move(text)), subject(about) {}
  const char* what() const noexcept override { return message.c_str(); }
};

template <class... Args>
[[noreturn]] void fail(Status status, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(status, format_message(format, std::forward<Args>(args)...));
}

// The same, naming the thing at fault apart from the sentence.
template <class... Args>
[[noreturn]] void fail_about(Status status, std::string_view subject, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(status, format_message(format, std::forward<Args>(args)...), std::string(subject));
}

}  // namespace prm
