// Names of values in a graph and those nested in it: each is produced once, and before it is used.
#include <algorithm>

#include "base/error.h"
#include "formats/onnx_reader.h"

namespace prm {

namespace {

// One pass over nodes in their order, into subgraphs where they stand. What is visible lies in one table, whatever the nesting:
// entering a graph adds to it, and leaving takes back.
class NameCheck {
 public:
  NameCheck(const OnnxReader& reader, const Vector<OnnxOpset>& opsets, const OnnxFunction* function, const OnnxFunctionIndex& functions);
  OnnxBody walk(uint32_t root);

 private:
  struct Frame {
    const OnnxGraph* graph;
    size_t hidden;                // what hidden_ held when it was entered
    size_t node = 0;
    bool inside = false;          // the node's inputs were checked, its subgraphs are being walked
    size_t attribute = 0, inner = 0;
  };
  struct Hidden {
    std::string_view name;
    size_t level;  // at which it was visible before; 0: nowhere
  };

  void enter(uint32_t index);
  void leave();
  void step(Frame& frame);
  bool descend(Frame& frame);
  void check_node(const OnnxNode& node);
  void check_reference(const OnnxNode& node, const OnnxAttribute& attribute) const;
  void define(std::string_view name);
  bool is_later(std::string_view name) const;
  [[noreturn]] void bad(std::string_view what) const {
    std::string_view graph = frames_.back().graph->name;
    reader_.bad(format_message("graph '{}': {}", graph, what));
  }
  static std::string say(const OnnxNode& node) { return format_message("node '{}' ({}) at offset {}", node.name, node.op_type, node.offset); }

  const OnnxReader& reader_;
  Set<std::string_view> domains_;     // that are imported
  bool in_function_;
  Set<std::string_view> parameters_;  // attributes of the function
  const OnnxFunctionIndex& functions_;
  Vector<Frame> frames_;
  Map<std::string_view, size_t> levels_;  // of visible names: how many frames there were where it was defined
  Vector<Hidden> hidden_;
  OnnxBody body_;
};

NameCheck::NameCheck(const OnnxReader& reader, const Vector<OnnxOpset>& opsets, const OnnxFunction* function, const OnnxFunctionIndex& functions)
    : reader_(reader), in_function_(function), functions_(functions) {
  for (const OnnxOpset& opset : opsets) domains_.insert(opset.domain);
  if (!function) return;
  parameters_.insert(function->attributes.begin(), function->attributes.end());
  for (const OnnxAttribute& one : function->defaults) parameters_.insert(one.name);
}

void NameCheck::define(std::string_view name) {
  size_t level = frames_.size();
  auto [at, is_new] = levels_.emplace(name, level);
  if (!is_new && at->second == level) bad(format_message("value '{}' is produced twice", name));
  hidden_.push_back({name, is_new ? 0 : at->second});
  at->second = level;
}

void NameCheck::enter(uint32_t index) {
  const OnnxGraph& graph = reader_.model.graphs[index];
  frames_.push_back({&graph, hidden_.size()});
  for (const OnnxValue& input : graph.inputs) {
    if (input.name.empty()) bad("an input has no name");
    define(input.name);
  }
  Set<std::string_view> initializers;
  for (const OnnxTensor& tensor : graph.initializers) {
    if (tensor.name.empty()) bad("an initializer has no name");
    if (!initializers.insert(tensor.name).second) bad(format_message("initializer '{}' stands twice", tensor.name));
    auto input = levels_.find(tensor.name);  // whose default it is then
    if (input == levels_.end() || input->second != frames_.size()) define(tensor.name);
  }
}

void NameCheck::leave() {
  const Frame& frame = frames_.back();
  Set<std::string_view> outputs;
  for (const OnnxValue& output : frame.graph->outputs) {
    if (!levels_.contains(output.name)) bad(format_message("output '{}' is produced by nothing", output.name));
    if (frames_.size() == 1 && !outputs.insert(output.name).second) bad(format_message("output '{}' stands twice", output.name));
  }
  while (hidden_.size() > frame.hidden) {
    Hidden& last = hidden_.back();
    if (last.level) levels_[last.name] = last.level;
    else levels_.erase(last.name);
    hidden_.pop_back();
  }
  frames_.pop_back();
}

// Whether a name that is not visible is an output further on, here or around.
bool NameCheck::is_later(std::string_view name) const {
  for (const Frame& frame : frames_)
    for (size_t i = frame.node; i < frame.graph->nodes.size(); ++i) {
      const auto& outputs = frame.graph->nodes[i].outputs;
      if (std::find(outputs.begin(), outputs.end(), name) != outputs.end()) return true;
    }
  return false;
}

void NameCheck::check_reference(const OnnxNode& node, const OnnxAttribute& attribute) const {
  if (attribute.reference.empty()) return;
  if (!in_function_) bad(format_message("{}: attribute '{}' refers to an attribute of a function, outside of any", say(node), attribute.name));
  if (!parameters_.contains(attribute.reference))
    bad(format_message("{}: attribute '{}' refers to '{}', which the function does not have", say(node), attribute.name, attribute.reference));
}

void NameCheck::check_node(const OnnxNode& node) {
  ++body_.nodes;
  if (!domains_.contains(node.domain)) bad(format_message("{}: no opset of its domain '{}' is imported", say(node), node.domain));
  auto callee = functions_.find({node.domain, {node.op_type, node.overload}});
  if (callee != functions_.end()) ++body_.calls[callee->second];
  for (const OnnxAttribute& attribute : node.attributes) check_reference(node, attribute);
  for (std::string_view input : node.inputs) {
    if (input.empty() || levels_.contains(input)) continue;
    if (is_later(input)) bad(format_message("{}: input '{}' is produced only behind it: nodes must stand in the order of their data, without a cycle", say(node), input));
    bad(format_message("{}: input '{}' is produced by nothing", say(node), input));
  }
}

// Enters the next subgraph of the frame's node; false when there is none left.
bool NameCheck::descend(Frame& frame) {
  const auto& attributes = frame.graph->nodes[frame.node].attributes;
  for (; frame.attribute < attributes.size(); ++frame.attribute, frame.inner = 0) {
    const auto& graphs = attributes[frame.attribute].graphs;
    if (frame.inner < graphs.size()) {
      enter(graphs[frame.inner++]);  // `frame` may have moved
      return true;
    }
  }
  return false;
}

void NameCheck::step(Frame& frame) {
  const OnnxNode& node = frame.graph->nodes[frame.node];
  if (!frame.inside) {
    reader_.source.listener.turn();
    check_node(node);
    frame.inside = true;
    frame.attribute = frame.inner = 0;
  }
  if (descend(frame)) return;
  for (std::string_view output : node.outputs)
    if (!output.empty()) define(output);
  frame.inside = false;
  ++frame.node;
}

OnnxBody NameCheck::walk(uint32_t root) {
  enter(root);
  while (!frames_.empty()) {
    Frame& frame = frames_.back();
    if (frame.node < frame.graph->nodes.size()) step(frame);
    else leave();
  }
  return std::move(body_);
}

}  // namespace

OnnxBody check_onnx_names(const OnnxReader& reader, uint32_t graph, const Vector<OnnxOpset>& opsets, const OnnxFunction* function,
                          const OnnxFunctionIndex& functions) {
  return NameCheck(reader, opsets, function, functions).walk(graph);
}

}  // namespace prm
