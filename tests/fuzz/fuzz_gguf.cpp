// GGUF headers, and the vocabularies in them: what is read lies inside the file.
#include "base/file.h"
#include "formats/gguf.h"
#include "formats/split_model.h"
#include "fuzz.h"
#include "runtime/model_tokenizer.h"

using namespace prm;
using namespace prm::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return with_account([&](MemoryAccount&) {
    ModelFile file = read_gguf(borrow_memory(data, size, "input"), {});
    for (const NamedTensor& tensor : file.tensors) {
      uint64_t bytes = uint64_t(tensor.data.count()) / uint64_t(info(tensor.data.dtype).block) * uint64_t(info(tensor.data.dtype).bytes);
      must(tensor.offset <= size && bytes <= size - tensor.offset);
    }
    for (const auto& [key, value] : file.metadata) must(!key.empty() && value.raw.size() <= size);
    read_tokenizer(file, -1, {});
  });
}
