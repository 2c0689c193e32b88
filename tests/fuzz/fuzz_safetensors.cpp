// Headers of safetensors files: tensors cover the file, one behind the other.
#include "base/file.h"
#include "formats/safetensors.h"
#include "fuzz.h"

using namespace prm;
using namespace prm::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return with_account([&](MemoryAccount&) {
    uint64_t bytes = 0;
    FilePtr file = borrow_memory(data, size, "input");
    must(!is_safetensors(*file) || size > 9);
    for (const NamedTensor& tensor : read_safetensors(file, {})) {
      must(tensor.offset <= size);
      bytes += uint64_t(tensor.data.count()) * uint64_t(info(tensor.data.dtype).bytes);
    }
    must(bytes <= size);
  });
}
