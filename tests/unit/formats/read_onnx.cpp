// Reads ONNX models and says what came of it, a line a file: for script/corpus, and for tests/full/onnx_models. The exit status is 1
// when one was refused.
#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "formats/onnx.h"
#include "support/hash.h"

using namespace prm;

namespace {

struct Sums {
  unsigned long long nodes = 0, attributes = 0, tensors = 0, bytes = 0, hash = 0;
};

// The sum of hashes does not depend on the order of the tensors.
void add(const OnnxTensor& tensor, Sums& sums) {
  std::byte part[65536];
  uint64_t hash = test::fnv64(nullptr, 0);
  for (uint64_t at = 0; at < tensor.bytes; at += sizeof part) {
    size_t n = size_t(std::min<uint64_t>(sizeof part, tensor.bytes - at));
    tensor.file->read(tensor.offset + at, n, part);
    hash = test::fnv64(part, n, hash);
  }
  for (std::string_view text : tensor.texts) hash = test::fnv64(text.data(), text.size(), hash);
  ++sums.tensors;
  sums.bytes += tensor.bytes;
  sums.hash += hash;
}

Sums sums_of(const OnnxModel& model) {
  Sums sums;
  for (const OnnxGraph& graph : model.graphs) {
    for (const OnnxTensor& tensor : graph.initializers) add(tensor, sums);
    for (const OnnxNode& node : graph.nodes) {
      ++sums.nodes;
      sums.attributes += node.attributes.size();
      for (const OnnxAttribute& attribute : node.attributes)
        for (const OnnxTensor& tensor : attribute.tensors) add(tensor, sums);
    }
  }
  return sums;
}

}  // namespace

int main(int count, char** paths) {
  int refused = 0;
  for (int i = 1; i < count; ++i) {
    MemoryAccount account;
    AccountScope scope(account);
    try {
      OnnxModel model = read_onnx(open_file({}, paths[i], account), {}, folder_of_file(paths[i]), account);
      Sums s = sums_of(model);
      std::printf("read: %s: %zu graphs, %zu functions, %llu nodes, %llu attributes, %llu tensors of %llu bytes, hash %016llx, memory %llu\n", paths[i], model.graphs.size(),
                  model.functions.size(), s.nodes, s.attributes, s.tensors, s.bytes, s.hash, static_cast<unsigned long long>(account.peak()));
    } catch (const Error& error) {
      ++refused;
      std::printf("refused: %s: %s\n", status_name(error.status), error.message.c_str());
    }
  }
  return refused > 0;
}
