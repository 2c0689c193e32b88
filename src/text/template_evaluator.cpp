// Expressions and calls.
#include "text/template_evaluator.h"

namespace prm::jinja {

namespace {

constexpr uint32_t kNoName = UINT32_MAX;
constexpr int64_t kMaxRange = 100000;  // as in jinja2's sandbox

struct Global {
  std::string_view name;
  Function function;
};
constexpr Global kGlobals[] = {
    {"range", Function::range}, {"dict", Function::dict}, {"namespace", Function::names}, {"raise_exception", Function::raise}};
constexpr std::string_view kDate = "strftime_now";

Value function_value(Function function) {
  Value value{.kind = Kind::function, .text = nullptr};
  value.function = function;
  return value;
}

}  // namespace

Evaluator::Evaluator(const Program& program, Heap& heap, const Vector<Variable>& variables, const TemplateLimits& limits, const Control& control)
    : p_(program), m_(heap, program.fault, limits, control), scope_(heap.make(Scope{nullptr})) {
  for (const Global& g : kGlobals)
    if (uint32_t name = find_name(g.name); name != kNoName) bind_name(*scope_, name, function_value(g.function));
  scope_ = heap.make(Scope{scope_});
  for (const Variable& v : variables) {
    uint32_t name = find_name(v.name);
    if (name == kNoName) continue;
    bool date = v.name == kDate && v.value.is(Kind::text);
    if (date) date_ = v.value.text;
    bind_name(*scope_, name, date ? function_value(Function::date) : v.value);
  }
  scope_ = heap.make(Scope{scope_});
}

Rendered Evaluator::run() {
  TextBuilder out = m_.builder();
  out_ = &out;
  execute(p_.root);
  Rendered rendered;
  const Vector<size_t>& borders = out.borders();
  for (size_t i = 0; i < borders.size(); i += 2) rendered.content.push_back({borders[i], i + 1 < borders.size() ? borders[i + 1] : out.size()});
  rendered.text = out.take();
  return rendered;
}

uint32_t Evaluator::find_name(std::string_view name) const {
  auto found = p_.name_ids.find(name);
  return found == p_.name_ids.end() ? kNoName : found->second;
}

void Evaluator::bind_name(Scope& scope, uint32_t name, const Value& value) {
  size_t passed = 0;
  for (Binding* b = scope.first; b; b = b->next, ++passed)
    if (b->name == name) {
      b->value = value;
      return m_.work_items(passed);
    }
  m_.work_items(passed);
  scope.first = m_.heap.make(Binding{name, value, scope.first});
}

Value Evaluator::evaluate(uint32_t index) {
  Machine::Deeper deeper(m_);
  const Node& n = node(index);
  m_.step();
  switch (n.kind) {
    case NodeKind::constant_none: return none_value();
    case NodeKind::constant_true: return boolean_value(true);
    case NodeKind::constant_false: return boolean_value(false);
    case NodeKind::integer: return integer_value(n.integer);
    case NodeKind::real: return real_value(n.real);
    case NodeKind::text: return m_.heap.text(Text{p_.texts[n.name].data(), nullptr, uint32_t(p_.texts[n.name].size()), false});
    case NodeKind::name: return evaluate_name(n);
    case NodeKind::list:
    case NodeKind::tuple: return evaluate_items(n);
    case NodeKind::dict: return evaluate_dict(n);
    case NodeKind::attribute: {
      Value object = evaluate(n.a);
      return object.is(Kind::loop) ? loop_attribute(*object.loop, p_.names[n.name]) : get_attribute(m_, object, p_.names[n.name]);
    }
    case NodeKind::item: return evaluate_item(n);
    case NodeKind::call: return evaluate_call(n, nullptr);
    case NodeKind::filter: return evaluate_filter(n);
    case NodeKind::test: return evaluate_test(n);
    case NodeKind::compare: return evaluate_compare(n);
    case NodeKind::concat: return evaluate_concat(n);
    case NodeKind::negative: return negate(m_, evaluate(n.a));
    case NodeKind::positive: return calculate(m_, NodeKind::add, integer_value(0), evaluate(n.a));
    case NodeKind::logical_not:
    case NodeKind::logical_and:
    case NodeKind::logical_or:
    case NodeKind::conditional: return evaluate_logic(n);
    default: return evaluate_math(n);
  }
}

Value Evaluator::evaluate_name(const Node& n) {
  size_t passed = 0;
  for (const Scope* scope = scope_; scope; scope = scope->parent)
    for (const Binding* b = scope->first; b; b = b->next, ++passed) {
      if (b->name != n.name) continue;
      m_.work_items(passed);
      return b->value;
    }
  m_.work_items(passed);
  return undefined_value(m_.heap.text(p_.names[n.name], false).text);
}

Value Evaluator::evaluate_items(const Node& n) {
  Vector<Value> items;
  for (uint32_t i = 0; i < n.count; ++i) items.push_back(evaluate(p_.begin(n)[i]));
  return m_.heap.sequence(n.kind == NodeKind::list ? SequenceKind::list : SequenceKind::tuple, items);
}

namespace {

void set_entry(Machine& m, Vector<Entry>& entries, const Value& key, const Value& value) {
  Dict so_far{uint32_t(entries.size()), 0, entries.data()};
  if (const Value* found = find_entry(m, so_far, key)) const_cast<Value&>(*found) = value;
  else entries.push_back({key, value});
}

}  // namespace

Value Evaluator::evaluate_dict(const Node& n) {
  Vector<Entry> entries;
  for (uint32_t i = 0; i < n.count; i += 2) {
    Value key = evaluate(p_.begin(n)[i]);
    set_entry(m_, entries, key, evaluate(p_.begin(n)[i + 1]));
  }
  return m_.heap.dict(entries);
}

Value Evaluator::evaluate_slice(const Node& n, const Value& object) {
  Value bounds[3] = {none_value(), none_value(), none_value()};
  for (uint32_t i = 0; i < 3; ++i)
    if (uint32_t part = p_.begin(n)[i]) bounds[i] = evaluate(part);
  return get_slice(m_, object, bounds);
}

Value Evaluator::evaluate_item(const Node& n) {
  Value object = evaluate(n.a);
  if (node(n.b).kind == NodeKind::slice) return evaluate_slice(node(n.b), object);
  Value key = evaluate(n.b);
  if (object.is(Kind::loop) && key.is(Kind::text)) return loop_attribute(*object.loop, key.text->view());
  return get_item(m_, object, key);
}

Value Evaluator::evaluate_compare(const Node& n) {
  Value left = evaluate(n.a);
  for (uint32_t i = 0; i < n.count; ++i) {
    const Node& operand = node(p_.begin(n)[i]);
    Value right = evaluate(operand.a);
    if (!compare(m_, operand.compare, left, right)) return boolean_value(false);
    left = right;
  }
  return boolean_value(true);
}

Value Evaluator::evaluate_concat(const Node& n) {
  TextBuilder out = m_.builder();
  for (uint32_t i = 0; i < n.count; ++i) print(m_, evaluate(p_.begin(n)[i]), out);
  m_.work_bytes(out.size());
  return out.value(m_.heap);
}

Value Evaluator::evaluate_logic(const Node& n) {
  if (n.kind == NodeKind::logical_not) return boolean_value(!truth(evaluate(n.a)));
  Value first = evaluate(n.a);
  bool yes = truth(first);
  if (n.kind == NodeKind::conditional) return yes ? evaluate(n.b) : n.c ? evaluate(n.c) : undefined_value();
  return yes == (n.kind == NodeKind::logical_or) ? first : evaluate(n.b);
}

Value Evaluator::evaluate_math(const Node& n) {
  Value left = evaluate(n.a), right = evaluate(n.b);
  return calculate(m_, n.kind, left, right);
}

Arguments Evaluator::evaluate_arguments(const Node& n) {
  Arguments arguments;
  for (uint32_t i = 0; i < n.count; ++i) {
    const Node& argument = node(p_.begin(n)[i]);
    if (argument.kind == NodeKind::keyword) arguments.keywords.push_back({p_.names[argument.name], evaluate(argument.a)});
    else arguments.values.push_back(evaluate(p_.begin(n)[i]));
  }
  return arguments;
}

Value Evaluator::evaluate_filter(const Node& n) {
  Value value = n.a ? evaluate(n.a) : filtered_;
  Arguments arguments = evaluate_arguments(n);
  m_.line = n.line;
  return run_filter(m_, p_.names[n.name], value, arguments);
}

Value Evaluator::evaluate_test(const Node& n) {
  Value value = evaluate(n.a);
  Arguments arguments = evaluate_arguments(n);
  m_.line = n.line;
  return boolean_value(run_test(m_, p_.names[n.name], value, arguments));
}

Value Evaluator::evaluate_call(const Node& n, const Value* caller) {
  Value callee = evaluate(n.a);
  Arguments arguments = evaluate_arguments(n);
  m_.line = n.line;
  return call(callee, arguments, n.a, caller);
}

Value Evaluator::call(const Value& callee, const Arguments& arguments, uint32_t name, const Value* caller) {
  if (callee.is(Kind::macro)) return call_macro(*callee.macro, arguments, caller);
  if (callee.is(Kind::method)) return call_method(m_, *callee.method, arguments);
  if (callee.is(Kind::function)) return call_function(callee.function, arguments);
  const Node& n = node(name);
  bool named = n.kind == NodeKind::name || n.kind == NodeKind::attribute;
  std::string_view what = named ? p_.names[n.name] : "a value";
  if (what == kDate) m_.bad("the template asks for the date: give {{\"strftime_now\": \"2026-11-28 09:30:00\"}} among the values for the template");
  if (callee.is(Kind::loop)) m_.bad("recursive loops are not supported");
  m_.bad("'{}' is {}, and cannot be called", what, type_name(callee));
}

void Evaluator::bind_rest(const Node& n, const Arguments& arguments, Scope& scope) {
  Vector<Value> more;
  for (size_t i = n.count; i < arguments.values.size(); ++i) more.push_back(arguments.values[i]);
  Vector<Entry> named;
  for (const Keyword& k : arguments.keywords) {
    bool known = false;
    for (uint32_t i = 0; i < n.count; ++i) known |= p_.names[node(p_.begin(n)[i]).name] == k.name;
    if (!known && n.uses_rest) named.push_back({m_.heap.text(k.name, false), k.value});
    else if (!known) m_.bad("'{}' takes no argument '{}'", p_.names[n.name], k.name);
  }
  if (!more.empty() && !n.uses_rest) m_.bad("'{}' takes at most {} arguments, {} are given", p_.names[n.name], n.count, arguments.values.size());
  if (uint32_t name = find_name("varargs"); n.uses_rest && name != kNoName) bind_name(scope, name, m_.heap.sequence(SequenceKind::tuple, more));
  if (uint32_t name = find_name("kwargs"); n.uses_rest && name != kNoName) bind_name(scope, name, m_.heap.dict(named));
}

void Evaluator::bind_parameters(const Node& n, const Arguments& arguments, const Value* caller, Scope& scope) {
  m_.work_items(n.count * (1 + arguments.keywords.size()));
  for (uint32_t i = 0; i < n.count; ++i) {
    const Node& parameter = node(p_.begin(n)[i]);
    const Value* given = i < arguments.values.size() ? &arguments.values[i] : nullptr;
    for (const Keyword& k : arguments.keywords) {
      if (k.name != p_.names[parameter.name]) continue;
      if (given) m_.bad("'{}' is given its argument '{}' twice", p_.names[n.name], k.name);
      given = &k.value;
    }
    if (given) bind_name(scope, parameter.name, *given);
    else if (parameter.a) bind_name(scope, parameter.name, evaluate(parameter.a));
    else bind_name(scope, parameter.name, undefined_value(m_.heap.text(p_.names[parameter.name], false).text));
  }
  bind_rest(n, arguments, scope);
  uint32_t name = find_name("caller");
  if (name != kNoName && caller) bind_name(scope, name, *caller);
}

Value Evaluator::call_macro(const Macro& macro, const Arguments& arguments, const Value* caller) {
  Machine::Deeper deeper(m_);  // beside that of the call: its frames are as many again
  const Node& n = node(macro.node);
  Scope* scope = m_.heap.make(Scope{macro.scope});
  Scope* before = std::exchange(scope_, scope);
  bind_parameters(n, arguments, caller, *scope);
  scope_ = before;
  return capture(n.a, scope);
}

Value Evaluator::call_function(Function function, const Arguments& arguments) {
  switch (function) {
    case Function::range: return call_range(arguments);
    case Function::dict: return call_dict(arguments);
    case Function::names: return call_names(arguments);
    case Function::raise: {
      auto [message] = bind(m_, arguments, "raise_exception", {"message"});
      m_.raise(text_of(m_, required(m_, message, "raise_exception", "message")).view());
    }
    case Function::date: break;
  }
  auto [format] = bind(m_, arguments, kDate, {"format"});
  return format_date(m_, *date_, text_argument(m_, required(m_, format, kDate, "format"), kDate));
}

Value Evaluator::call_range(const Arguments& arguments) {
  auto [a, b, c] = bind(m_, arguments, "range", {"", " ", "  "});
  int64_t first = integer_argument(m_, required(m_, a, "range", "stop"), "range"), last = first, step = 1;
  if (b) last = integer_argument(m_, *b, "range");
  else first = 0;
  if (c) step = integer_argument(m_, *c, "range");
  if (step == 0) m_.bad("range: the step is 0");
  Vector<Value> items;
  for (__int128 i = first; step > 0 ? i < last : i > last; i += step) {
    if (int64_t(items.size()) == kMaxRange) m_.bad("a range has more than {} items", kMaxRange);
    items.push_back(integer_value(int64_t(i)));
  }
  m_.work_items(items.size());
  return m_.heap.sequence(SequenceKind::range, items);
}

Value Evaluator::call_dict(const Arguments& arguments) {
  Vector<Entry> entries;
  if (arguments.values.size() > 1) m_.bad("dict takes one argument at most");
  for (const Value& from : arguments.values) {
    if (from.is(Kind::dict)) {
      entries.assign(from.dict->entries, from.dict->entries + from.dict->size);
      continue;
    }
    for (const Value& pair : take_items(m_, from, "dict")) {
      Vector<Value> both = take_items(m_, pair, "dict");
      if (both.size() != 2) m_.bad("dict needs pairs");
      set_entry(m_, entries, both[0], both[1]);
    }
  }
  for (const Keyword& k : arguments.keywords) set_entry(m_, entries, m_.heap.text(k.name, false), k.value);
  return m_.heap.dict(entries);
}

Value Evaluator::call_names(const Arguments& arguments) {
  Value dict = call_dict(arguments), names = m_.heap.names();
  for (uint32_t i = 0; i < dict.dict->size; ++i) {
    if (!dict.dict->entries[i].key.is(Kind::text)) m_.bad("a namespace has names as keys");
    names.names->entries.push_back(dict.dict->entries[i]);
  }
  return names;
}

// How many turns there will be: with a test, by trying all that is left.
size_t Evaluator::loop_length(Loop& loop) {
  uint32_t kept = loop.tests ? loop.next : loop.count;
  for (uint32_t i = kept; i < loop.count; ++i) {
    m_.step();
    if (try_item(loop, loop.items[i])) loop.items[kept++] = loop.items[i];
  }
  loop.count = kept;
  loop.tests = false;
  return size_t(loop.index + 1) + (loop.has_after ? 1 : 0) + (loop.count - loop.next);
}

Value Evaluator::loop_attribute(Loop& loop, std::string_view name) {
  if (name == "index") return integer_value(loop.index + 1);
  if (name == "index0") return integer_value(loop.index);
  if (name == "first") return boolean_value(loop.index == 0);
  if (name == "last") return boolean_value(!peek(loop));
  if (name == "length") return integer_value(int64_t(loop_length(loop)));
  if (name == "revindex") return integer_value(int64_t(loop_length(loop)) - loop.index);
  if (name == "revindex0") return integer_value(int64_t(loop_length(loop)) - loop.index - 1);
  if (name == "previtem") return loop.has_before ? loop.before : undefined_value();
  if (name == "nextitem") return peek(loop) ? loop.after : undefined_value();
  if (name == "depth") return integer_value(1);
  if (name == "depth0") return integer_value(0);
  m_.bad("'loop.{}' is not supported", name);
}

Rendered render_template(const Program& program, Heap& heap, const Vector<Variable>& variables, const TemplateLimits& limits, const Control& control) {
  return Evaluator(program, heap, variables, limits, control).run();
}

}  // namespace prm::jinja
