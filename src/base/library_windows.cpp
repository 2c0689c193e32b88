#include "base/library.h"

namespace prm {

std::string own_folder() { return ""; }

LibraryFunction load_function(const std::string&, const char*, std::string& why) {
  why = "this release has plug-ins for Linux alone";
  return nullptr;
}

}  // namespace prm
