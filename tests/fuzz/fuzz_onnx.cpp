// ONNX models, with one file beside them: what is read lies inside of the files, and refers to what is there.
#include "base/file.h"
#include "formats/onnx.h"
#include "fuzz.h"
#include "support/memory_files.h"

using namespace prm;
using namespace prm::fuzz;

namespace {

void check_tensor(const OnnxTensor& tensor) {
  if (tensor.type == OnnxType::text) return must(tensor.texts.size() == tensor.count());
  must(tensor.bytes == (tensor.count() * uint64_t(onnx_type_bits(tensor.type)) + 7) / 8);
  must(tensor.file && tensor.offset <= tensor.file->bytes.size() && tensor.bytes <= tensor.file->bytes.size() - tensor.offset);
  Vector<std::byte> values(size_t(tensor.bytes));
  if (tensor.bytes) tensor.file->read(tensor.offset, values.size(), values.data());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static test::MemoryFiles files{{{"f/weights.bin", std::string(64, '\1')}}};
  return with_account([&](MemoryAccount& account) {
    OnnxModel model = read_onnx(borrow_memory(data, size, "input"), files.service(), "f/", account);
    must(!model.graphs.empty() && !model.opsets.empty());
    for (const OnnxFunction& function : model.functions) must(function.graph < model.graphs.size());
    for (const OnnxGraph& graph : model.graphs) {
      for (const OnnxTensor& tensor : graph.initializers) check_tensor(tensor);
      for (const OnnxNode& node : graph.nodes)
        for (const OnnxAttribute& attribute : node.attributes) {
          must(!attribute.name.empty());
          for (const OnnxTensor& tensor : attribute.tensors) check_tensor(tensor);
          for (uint32_t inner : attribute.graphs) must(inner > 0 && inner < model.graphs.size());
        }
    }
  });
}
