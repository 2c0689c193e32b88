// Python's operators on values.
#include <algorithm>
#include <cmath>

#include "text/template_machine.h"

namespace prm::jinja {

void Machine::raise(std::string_view message) const {
  if (message.empty()) message = "the chat template refuses the conversation and does not say why";
  fail_about(Status::invalid_argument, "chat_template", "{}", message);
}

void Machine::count_work(size_t steps) {
  steps_ += steps;
  if (steps_ > limits.steps) over("the template takes more than {} steps", limits.steps);
  listener_.turns(steps);
}

const Value& required(const Machine& m, const Value* argument, std::string_view what, std::string_view name) {
  if (!argument) m.bad("{} needs its argument '{}'", what, name);
  return *argument;
}

Text text_argument(const Machine& m, const Value& argument, std::string_view what) {
  if (!argument.is(Kind::text)) m.bad("{} needs a string, and is given {}", what, type_name(argument));
  return *argument.text;
}

int64_t integer_argument(const Machine& m, const Value& argument, std::string_view what) {
  std::optional<int64_t> value = as_integer(argument);
  if (!value) m.bad("{} needs an integer, and is given {}", what, type_name(argument));
  return *value;
}

const char* type_name(const Value& value) {
  switch (value.kind) {
    case Kind::undefined: return "something undefined";
    case Kind::none: return "None";
    case Kind::boolean: return "a boolean";
    case Kind::integer:
    case Kind::big_integer: return "an integer";
    case Kind::real: return "a float";
    case Kind::text: return "a string";
    case Kind::sequence: return value.sequence->kind == SequenceKind::list ? "a list" : value.sequence->kind == SequenceKind::tuple ? "a tuple" : "an iterator";
    case Kind::dict: return "a dict";
    case Kind::names: return "a namespace";
    case Kind::loop: return "a loop";
    case Kind::macro: return "a macro";
    case Kind::function:
    case Kind::method: return "a function";
  }
  return "something";
}

bool truth(const Value& value) {
  switch (value.kind) {
    case Kind::undefined:
    case Kind::none: return false;
    case Kind::boolean: return value.boolean;
    case Kind::integer: return value.integer != 0;
    case Kind::real: return value.real != 0;
    case Kind::text: return value.text->size != 0;
    case Kind::sequence: return value.sequence->kind == SequenceKind::generator || value.sequence->size != 0;
    case Kind::dict: return value.dict->size != 0;
    default: return true;
  }
}

std::optional<int64_t> as_integer(const Value& value) {
  if (value.is(Kind::integer)) return value.integer;
  if (value.is(Kind::boolean)) return value.boolean;
  return {};
}

std::optional<double> as_real(const Value& value) {
  if (value.is(Kind::real)) return value.real;
  if (auto i = as_integer(value)) return double(*i);
  return {};
}

namespace {

bool is_number(const Value& v) { return v.is(Kind::boolean) || v.is(Kind::integer) || v.is(Kind::real); }

int sign_of(auto a, auto b) { return a < b ? -1 : a > b ? 1 : 0; }

int order_numbers(const Value& a, const Value& b) {
  auto i = as_integer(a), k = as_integer(b);
  if (i && k) return sign_of(*i, *k);
  double x = *as_real(a), y = *as_real(b);
  return std::isnan(x) || std::isnan(y) ? 2 : sign_of(x, y);
}

bool equal_sequences(Machine& m, const Sequence& a, const Sequence& b) {
  if (&a == &b) return true;
  if (a.kind != b.kind || a.size != b.size || a.kind == SequenceKind::generator || a.kind == SequenceKind::values) return false;
  for (uint32_t i = 0; i < a.size; ++i)
    if (!equal(m, a.items[i], b.items[i])) return false;
  return true;
}

bool equal_dicts(Machine& m, const Dict& a, const Dict& b) {
  if (&a == &b) return true;
  if (a.size != b.size) return false;
  for (uint32_t i = 0; i < a.size; ++i) {
    const Value* other = find_entry(m, b, a.entries[i].key);
    if (!other || !equal(m, a.entries[i].value, *other)) return false;
  }
  return true;
}

}  // namespace

bool equal(Machine& m, const Value& a, const Value& b) {
  m.step();
  if (is_number(a) && is_number(b)) return order_numbers(a, b) == 0;
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::undefined:
    case Kind::none: return true;
    case Kind::text:
    case Kind::big_integer:
      if (a.text->size == b.text->size) m.work_bytes(a.text->size);
      return a.text->view() == b.text->view();
    case Kind::sequence: return equal_sequences(m, *a.sequence, *b.sequence);
    case Kind::dict: return equal_dicts(m, *a.dict, *b.dict);
    case Kind::function: return a.function == b.function;
    default: return a.names == b.names;
  }
}

int order(Machine& m, const Value& a, const Value& b, const char* sign) {
  m.step();
  if (is_number(a) && is_number(b)) return order_numbers(a, b);
  if (a.is(Kind::text) && b.is(Kind::text)) m.work_bytes(std::min(a.text->size, b.text->size));
  if (a.is(Kind::text) && b.is(Kind::text)) return sign_of(a.text->view().compare(b.text->view()), 0);
  bool sequences = a.is(Kind::sequence) && b.is(Kind::sequence) && a.sequence->kind == b.sequence->kind &&
                   (a.sequence->kind == SequenceKind::list || a.sequence->kind == SequenceKind::tuple);
  if (!sequences) m.bad("'{}' is not supported between {} and {}", sign, type_name(a), type_name(b));
  for (uint32_t i = 0; i < std::min(a.sequence->size, b.sequence->size); ++i)
    if (!equal(m, a.sequence->items[i], b.sequence->items[i])) return order(m, a.sequence->items[i], b.sequence->items[i], sign);
  return sign_of(a.sequence->size, b.sequence->size);
}

bool contains(Machine& m, const Value& item, const Value& all) {
  if (all.is(Kind::text)) {
    if (!item.is(Kind::text)) m.bad("'in' a string needs a string, and is given {}", type_name(item));
    m.work_search(*all.text, item.text->size);
    return all.text->view().find(item.text->view()) != std::string_view::npos;
  }
  if (all.is(Kind::dict)) return find_entry(m, *all.dict, item);
  for (const Value& other : take_items(m, all, "'in'"))
    if (equal(m, item, other)) return true;
  return false;
}

bool compare(Machine& m, Compare how, const Value& a, const Value& b) {
  switch (how) {
    case Compare::eq: return equal(m, a, b);
    case Compare::ne: return !equal(m, a, b);
    case Compare::in: return contains(m, a, b);
    case Compare::not_in: return !contains(m, a, b);
    case Compare::lt: return order(m, a, b, "<") == -1;
    case Compare::gt: return order(m, a, b, ">") == 1;
    case Compare::le: break;
    case Compare::ge: {
      int o = order(m, a, b, ">=");
      return o == 0 || o == 1;
    }
  }
  return order(m, a, b, "<=") <= 0;
}

namespace {

const char* sign_name(NodeKind how) {
  switch (how) {
    case NodeKind::add: return "+";
    case NodeKind::subtract: return "-";
    case NodeKind::multiply: return "*";
    case NodeKind::divide: return "/";
    case NodeKind::floor_divide: return "//";
    case NodeKind::modulo: return "%";
    default: return "**";
  }
}

[[noreturn]] void too_large(const Machine& m) { m.over("an integer is beyond 64 bits"); }

int64_t floor_quotient(int64_t a, int64_t b) {
  int64_t q = a / b;
  return a % b && (a < 0) != (b < 0) ? q - 1 : q;
}

Value power(Machine& m, int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) m.bad("0 cannot be raised to a negative power");
    return real_value(std::pow(double(base), double(exponent)));
  }
  int64_t result = 1;
  if (base == 0 || base == 1) return integer_value(exponent ? base : 1);
  if (base == -1) return integer_value(exponent % 2 ? -1 : 1);
  for (; exponent; --exponent)
    if (__builtin_mul_overflow(result, base, &result)) too_large(m);
  return integer_value(result);
}

Value calculate_integers(Machine& m, NodeKind how, int64_t a, int64_t b) {
  int64_t out = 0;
  bool overflow = false, divides = how == NodeKind::divide || how == NodeKind::floor_divide || how == NodeKind::modulo;
  if (divides && b == 0) m.bad("division by zero");
  switch (how) {
    case NodeKind::add: overflow = __builtin_add_overflow(a, b, &out); break;
    case NodeKind::subtract: overflow = __builtin_sub_overflow(a, b, &out); break;
    case NodeKind::multiply: overflow = __builtin_mul_overflow(a, b, &out); break;
    case NodeKind::divide: return real_value(double(a) / double(b));
    case NodeKind::power: return power(m, a, b);
    default:
      if (b == -1) overflow = how == NodeKind::floor_divide && __builtin_sub_overflow(int64_t(0), a, &out);
      else out = how == NodeKind::floor_divide ? floor_quotient(a, b) : a - floor_quotient(a, b) * b;
  }
  if (overflow) too_large(m);
  return integer_value(out);
}

Value calculate_reals(Machine& m, NodeKind how, double a, double b) {
  bool divides = how == NodeKind::divide || how == NodeKind::floor_divide || how == NodeKind::modulo;
  if (divides && b == 0) m.bad("division by zero");
  double rest = 0;
  switch (how) {
    case NodeKind::add: return real_value(a + b);
    case NodeKind::subtract: return real_value(a - b);
    case NodeKind::multiply: return real_value(a * b);
    case NodeKind::divide: return real_value(a / b);
    case NodeKind::power: return real_value(std::pow(a, b));
    default: break;
  }
  rest = std::fmod(a, b);
  if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
  return real_value(how == NodeKind::modulo ? rest : std::floor((a - rest) / b + 0.5));
}

Value add_sequences(Machine& m, const Sequence& a, const Sequence& b) {
  m.work_items(size_t(a.size) + b.size);
  Vector<Value> items(a.items, a.items + a.size);
  items.insert(items.end(), b.items, b.items + b.size);
  return m.heap.sequence(a.kind, items);
}

Value repeat_sequence(Machine& m, const Sequence& a, int64_t count) {
  if (count > 0 && a.size > 0 && uint64_t(count) > m.limits.steps / a.size) m.over("a list of {} times {} items is too long", count, a.size);
  Vector<Value> items;
  // Nothing, however often it is taken, is no step: it must not be counted through either.
  for (int64_t i = 0; a.size && i < count; ++i) items.insert(items.end(), a.items, a.items + a.size);
  m.work_items(items.size());
  return m.heap.sequence(a.kind, items);
}

bool is_plain(const Value& v) { return v.is(Kind::sequence) && (v.sequence->kind == SequenceKind::list || v.sequence->kind == SequenceKind::tuple); }

}  // namespace

Value calculate(Machine& m, NodeKind how, const Value& a, const Value& b) {
  if (a.is(Kind::text) && how == NodeKind::modulo) return format_percent(m, *a.text, b);
  if (how == NodeKind::add && a.is(Kind::text) && b.is(Kind::text)) return add_texts(m, *a.text, *b.text);
  if (how == NodeKind::add && is_plain(a) && is_plain(b) && a.sequence->kind == b.sequence->kind) return add_sequences(m, *a.sequence, *b.sequence);
  if (how == NodeKind::multiply) {
    const Value &many = as_integer(a) ? b : a, &times = as_integer(a) ? a : b;
    if (many.is(Kind::text) && as_integer(times)) return repeat(m, *many.text, *as_integer(times));
    if (is_plain(many) && as_integer(times)) return repeat_sequence(m, *many.sequence, *as_integer(times));
  }
  if (a.is(Kind::big_integer) || b.is(Kind::big_integer)) too_large(m);
  if (!is_number(a) || !is_number(b)) m.bad("'{}' is not supported between {} and {}", sign_name(how), type_name(a), type_name(b));
  auto i = as_integer(a), k = as_integer(b);
  return i && k ? calculate_integers(m, how, *i, *k) : calculate_reals(m, how, *as_real(a), *as_real(b));
}

Value negate(Machine& m, const Value& a) {
  if (a.is(Kind::real)) return real_value(-a.real);
  auto i = as_integer(a);
  if (!i) m.bad("'-' is not supported for {}", type_name(a));
  return calculate_integers(m, NodeKind::subtract, 0, *i);
}

}  // namespace prm::jinja
