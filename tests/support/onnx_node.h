// One ONNX operator over constants: what importing its model computes, or why it is refused.
#pragma once
#include <string>
#include <vector>

#include "models/onnx_import.h"
#include "support/memory_files.h"
#include "support/onnx_writer.h"
#include "support/refusal.h"

namespace prm::test {

struct OnnxNodeCase {
  Proto attributes, tensors;
  std::vector<std::string> inputs;
  std::string op, domain;
  int64_t version;

  explicit OnnxNodeCase(std::string op_type, int64_t opset_version = 17, std::string op_domain = {})
      : op(std::move(op_type)), domain(std::move(op_domain)), version(opset_version) {}

  OnnxNodeCase& raw(int64_t type, const std::vector<int64_t>& dims, const std::string& bytes) {
    inputs.push_back("i" + std::to_string(inputs.size()));
    tensors.message(5, tensor(inputs.back(), type, dims).text(9, bytes));
    return *this;
  }
  OnnxNodeCase& floats(const std::vector<int64_t>& dims, const std::vector<float>& values) { return raw(1, dims, Proto::raw(values)); }
  OnnxNodeCase& integers(const std::vector<int64_t>& dims, const std::vector<int64_t>& values) { return raw(7, dims, Proto::raw(values)); }
  OnnxNodeCase& none() {
    inputs.push_back("");
    return *this;
  }
  OnnxNodeCase& integer(std::string_view name, int64_t value) { return with(attribute(name, 2).integer(3, value)); }
  OnnxNodeCase& real(std::string_view name, float value) { return with(attribute(name, 1).fixed<float>(2, value)); }
  OnnxNodeCase& text(std::string_view name, std::string_view value) { return with(attribute(name, 3).text(4, value)); }
  OnnxNodeCase& list(std::string_view name, const std::vector<int64_t>& values) { return with(attribute(name, 7).packed(8, values)); }
  OnnxNodeCase& with(const Proto& one) {
    attributes.message(5, one);
    return *this;
  }

  std::string model_bytes(int output) const {
    std::vector<std::string> outputs(size_t(output) + 1);
    outputs.back() = "y";
    Proto one = node(op, inputs, outputs).text(7, domain);
    one.bytes += attributes.bytes;
    Proto graph = tensors;
    graph.message(1, one).message(12, value("y", 1, {}));
    return Proto().integer(1, 10).message(8, opset("", version)).message(8, opset(domain.empty() ? "example" : domain, 1)).message(7, graph).bytes;
  }
  // The values of an output, and its extents where `dims` is given.
  std::vector<double> values(std::vector<int64_t>* dims = nullptr, int output = 0) const {
    std::string bytes = model_bytes(output);
    MemoryAccount account;
    OnnxModel file = read_onnx(borrow_memory(bytes.data(), bytes.size(), "m"), {}, {}, account, {}, {});
    Graph graph = import_onnx(file, place_onnx_weights(file), {}, account, {});
    const Value* made = &graph[graph.outputs[0]];
    if (made->kind == ValueKind::result) made = &graph[graph.nodes[size_t(made->producer)].in[0]];  // the view that names it
    std::vector<double> all;
    for (int64_t i = 0; i < made->data.count(); ++i) all.push_back(load_value(made->data, i));
    if (dims) dims->assign(made->data.dim, made->data.dim + made->data.rank);
    return all;
  }
  std::pair<Status, std::string> refused() const {
    return refusal_of([&] { values(); });
  }
};

}  // namespace prm::test
