#include "faults.h"

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <new>
#include <string>

#include "failure.h"

namespace {

// The n-th of its calls fails, or that and all later ones.
struct Fault {
  int64_t at = 0;
  bool onwards = false;
  std::atomic<int64_t> calls{0};

  bool strikes() {
    int64_t call = ++calls;
    return at && (onwards ? call >= at : call == at);
  }
};
Fault alloc_fault, read_fault;

bool read_fault_of(const char* name, Fault& fault) {
  const char* text = std::getenv(name);
  if (!text || !*text) return false;
  const char* end = text + std::strlen(text);
  auto [rest, error] = std::from_chars(text, end, fault.at);
  fault.onwards = rest != end && *rest == '+';
  if (error != std::errc() || fault.at < 1 || rest + fault.onwards != end)
    fail_usage("not a count", std::string(name) + "=" + text, "give n, or n+ for that one and all later ones");
  return true;
}

constexpr std::align_val_t kAlignment{64};  // the most that the library asks for

void* take_memory(void*, size_t size, size_t, int32_t) {
  return alloc_fault.strikes() ? nullptr : ::operator new(size, kAlignment, std::nothrow);
}
void give_memory(void*, void* memory, size_t, int32_t) { ::operator delete(memory, kAlignment); }

int32_t open_file(void*, const char* name, int32_t, void** file, uint64_t* size) {
  auto stream = std::make_unique<std::ifstream>(name, std::ios::binary | std::ios::ate);
  if (!*stream) return 2;
  *size = uint64_t(stream->tellg());
  *file = stream.release();
  return 0;
}

int32_t read_file(void*, void* file, uint64_t offset, void* data, size_t size) {
  auto& stream = *static_cast<std::ifstream*>(file);
  if (read_fault.strikes()) return 5;
  stream.seekg(std::streamoff(offset));
  return stream.read(static_cast<char*>(data), std::streamsize(size)) ? 0 : 5;
}

int32_t close_file(void*, void* file, int32_t) {
  delete static_cast<std::ifstream*>(file);
  return 0;
}

}  // namespace

const prm_host* fault_services() {
  static prm_host host = PRM_INIT(prm_host);
  bool allocations = read_fault_of("PREMISE_FAIL_ALLOC", alloc_fault), reads = read_fault_of("PREMISE_FAIL_READ", read_fault);
  if (allocations) host.alloc = take_memory, host.release = give_memory;
  if (reads) host.file_open = open_file, host.file_read = read_file, host.file_close = close_file;
  return allocations || reads ? &host : nullptr;
}
