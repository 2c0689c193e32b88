// ONNX models, IR versions 3 to 14: what stands in the file, as plain structs over its bytes. No operator has a meaning here.
#pragma once
#include <string_view>

#include "base/control.h"
#include "base/file.h"
#include "base/limits.h"

namespace prm {

// Numbers of TensorProto.DataType. All of them are read; whoever uses a tensor says which it can.
enum class OnnxType : int32_t {
  undefined, f32, u8, i8, u16, i16, i32, i64, text, boolean, f16, f64, u32, u64, c64, c128, bf16,
  f8e4m3fn, f8e4m3fnuz, f8e5m2, f8e5m2fnuz, u4, i4, f4e2m1, f8e8m0, u2, i2, f6e2m3, f6e3m2
};
const char* onnx_type_name(OnnxType type);  // as the specification spells it: "FLOAT", "INT4"
int onnx_type_bits(OnnxType type);          // of a value; 0 for texts

struct OnnxTensor {
  std::string_view name;
  OnnxType type = OnnxType::undefined;
  Vector<int64_t> dims;  // at most 8, none negative; their product fits
  // Where its values lie, little-endian, row-major, values of less than a byte packed from the low bits on: in the model's
  // file, in one beside it, or in memory of the model's own (values that the file spells in another way).
  FilePtr file;
  uint64_t offset = 0, bytes = 0;
  Vector<std::string_view> texts;  // of type text instead

  uint64_t count() const {
    uint64_t product = 1;
    for (int64_t extent : dims) product *= uint64_t(extent);
    return product;
  }
};

struct OnnxDim {
  int64_t extent = -1;      // literal; -1: not known (some exporters write it so)
  std::string_view symbol;  // empty: none
};

enum class OnnxKind : uint8_t { none, tensor, sparse_tensor, sequence, map, optional, opaque };

struct OnnxValueType {
  Vector<OnnxKind> around;  // sequences, maps and optionals around it, outermost first
  OnnxKind kind = OnnxKind::none;
  OnnxType element = OnnxType::undefined;
  bool has_shape = false;
  Vector<OnnxDim> dims;
};

struct OnnxValue {
  std::string_view name;
  OnnxValueType type;
};

// Numbers of AttributeProto.AttributeType.
enum class OnnxAttributeKind : int32_t {
  none, real, integer, text, tensor, graph, reals, integers, texts, tensors, graphs, sparse_tensor, sparse_tensors, type, types
};

// One value of `kind`; which list it lies in follows from that.
struct OnnxAttribute {
  std::string_view name;
  std::string_view reference;  // to an attribute of the function around it, which has the value then; empty: none
  OnnxAttributeKind kind = OnnxAttributeKind::none;
  float real = 0;
  int64_t integer = 0;
  std::string_view text;
  Vector<float> reals;
  Vector<int64_t> integers;
  Vector<std::string_view> texts;
  Vector<OnnxTensor> tensors;  // one, for kind `tensor`
  Vector<uint32_t> graphs;     // in OnnxModel::graphs; one, for kind `graph`
  Vector<OnnxValueType> types;
};

struct OnnxNode {
  std::string_view name, op_type, domain, overload;  // "ai.onnx" is ""
  Vector<std::string_view> inputs, outputs;          // "": left out
  Vector<OnnxAttribute> attributes;
  uint64_t offset = 0;  // in the file, for messages
};

struct OnnxGraph {
  std::string_view name;
  Vector<OnnxValue> inputs, outputs, value_infos;
  Vector<OnnxTensor> initializers;
  Vector<OnnxNode> nodes;  // each behind those whose outputs it takes
};

struct OnnxOpset {
  std::string_view domain;
  int64_t version = 0;
};

struct OnnxFunction {
  std::string_view domain, name, overload;
  Vector<std::string_view> attributes;  // that a call must give
  Vector<OnnxAttribute> defaults;       // and those that it may
  Vector<OnnxOpset> opsets;
  uint32_t graph = 0;  // its body, in OnnxModel::graphs; inputs and outputs have no types
};

struct OnnxEntry {
  std::string_view key, value;
};

struct OnnxModel {
  FilePtr file;
  int64_t ir_version = 0;
  std::string_view producer, producer_version;
  Vector<OnnxOpset> opsets;
  Vector<OnnxEntry> metadata;
  Vector<OnnxGraph> graphs;  // the model's own first; subgraphs and bodies of functions behind it
  Vector<OnnxFunction> functions;
};

struct OnnxLimits {
  Limits host;  // file_bytes of each file, tensors, and nesting, of graphs
  uint64_t proto_bytes = (uint64_t(1) << 31) - 1;  // without what lies in other files
  uint64_t nodes = 1 << 20;                        // with functions in place of their calls
  uint64_t graphs = 1 << 16;
  uint32_t call_depth = 64, type_depth = 100;
  size_t external_files = 1024;
};

// Whether a file begins as ONNX models do: fields of a ModelProto, the IR version in front or a graph that lies in the file.
bool is_onnx(const FileBytes& file);

// Reads a model and checks what needs no operator's meaning: values are produced before they are used, and once; functions do
// not call themselves; each domain's version is told, ONNX's own being 7 to 28; tensors have the values that their dims say.
// `folder` is where the model lies, with '/' at the end; external data is read in it alone (open_file_inside). Empty for a
// model in memory, which can have none. Tensor data that lies as it is used is not read. Fails with bad_file (offset and
// field), unsupported, limit, io or not_found. The account pays for files and must outlive the model.
//
// Stricter than protobuf where that leaves a doubt which of two things is meant: a known field of another wire type and a
// singular message that stands twice are refused. Of scalars that stand twice the last one holds.
OnnxModel read_onnx(FilePtr file, const FileService& service, std::string_view folder, MemoryAccount& account, const Control& control = {},
                    const OnnxLimits& limits = {});

}  // namespace prm
