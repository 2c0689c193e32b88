// ONNX models as graphs. An operator of ONNX's is a value in a list (onnx_operators.cpp): its name and a function that adds nodes
// of our own ops for one node of the model, by the version of the operator set that the model names. What depends on constants and
// extents alone is computed on the way, so that operators see shapes, axes and the like as numbers.
#pragma once
#include <optional>
#include <span>
#include <tuple>

#include "base/control.h"
#include "formats/onnx.h"
#include "graph/graph.h"

namespace prm {

// The tensors of a model, with an address each in one range that stands for all of them (formats/joined_file.h). Made once per
// model, so that imports for different extents share what is packed.
struct OnnxWeights {
  FilePtr file;  // null where no tensor has bytes
  Map<const OnnxTensor*, const std::byte*> places;
};
OnnxWeights place_onnx_weights(const OnnxModel& model);
// nullopt: texts, complex numbers, floats of 6 bits. Types of less than a byte become narrow types (tensor/narrow.h): one value a byte.
std::optional<DType> onnx_dtype(OnnxType type);

// Work that import may do itself: what is beyond it is left to the run.
struct OnnxFolding {
  uint64_t bytes = uint64_t(64) << 20;  // held by results
  double operations = 1e8;
};

inline constexpr ValueId kOtherType = -2;  // in place of a tensor of texts and the like, which may stand in a model unused
inline constexpr uint64_t kMostUnrolled = 32768;

struct OnnxScope;

// Functions of a model by domain, name and overload.
using OnnxFunctions = Map<std::tuple<std::string_view, std::string_view, std::string_view>, const OnnxFunction*>;

struct OnnxImporter {
  const OnnxModel& model;
  const OnnxWeights& weights;
  const OnnxFunctions& functions;
  MemoryAccount& account;
  const Control& control;
  OnnxFolding folding = {};
  Graph graph = {};
  Map<ValueId, std::shared_ptr<Buffer>> contents = {};  // of constants that lie in the file, as far as somebody asked
  Set<String> names = {};                               // of values, each of which has its own
  Map<String, uint64_t> repeats = {};                   // of names that were wanted more than once
  uint64_t repeating = 0, unrolled = 0;                 // loops and functions around a node, and the nodes that came of all of them

  String unique_name(std::string_view wanted);
  void count_unrolled(const OnnxNode& node);  // fails where loops make too many
  ValueId add_tensor(const OnnxTensor& tensor, std::string_view name);
  // Imports the nodes of a graph; its outputs by position.
  Vector<ValueId> import_graph(uint32_t index, OnnxScope& scope);
};

// Names that nodes see: of their own graph, then of those around it. A function's body sees its inputs alone.
struct OnnxScope {
  const OnnxScope* around = nullptr;
  const Vector<OnnxOpset>* opsets = nullptr;
  const OnnxFunction* function = nullptr;   // whose body this is,
  const struct OnnxCall* call = nullptr;    // for the call that gives its attributes
  String prefix = {};                       // of values' names, where a graph is imported more than once
  Map<std::string_view, ValueId> values = {};

  const ValueId* find(std::string_view name) const;
};

// One node of a model, as its operator's function sees it. What fails names the node.
struct OnnxCall {
  OnnxImporter& importer;
  const OnnxScope& scope;
  const OnnxNode& node;
  int64_t version;  // of the operator set
  Vector<ValueId> results = {};  // by output
  int made = 0;

  String title() const;                                        // of the node, for messages
  [[noreturn]] void bad(std::string_view what) const;          // bad_file
  [[noreturn]] void unsupported(std::string_view what) const;
  void need(bool ok, std::string_view what) const {
    if (!ok) bad(what);
  }
  Graph& graph() const { return importer.graph; }

  int inputs() const { return int(node.inputs.size()); }
  int outputs() const { return int(node.outputs.size()); }
  bool has(int i) const { return i < inputs() && !node.inputs[size_t(i)].empty(); }
  bool wants(int output) const { return output < outputs() && !node.outputs[size_t(output)].empty(); }
  ValueId in(int i) const;
  const Value& value(int i) const { return graph()[in(i)]; }
  const Shape& shape(int i) const { return value(i).shape; }
  DType dtype(int i) const { return value(i).dtype; }
  int64_t extent(ValueId v, int axis) const;     // a literal one
  // 0 .. rank - 1, for an axis that may count from the end.
  int axis(int64_t given, int rank) const;

  DType given_type(int64_t number) const;  // of TensorProto.DataType, as attributes hold it

  // Constants, as far as they are known when a model is imported.
  bool is_known(ValueId v) const { return graph()[v].kind == ValueKind::constant; }
  Tensor contents(ValueId v) const;                          // of a constant, in memory
  Vector<int64_t> integers(int i, const char* what) const;   // fails with unsupported where they are not known
  std::optional<double> number(int i) const;                 // one value, of any dense type; nullopt: the input is left out
  double known_number(int i, const char* what) const;

  const OnnxAttribute* attribute(std::string_view name, OnnxAttributeKind kind) const;  // null: not given
  int64_t integer(std::string_view name, int64_t otherwise) const;
  int64_t integer(std::string_view name) const;  // that must be given
  double real(std::string_view name, double otherwise) const;
  std::string_view text(std::string_view name, std::string_view otherwise) const;
  std::optional<Vector<int64_t>> list(std::string_view name) const;
  std::optional<Vector<float>> reals(std::string_view name) const;

  // Adds a node of ours, or computes it where all inputs are known. The last node of a call is best named by its output: see out().
  ValueId add(const Op& op, const Attr& attr, Vector<ValueId> in) { return add_all(op, attr, std::move(in))[0]; }
  Vector<ValueId> add_all(const Op& op, const Attr& attr, Vector<ValueId> in);
  ValueId as_type(ValueId x, DType type);            // a cast, where x is of another type
  ValueId as_shape(ValueId x, const Shape& shape);   // a view, where x has other extents
  ValueId tensor(const OnnxTensor& tensor);  // of the model, as a constant
  ValueId constant(DType type, std::span<const int64_t> dims, const void* data);  // copies
  ValueId constant(std::span<const int64_t> values);                               // [n] i64
  ValueId scalar(DType type, double value);                                        // []
  void out(int output, ValueId value) {
    if (results.size() <= size_t(output)) results.resize(size_t(output) + 1, -1);
    results[size_t(output)] = value;
  }
};

struct OnnxOperator {
  const char* name;
  void (*import)(OnnxCall&);
  const char* domain = "";
};
// One list a file of operators (onnx_*.cpp), all of them in onnx_operators.cpp.
const OnnxOperator* find_onnx_operator(std::string_view domain, std::string_view name);
Vector<const char*> onnx_operator_names();

// What a model takes and gives: inputs are those without an initializer.
struct OnnxIo {
  const OnnxValue* value;
  DType dtype;
  int position;  // among the graph's own inputs or outputs
};
Vector<OnnxIo> onnx_inputs(const OnnxModel& model);
Vector<OnnxIo> onnx_outputs(const OnnxModel& model);  // dtype is f32 where the model does not say

// Fails with unsupported, telling all operators that are not known at once.
void require_known_operators(const OnnxModel& model);

// An input as the graph is made for it: any values of a shape, or those of `known`, where it has data.
struct OnnxGiven {
  Shape shape;
  Tensor known = {};
};
// The graph for inputs, in the order of onnx_inputs. Fails with unsupported, bad_file, limit, over_budget, and as control says.
// `account` pays for what is computed and must outlive the graph.
Graph import_onnx(const OnnxModel& model, const OnnxWeights& weights, std::span<const OnnxGiven> inputs, MemoryAccount& account, const Control& control);

}  // namespace prm
