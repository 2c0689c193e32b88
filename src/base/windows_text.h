// Text of Windows and ours: its API speaks UTF-16, everything here UTF-8. Included by this folder's Windows files alone.
#pragma once
#include <windows.h>

#include <string>
#include <string_view>

namespace prm {

// Empty for an empty text and for one that is not well-formed UTF-8.
inline std::wstring to_wide(std::string_view text) {
  int size = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), int(text.size()), nullptr, 0);
  std::wstring wide(size > 0 ? size_t(size) : 0, L'\0');
  MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), int(text.size()), wide.data(), int(wide.size()));
  return wide;
}

inline std::string to_utf8(std::wstring_view wide) {
  int size = WideCharToMultiByte(CP_UTF8, 0, wide.data(), int(wide.size()), nullptr, 0, nullptr, nullptr);
  std::string text(size > 0 ? size_t(size) : 0, '\0');
  WideCharToMultiByte(CP_UTF8, 0, wide.data(), int(wide.size()), text.data(), int(text.size()), nullptr, nullptr);
  return text;
}

// What the system says about one of its error codes, on one line.
inline std::string system_message(DWORD code) {
  wchar_t wide[512];
  DWORD size = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK, nullptr, code, 0, wide,
                              DWORD(std::size(wide)), nullptr);
  while (size && (wide[size - 1] == L' ' || wide[size - 1] == L'.')) --size;
  return size ? to_utf8({wide, size}) : "system error " + std::to_string(code);
}

}  // namespace prm
