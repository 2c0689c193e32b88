// Statements of templates.
#include "text/template_evaluator.h"

namespace prm::jinja {

Evaluator::Flow Evaluator::execute(uint32_t index) {
  Machine::Deeper deeper(m_);
  const Node& n = node(index);
  m_.step();
  m_.line = n.line;
  switch (n.kind) {
    case NodeKind::data: out_->add(p_.texts[n.name], false); return Flow::on;
    case NodeKind::output: {
      Value value = evaluate(n.a);
      print(m_, value, *out_);
      return Flow::on;
    }
    case NodeKind::body: return execute_body(n);
    case NodeKind::branch: return execute_branch(&n);
    case NodeKind::loop: return execute_loop(n);
    case NodeKind::assign: execute_assign(n); return Flow::on;
    case NodeKind::assign_block: execute_assign_block(n); return Flow::on;
    case NodeKind::macro: execute_macro(n, index); return Flow::on;
    case NodeKind::call_block: execute_call_block(n); return Flow::on;
    case NodeKind::filter_block: execute_filter_block(n); return Flow::on;
    case NodeKind::stop_loop: return Flow::stop_loop;
    case NodeKind::next_turn: return Flow::next_turn;
    default: return Flow::on;
  }
}

Evaluator::Flow Evaluator::execute_body(const Node& n) {
  for (uint32_t i = 0; i < n.count; ++i) {
    Flow flow = execute(p_.begin(n)[i]);
    if (flow != Flow::on) return flow;
  }
  return Flow::on;
}

Evaluator::Flow Evaluator::execute_branch(const Node* n) {
  while (true) {
    m_.line = n->line;
    if (truth(evaluate(n->a))) return execute(*p_.begin(*n));
    if (!n->b) return Flow::on;
    if (node(n->b).kind != NodeKind::branch) return execute(n->b);
    n = &node(n->b);
    m_.step();
  }
}

Loop* Evaluator::start_loop(const Node& n) {
  Value all = evaluate(n.b);
  if (all.is(Kind::loop)) m_.bad("a loop has no items of its own");
  Vector<Value> items = take_items(m_, all, "'for'");
  Value* copy = m_.heap.array<Value>(items.size());
  std::copy(items.begin(), items.end(), copy);
  Loop loop{};
  loop.node = uint32_t(&n - p_.nodes.data());
  loop.outside = scope_;
  loop.items = copy;
  loop.count = uint32_t(items.size());
  loop.tests = n.c;
  return m_.heap.make(loop);
}

bool Evaluator::try_item(Loop& loop, const Value& item) {
  if (!loop.tests) return true;
  Scope* before = scope_;
  scope_ = m_.heap.make(Scope{loop.outside});
  assign(node(loop.node).a, item);
  bool wanted = truth(evaluate(node(loop.node).c));
  scope_ = before;
  return wanted;
}

bool Evaluator::pull(Loop& loop, Value& item) {
  while (loop.next < loop.count) {
    m_.step();
    item = loop.items[loop.next++];
    if (try_item(loop, item)) return true;
  }
  return false;
}

bool Evaluator::peek(Loop& loop) {
  if (!loop.has_after) loop.has_after = pull(loop, loop.after);
  return loop.has_after;
}

bool Evaluator::advance(Loop& loop) {
  Value item;
  if (loop.has_after) item = loop.after;
  else if (!pull(loop, item)) return false;
  loop.has_after = false;
  loop.has_before = loop.index >= 0;
  loop.before = loop.now;
  loop.now = item;
  ++loop.index;
  return true;
}

Evaluator::Flow Evaluator::run_loop(const Node& n, Loop& loop) {
  static constexpr std::string_view kLoop = "loop";
  uint32_t name = find_name(kLoop);
  while (advance(loop)) {
    scope_ = m_.heap.make(Scope{loop.outside});
    Value self{.kind = Kind::loop, .loop = &loop};
    if (name != UINT32_MAX) bind_name(*scope_, name, self);
    assign(n.a, loop.now);
    if (execute(*p_.begin(n)) == Flow::stop_loop) break;
  }
  return Flow::on;
}

Evaluator::Flow Evaluator::execute_loop(const Node& n) {
  Scope* outside = scope_;
  Loop* loop = start_loop(n);
  run_loop(n, *loop);
  scope_ = outside;
  return n.d && loop->index < 0 ? execute(n.d) : Flow::on;
}

void Evaluator::assign(uint32_t target, const Value& value) {
  const Node& n = node(target);
  if (n.kind == NodeKind::tuple) return unpack(n, value);
  if (n.kind == NodeKind::name) return bind_name(*scope_, n.name, value);
  Value object = evaluate(n.a);
  if (!object.is(Kind::names)) m_.bad("'{}' can be set in a namespace alone", p_.names[n.name]);
  m_.work_items(object.names->entries.size());
  for (Entry& e : object.names->entries)
    if (e.key.text->view() == p_.names[n.name]) {
      e.value = value;
      return;
    }
  object.names->entries.push_back({m_.heap.text(p_.names[n.name], false), value});
}

void Evaluator::unpack(const Node& target, const Value& value) {
  Vector<Value> items = take_items(m_, value, "unpacking");
  if (items.size() != target.count) m_.bad("{} values for {} names", items.size(), target.count);
  for (uint32_t i = 0; i < target.count; ++i) assign(p_.begin(target)[i], items[i]);
}

void Evaluator::execute_assign(const Node& n) { assign(n.a, evaluate(n.b)); }

// What a body writes, in a scope of its own.
Value Evaluator::capture(uint32_t body, Scope* scope) {
  TextBuilder written = m_.builder();
  TextBuilder* out = std::exchange(out_, &written);
  Scope* before = std::exchange(scope_, scope);
  execute(body);
  out_ = out;
  scope_ = before;
  return written.value(m_.heap);
}

void Evaluator::execute_assign_block(const Node& n) {
  Value text = capture(*p_.begin(n), m_.heap.make(Scope{scope_}));
  if (n.b) {
    filtered_ = text;
    text = evaluate(n.b);
  }
  assign(n.a, text);
}

void Evaluator::execute_filter_block(const Node& n) {
  Value text = capture(*p_.begin(n), m_.heap.make(Scope{scope_}));
  if (n.a) {
    filtered_ = text;
    text = evaluate(n.a);
  }
  print(m_, text, *out_);
}

void Evaluator::execute_macro(const Node& n, uint32_t index) {
  bind_name(*scope_, n.name, {.kind = Kind::macro, .macro = m_.heap.make(Macro{index, scope_})});
}

void Evaluator::execute_call_block(const Node& n) {
  Value caller{.kind = Kind::macro, .macro = m_.heap.make(Macro{n.b, scope_})};
  print(m_, evaluate_call(node(n.a), &caller), *out_);
}

}  // namespace prm::jinja
