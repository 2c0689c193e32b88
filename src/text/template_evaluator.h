// Walks the nodes of a template. Scopes are jinja2's: a loop's turn, a macro and a block that is called have one of their own.
#pragma once
#include "text/template_machine.h"

namespace prm::jinja {

struct Binding {
  uint32_t name;
  Value value;
  Binding* next;
};
struct Scope {
  Scope* parent;
  Binding* first = nullptr;
};

struct Macro {
  uint32_t node;
  Scope* scope;  // where it was written
};

// A `for` on its way. With a test, items are tried as they are asked for.
struct Loop {
  uint32_t node;
  Scope* outside;
  Value* items;
  uint32_t count;      // of items
  uint32_t next = 0;   // place of the item that is tried next
  int64_t index = -1;  // of turns
  bool tests;
  bool has_after = false, has_before = false;
  Value before, now, after;
};

class Evaluator {
 public:
  Evaluator(const Program& program, Heap& heap, const Vector<Variable>& variables, const TemplateLimits& limits, const Control& control);
  Rendered run();

 private:
  enum class Flow : uint8_t { on, stop_loop, next_turn };

  // What calls itself in the end stands apart, not inlined into one large frame: nesting has to fit a small stack.
  // template_statements.cpp
  Flow execute(uint32_t node);
  [[gnu::noinline]] Flow execute_body(const Node& n);
  [[gnu::noinline]] Flow execute_branch(const Node* n);
  [[gnu::noinline]] Flow execute_loop(const Node& n);
  [[gnu::noinline]] Flow run_loop(const Node& n, Loop& loop);
  [[gnu::noinline]] Loop* start_loop(const Node& n);
  bool try_item(Loop& loop, const Value& item);
  bool pull(Loop& loop, Value& item);
  bool peek(Loop& loop);
  bool advance(Loop& loop);
  [[gnu::noinline]] void execute_assign(const Node& n);
  [[gnu::noinline]] void execute_assign_block(const Node& n);
  [[gnu::noinline]] void execute_macro(const Node& n, uint32_t node);
  [[gnu::noinline]] void execute_call_block(const Node& n);
  [[gnu::noinline]] void execute_filter_block(const Node& n);
  [[gnu::noinline]] Value capture(uint32_t body, Scope* scope);
  void assign(uint32_t target, const Value& value);
  [[gnu::noinline]] void unpack(const Node& target, const Value& value);

  // template_evaluator.cpp
  Value evaluate(uint32_t node);
  [[gnu::noinline]] Value evaluate_name(const Node& n);
  [[gnu::noinline]] Value evaluate_items(const Node& n);
  [[gnu::noinline]] Value evaluate_dict(const Node& n);
  [[gnu::noinline]] Value evaluate_slice(const Node& n, const Value& object);
  [[gnu::noinline]] Value evaluate_item(const Node& n);
  [[gnu::noinline]] Value evaluate_compare(const Node& n);
  [[gnu::noinline]] Value evaluate_concat(const Node& n);
  [[gnu::noinline]] Value evaluate_logic(const Node& n);
  [[gnu::noinline]] Value evaluate_math(const Node& n);
  [[gnu::noinline]] Value evaluate_filter(const Node& n);
  [[gnu::noinline]] Value evaluate_test(const Node& n);
  [[gnu::noinline]] Value evaluate_call(const Node& n, const Value* caller);
  [[gnu::noinline]] Arguments evaluate_arguments(const Node& n);
  [[gnu::noinline]] Value call(const Value& callee, const Arguments& arguments, uint32_t name, const Value* caller);
  [[gnu::noinline]] Value call_macro(const Macro& macro, const Arguments& arguments, const Value* caller);
  [[gnu::noinline]] void bind_parameters(const Node& n, const Arguments& arguments, const Value* caller, Scope& scope);
  void bind_rest(const Node& n, const Arguments& arguments, Scope& scope);
  [[gnu::noinline]] Value call_function(Function function, const Arguments& arguments);
  [[gnu::noinline]] Value call_range(const Arguments& arguments);
  [[gnu::noinline]] Value call_dict(const Arguments& arguments);
  [[gnu::noinline]] Value call_names(const Arguments& arguments);
  Value loop_attribute(Loop& loop, std::string_view name);
  size_t loop_length(Loop& loop);

  const Node& node(uint32_t index) const { return p_.nodes[index]; }
  void bind_name(Scope& scope, uint32_t name, const Value& value);
  uint32_t find_name(std::string_view name) const;  // UINT32_MAX when the template does not speak of it

  const Program& p_;
  Machine m_;
  Scope* scope_;
  TextBuilder* out_ = nullptr;
  Value filtered_;  // what a block's filters start from
  const Text* date_ = nullptr;
};

}  // namespace prm::jinja
