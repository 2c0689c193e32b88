// Shared libraries of ours beside this one, by absolute path. What is loaded stays loaded.
#pragma once
#include <string>

namespace prm {

// Where the library lies that this code is part of (or the program, where it was linked into that), without a '/' at the end; "" when
// the system does not tell.
std::string own_folder();

// The function of a library. Null, and `why` in the loader's words, where one of both is not there.
using LibraryFunction = void (*)();
LibraryFunction load_function(const std::string& path, const char* name, std::string& why);

}  // namespace prm
