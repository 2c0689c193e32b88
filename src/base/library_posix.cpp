#include <dlfcn.h>

#include "base/library.h"

namespace prm {

std::string own_folder() {
  Dl_info info{};
  if (!dladdr(reinterpret_cast<void*>(&own_folder), &info) || !info.dli_fname) return "";
  std::string path = info.dli_fname;
  size_t end = path.rfind('/');
  return end == path.npos ? "" : path.substr(0, end);
}

LibraryFunction load_function(const std::string& path, const char* name, std::string& why) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* function = library ? dlsym(library, name) : nullptr;
  if (function) return reinterpret_cast<LibraryFunction>(function);
  const char* said = dlerror();
  why = said ? said : "the loader does not say why";
  return nullptr;
}

}  // namespace prm
