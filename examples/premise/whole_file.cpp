#include "whole_file.h"

#include <cerrno>
#include <cstdio>

#include "failure.h"
#include "system.h"

namespace {

// 0, or what errno said first.
int write_file(const std::string& path, const std::string& text) {
  std::FILE* file = open_file(path, "wb");
  if (!file) return errno;
  int code = std::fwrite(text.data(), 1, text.size(), file) == text.size() && flush_file(file) ? 0 : errno;
  if (std::fclose(file) && !code) code = errno;
  return code;
}

}  // namespace

void write_whole_file(const std::string& path, const std::string& text) {
  std::string beside = path + ".new";
  int code = write_file(beside, text);
  if (!code && !replace_file(beside, path)) code = errno;
  if (!code) return;
  remove_file(beside);
  fail_system("cannot write", path, code);
}

bool is_there(const std::string& path) {
  std::FILE* file = open_file(path, "rb");
  if (file) std::fclose(file);
  return file;
}
