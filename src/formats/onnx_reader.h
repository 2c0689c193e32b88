// What the files of the ONNX reader share: its state, and the readers of single messages.
#pragma once
#include <optional>

#include "formats/onnx.h"
#include "formats/onnx_wire.h"

namespace prm {

// Values that the file spells in another way than tensors have them.
struct OnnxOwnValues : FileBytes {
  Vector<std::byte> values;  // `bytes` is these, once all are there
};

// A graph that was seen, and is read when the message around it has been: no stack is taken for nesting.
struct OnnxPendingGraph {
  uint32_t graph;
  WireSpan span;
  uint32_t depth;
};

struct OnnxReader {
  FilePtr file;
  const FileService& service;
  std::string_view folder;
  MemoryAccount& account;
  const OnnxLimits& limits;
  WireSource& source;
  OnnxModel& model;
  std::shared_ptr<OnnxOwnValues> own;
  Map<std::string_view, FilePtr> external;  // by location
  Vector<OnnxPendingGraph> pending;
  uint64_t nodes = 0, tensors = 0;
  uint32_t depth = 0;  // of the graph that is read

  [[noreturn]] void bad(std::string_view what) const { fail_about(Status::bad_file, file->name, "{}: {}", file->name, what); }
  // Counts one more of something bounded.
  void count(uint64_t& held, uint64_t most, const char* what) const {
    if (++held > most) fail_about(Status::limit, file->name, "{}: more than {} {}, which is the limit", file->name, most, what);
  }
};

// A singular message: fails where it stands for the second time.
inline void take_once(const WireMessage& from, const char* name, std::optional<WireSpan>& span) {
  if (span) from.bad(name, "it stands twice");
  span = from.bytes(name);
}

inline std::string_view without_alias(std::string_view domain) { return domain == "ai.onnx" ? std::string_view() : domain; }

OnnxType read_onnx_type(const WireMessage& from, const char* name);  // the field's number
OnnxEntry read_onnx_entry(WireMessage from);
OnnxTensor read_onnx_tensor(OnnxReader& reader, WireMessage from);
OnnxValueType read_onnx_value_type(const OnnxReader& reader, WireMessage from);
OnnxValue read_onnx_value(const OnnxReader& reader, WireMessage from);
OnnxAttribute read_onnx_attribute(OnnxReader& reader, WireMessage from);
OnnxNode read_onnx_node(OnnxReader& reader, WireMessage from);
uint32_t add_onnx_graph(OnnxReader& reader);                  // an empty one; its index
void read_onnx_graphs(OnnxReader& reader);                    // all that are pending, and those inside them
OnnxFunction read_onnx_function(OnnxReader& reader, WireMessage from);
OnnxOpset read_onnx_opset(const OnnxReader& reader, WireMessage from);
void check_onnx_opsets(const OnnxReader& reader, const Vector<OnnxOpset>& opsets, std::string_view whose);

// Places a tensor whose data lies in another file. Its type, dims and bytes are known.
void place_onnx_external(OnnxReader& reader, const WireMessage& from, const Vector<OnnxEntry>& entries, OnnxTensor& tensor);

// The bytes of values that dims tell; fails with limit (rank) or bad_file.
uint64_t onnx_tensor_bytes(const WireMessage& from, const OnnxTensor& tensor);
void check_onnx_dim(const WireMessage& from, const char* name, int64_t extent, size_t rank, uint64_t& product);

// Who calls whom: a function, or the model itself, with all graphs in it.
struct OnnxBody {
  uint64_t nodes = 0;
  Map<uint32_t, uint64_t> calls;  // of functions by index: how often
};
using OnnxFunctionIndex = Map<std::pair<std::string_view, std::pair<std::string_view, std::string_view>>, uint32_t>;

// Names, order of nodes and domains of a graph and those in it. `function` is null for the model's own graph.
OnnxBody check_onnx_names(const OnnxReader& reader, uint32_t graph, const Vector<OnnxOpset>& opsets, const OnnxFunction* function,
                          const OnnxFunctionIndex& functions);
// Bounds of what stands when functions are put in place of their calls; nothing is expanded. bodies: of functions.
void check_onnx_calls(const OnnxReader& reader, const OnnxBody& main, const Vector<OnnxBody>& bodies);

}  // namespace prm
