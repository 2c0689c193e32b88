// Text by fmt's format strings. fmt is header-only here: its work is generated once, in format_message.cpp, and not in
// every unit that has something to say (three quarters of the time that such a unit took to build).
#pragma once
#include <fmt/format.h>

#include <string>

namespace prm {

void format_into(fmt::memory_buffer& text, fmt::string_view format, fmt::format_args arguments);

template <class... Args>
std::string format_message(fmt::format_string<Args...> format, Args&&... args) {
  fmt::memory_buffer text;
  format_into(text, format, fmt::make_format_args(args...));
  return {text.data(), text.size()};
}

}  // namespace prm
