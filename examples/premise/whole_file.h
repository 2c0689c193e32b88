// Files that are there or not, and writing one whole or not at all.
#pragma once
#include <string>

// Takes the place of what stood at `path` when all of it is on the disk; throws Failure.
void write_whole_file(const std::string& path, const std::string& text);
// Whether something can be read at `path`.
bool is_there(const std::string& path);
