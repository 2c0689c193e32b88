// What evaluating a template works with: the bounds that it counts, where it is, and the operations on values.
#pragma once
#include <array>
#include <initializer_list>
#include <optional>

#include "text/template_program.h"

namespace prm::jinja {

struct Keyword {
  std::string_view name;
  Value value;
};
struct Arguments {
  Vector<Value> values;
  Vector<Keyword> keywords;
};

class Machine {
 public:
  Machine(Heap& values, Status fault_status, const TemplateLimits& bounds, const Control& control)
      : heap(values), limits(bounds), fault_(fault_status), listener_(control) {}

  Heap& heap;
  const TemplateLimits& limits;
  uint32_t line = 0;

  // What Python would raise.
  template <class... Args>
  [[noreturn]] void bad(fmt::format_string<Args...> format, Args&&... args) const {
    fail_template(fault_, line, "{}", format_message(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  [[noreturn]] void over(fmt::format_string<Args...> format, Args&&... args) const {
    fail_template(Status::limit, line, "{}", format_message(format, std::forward<Args>(args)...));
  }
  [[noreturn]] void raise(std::string_view message) const;

  void step() {
    if (++steps_ > limits.steps) over("the template takes more than {} steps", limits.steps);
    listener_.turn();
  }
  // Work on so many items or bytes.
  void work_items(size_t count) { count_work(count / 16); }
  void work_bytes(size_t count) { count_work(count / 1024); }
  // Looking for `part` in `text`, byte after byte.
  void work_search(const Text& text, size_t part) { count_work(size_t(text.size) * (part < 8 ? 8 : part) / 8192); }

  TextBuilder builder() { return TextBuilder(limits.output_bytes, &written_); }

  // Counts what takes of the stack while it lives.
  class Deeper {
   public:
    explicit Deeper(Machine& m) : m_(m) {
      if (m.depth_ >= kMaxDepth) m.over("the template nests its work more than {} deep", kMaxDepth);
      ++m.depth_;
    }
    ~Deeper() { --m_.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;

   private:
    Machine& m_;
  };
  static constexpr int kMaxDepth = 200;  // fits 256 KiB of stack, also where each level is a macro that calls one

 private:
  void count_work(size_t steps);
  Status fault_;
  uint64_t steps_ = 0;
  size_t written_ = 0;  // by builders that live
  int depth_ = 0;
  Listener listener_;
};

// template_operators.cpp
const char* type_name(const Value& value);
bool truth(const Value& value);
bool equal(Machine& m, const Value& a, const Value& b);
int order(Machine& m, const Value& a, const Value& b, const char* sign);  // -1, 0, 1; 2: a NaN is among them
bool contains(Machine& m, const Value& item, const Value& all);
bool compare(Machine& m, Compare how, const Value& a, const Value& b);
Value calculate(Machine& m, NodeKind how, const Value& a, const Value& b);
Value negate(Machine& m, const Value& a);
std::optional<int64_t> as_integer(const Value& value);  // of integers and truths
std::optional<double> as_real(const Value& value);      // of all numbers

// template_print.cpp
void print(Machine& m, const Value& value, TextBuilder& out);  // Python's str
void print_repr(Machine& m, const Value& value, TextBuilder& out);
String real_text(double value);
Value to_text(Machine& m, const Value& value);
Text text_of(Machine& m, const Value& value);  // the same
// template_json.cpp: Python's json.dumps
struct JsonStyle {
  std::optional<int64_t> indent;
  Text item_separator, key_separator;
  bool ascii = false, sorted = false;
};
Value to_json(Machine& m, const Value& value, const JsonStyle& style);

// template_strings.cpp: characters are code points; a byte that belongs to none is one.
size_t count_characters(std::string_view text);
size_t byte_at(std::string_view text, size_t character);
enum class Side : uint8_t { both, left, right };
Text strip(const Text& text, Side side, const std::string_view* characters);
enum class Letters : uint8_t { upper, lower, title, capital };
Value change_case(Machine& m, const Text& text, Letters how);
Value replace(Machine& m, const Text& text, const Text& old, const Text& by, int64_t most);
Value split(Machine& m, const Text& text, const Text* separator, int64_t most, bool from_right);
Value split_lines(Machine& m, const Text& text, bool keep_ends);
Value repeat(Machine& m, const Text& text, int64_t count);
bool all_characters(std::string_view text, bool (*is)(uint32_t));
void escape(Machine& m, const Text& text, TextBuilder& out);  // for HTML, unless the text is safe
Value safe_value(Machine& m, Text text);
// What "+" makes of strings: where one of them is safe, the other is escaped.
Value add_texts(Machine& m, const Text& a, const Text& b);
Value indent(Machine& m, const Text& text, const Text& by, bool first, bool blank);
Value format_braces(Machine& m, const Text& format, const Arguments& arguments);
Value format_percent(Machine& m, const Text& format, const Value& argument);

// template_items.cpp
// The items that `value` gives, as a `for` takes them; `what` is for the error. A generator is used up.
Vector<Value> take_items(Machine& m, const Value& value, const char* what);
bool is_iterable(const Value& value);
std::optional<size_t> length_of(const Value& value);  // where Python's len has an answer
Value get_item(Machine& m, const Value& object, const Value& key);       // x[key]; undefined when there is none
Value get_attribute(Machine& m, const Value& object, std::string_view name);  // x.name
Value get_slice(Machine& m, const Value& object, const Value (&bounds)[3]);
const Value* find_entry(Machine& m, const Dict& dict, const Value& key);
const Value* find_entry(const Dict& dict, std::string_view key);
Vector<Value> sorted(Machine& m, Vector<Value> items, bool reverse, bool case_sensitive, const Value* attribute);
Value dotted_attribute(Machine& m, const Value& object, const Value& path);  // "function.name", or a number

// template_methods.cpp
struct Method {
  Value object;
  int id;
};
Value find_method(Machine& m, const Value& object, std::string_view name);  // undefined when there is none
Value call_method(Machine& m, const Method& method, const Arguments& arguments);

// template_filters.cpp
Value run_filter(Machine& m, std::string_view name, const Value& value, const Arguments& arguments);

// template_tests.cpp
bool run_test(Machine& m, std::string_view name, const Value& value, const Arguments& arguments);

// template_date.cpp: `date` is "2026-11-28" or "2026-11-28 09:30:00"
Value format_date(Machine& m, const Text& date, const Text& format);

// A filter or method at work on a value.
struct CallSite {
  Machine& m;
  const Value& self;
  const Arguments& arguments;
  std::string_view name;

  // An argument that None stands for when it is not given.
  static const Value* given(const Value* v) { return v && !v->is(Kind::none) ? v : nullptr; }
};

// The arguments by the names of the parameters; null where one is not given.
template <size_t N>
std::array<const Value*, N> bind(const Machine& m, const Arguments& arguments, std::string_view what, const std::string_view (&names)[N]) {
  std::array<const Value*, N> bound{};
  if (arguments.values.size() > N) m.bad("{} takes at most {} arguments, {} are given", what, N, arguments.values.size());
  for (size_t i = 0; i < arguments.values.size(); ++i) bound[i] = &arguments.values[i];
  for (const Keyword& k : arguments.keywords) {
    size_t i = 0;
    while (i < N && names[i] != k.name) ++i;
    if (i == N || bound[i]) m.bad("{} does not take an argument '{}' here", what, k.name);
    bound[i] = &k.value;
  }
  return bound;
}
const Value& required(const Machine& m, const Value* argument, std::string_view what, std::string_view name);
Text text_argument(const Machine& m, const Value& argument, std::string_view what);
int64_t integer_argument(const Machine& m, const Value& argument, std::string_view what);

}  // namespace prm::jinja
