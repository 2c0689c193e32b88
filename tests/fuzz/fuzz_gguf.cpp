// GGUF headers, the values and tensors in them, and vocabularies: what is read lies inside the file.
#include "base/file.h"
#include "formats/gguf.h"
#include "formats/split_model.h"
#include "fuzz.h"
#include "runtime/model_tokenizer.h"

using namespace prm;
using namespace prm::fuzz;

namespace {

// Each value as what it says that it is.
void ask(const ModelFile& file, const String& key, const MetaValue& value) {
  switch (value.type) {
    case MetaType::unsigned_int:
    case MetaType::signed_int: file.integer(key, INT64_MIN, INT64_MAX); break;
    case MetaType::real: file.real_or(key, 0); break;
    case MetaType::boolean: file.boolean_or(key, false); break;
    case MetaType::text: must(file.text(key).size() == value.text.size()); break;
    case MetaType::array:
      if (value.element == MetaType::text) must(file.texts(key).size() == value.count);
      else if (value.element_bytes == 4) must((value.element == MetaType::real ? file.reals(key).size() : file.integers(key).size()) == value.count);
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return with_account([&](MemoryAccount&) {
    ModelFile file = read_gguf(borrow_memory(data, size, "input"), {});
    for (const NamedTensor& tensor : file.tensors) {
      uint64_t bytes = uint64_t(tensor.data.count()) / uint64_t(info(tensor.data.dtype).block) * uint64_t(info(tensor.data.dtype).bytes);
      must(tensor.offset <= size && bytes <= size - tensor.offset && file.find_tensor(tensor.name) == &tensor);
      Vector<std::byte> values;
      values.resize(size_t(bytes));
      file.read_tensor(tensor, values.data());
    }
    must(!file.find_tensor(""));
    for (const auto& [key, value] : file.metadata) {
      must(!key.empty() && value.raw.size() <= size);
      ask(file, key, value);
    }
    read_tokenizer(file, -1, {});
  });
}
