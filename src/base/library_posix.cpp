#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/library.h"

namespace prm {

namespace {

struct OpenFile {
  int fd;
  ~OpenFile() {
    if (fd >= 0) close(fd);
  }
};

// The system's loader maps what the headers say, and dies of a file that ends before. Empty: all that is mapped is there.
std::string fault_of_file(const std::string& path) {
  OpenFile file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status{};
  if (file.fd < 0 || fstat(file.fd, &status)) return std::strerror(errno);
  uint64_t size = uint64_t(status.st_size);
  Elf64_Ehdr header{};
  bool is_library = S_ISREG(status.st_mode) && pread(file.fd, &header, sizeof header, 0) == ssize_t(sizeof header) && !std::memcmp(header.e_ident, ELFMAG, SELFMAG) &&
                    header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_phentsize == sizeof(Elf64_Phdr);
  if (!is_library) return "it is no shared library of this machine's kind";
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr part{};
    uint64_t at = header.e_phoff + uint64_t(i) * sizeof part;
    bool whole = at < size && pread(file.fd, &part, sizeof part, off_t(at)) == ssize_t(sizeof part) && part.p_filesz <= size && part.p_offset <= size - part.p_filesz;
    if (!whole) return "it ends in its middle: install it again";
  }
  return "";
}

}  // namespace

std::string own_folder() {
  Dl_info info{};
  if (!dladdr(reinterpret_cast<void*>(&own_folder), &info) || !info.dli_fname) return "";
  std::string path = info.dli_fname;
  size_t end = path.rfind('/');
  return end == path.npos ? "" : path.substr(0, end);
}

LibraryFunction load_function(const std::string& path, const char* name, std::string& why) {
  if (why = fault_of_file(path); !why.empty()) return nullptr;
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* function = library ? dlsym(library, name) : nullptr;
  if (function) return reinterpret_cast<LibraryFunction>(function);
  const char* said = dlerror();
  why = said ? said : "the loader does not say why";
  return nullptr;
}

}  // namespace prm
