// Reads ONNX models and says what came of it, a line a file: for script/corpus, and for trying models at hand. The exit status
// is 1 when one was refused.
#include <cstdio>

#include "base/error.h"
#include "formats/onnx.h"

using namespace prm;

int main(int count, char** paths) {
  int refused = 0;
  for (int i = 1; i < count; ++i) {
    MemoryAccount account;
    AccountScope scope(account);
    try {
      OnnxModel model = read_onnx(open_file({}, paths[i], account), {}, folder_of_file(paths[i]), account);
      size_t nodes = 0, tensors = 0;
      for (const OnnxGraph& graph : model.graphs) nodes += graph.nodes.size(), tensors += graph.initializers.size();
      std::printf("%s: %zu graphs, %zu functions, %zu nodes, %zu initializers, %llu bytes at most\n", paths[i], model.graphs.size(), model.functions.size(), nodes, tensors,
                  static_cast<unsigned long long>(account.peak()));
    } catch (const Error& error) {
      ++refused;
      std::printf("refused: %s: %s\n", status_name(error.status), error.message.c_str());
    }
  }
  return refused > 0;
}
