// What may stand behind "is".
#include "text/template_machine.h"

namespace prm::jinja {

namespace {

using Test = bool (*)(Machine& m, const Value& value, const Value& other);

bool is_number(const Value& v) { return v.is(Kind::integer) || v.is(Kind::big_integer) || v.is(Kind::real) || v.is(Kind::boolean); }

bool is_sequence(const Value& v) {
  bool has_places = v.is(Kind::sequence) && v.sequence->kind <= SequenceKind::range;
  return has_places || v.is(Kind::text) || v.is(Kind::dict) || v.is(Kind::undefined);
}

bool is_same(const Value& a, const Value& b) {
  if (a.kind != b.kind) return false;
  if (a.is(Kind::boolean)) return a.boolean == b.boolean;
  if (a.is(Kind::none)) return true;
  if (a.is(Kind::text)) return a.text->view() == b.text->view();  // equal literals are one object
  if (a.is(Kind::integer)) return a.integer == b.integer;
  return a.names == b.names;
}

int64_t remainder(Machine& m, const Value& value, const Value& by) {
  Value rest = calculate(m, NodeKind::modulo, value, by);
  if (!rest.is(Kind::integer)) m.bad("this test needs integers");
  return rest.integer;
}

bool has_case(Machine& m, const Value& v, Letters how) {
  Text text = text_of(m, v);
  Value same = change_case(m, text, how), other = change_case(m, text, how == Letters::upper ? Letters::lower : Letters::upper);
  return same.text->view() == text.view() && other.text->view() != text.view();
}

struct TestRule {
  std::string_view name;
  int arguments;
  Test run;
};
constexpr TestRule kTests[] = {
    {"defined", 0, [](Machine&, const Value& v, const Value&) { return !v.is(Kind::undefined); }},
    {"undefined", 0, [](Machine&, const Value& v, const Value&) { return v.is(Kind::undefined); }},
    {"none", 0, [](Machine&, const Value& v, const Value&) { return v.is(Kind::none); }},
    {"boolean", 0, [](Machine&, const Value& v, const Value&) { return v.is(Kind::boolean); }},
    {"true", 0, [](Machine&, const Value& v, const Value&) { return v.is(Kind::boolean) && v.boolean; }},
    {"false", 0, [](Machine&, const Value& v, const Value&) { return v.is(Kind::boolean) && !v.boolean; }},
    {"integer", 0, [](Machine&, const Value& v, const Value&) { return v.is(Kind::integer) || v.is(Kind::big_integer); }},
    {"float", 0, [](Machine&, const Value& v, const Value&) { return v.is(Kind::real); }},
    {"number", 0, [](Machine&, const Value& v, const Value&) { return is_number(v); }},
    {"string", 0, [](Machine&, const Value& v, const Value&) { return v.is(Kind::text); }},
    {"mapping", 0, [](Machine&, const Value& v, const Value&) { return v.is(Kind::dict); }},
    {"sequence", 0, [](Machine&, const Value& v, const Value&) { return is_sequence(v); }},
    {"iterable", 0, [](Machine&, const Value& v, const Value&) { return is_iterable(v) || v.is(Kind::loop); }},
    {"callable", 0, [](Machine&, const Value& v, const Value&) { return v.is(Kind::macro) || v.is(Kind::function) || v.is(Kind::method); }},
    {"escaped", 0, [](Machine&, const Value&, const Value&) { return false; }},
    {"lower", 0, [](Machine& m, const Value& v, const Value&) { return has_case(m, v, Letters::lower); }},
    {"upper", 0, [](Machine& m, const Value& v, const Value&) { return has_case(m, v, Letters::upper); }},
    {"odd", 0, [](Machine& m, const Value& v, const Value&) { return remainder(m, v, integer_value(2)) == 1; }},
    {"even", 0, [](Machine& m, const Value& v, const Value&) { return remainder(m, v, integer_value(2)) == 0; }},
    {"divisibleby", 1, [](Machine& m, const Value& v, const Value& o) { return remainder(m, v, o) == 0; }},
    {"sameas", 1, [](Machine&, const Value& v, const Value& o) { return is_same(v, o); }},
    {"in", 1, [](Machine& m, const Value& v, const Value& o) { return contains(m, v, o); }},
    {"eq", 1, [](Machine& m, const Value& v, const Value& o) { return equal(m, v, o); }},
    {"equalto", 1, [](Machine& m, const Value& v, const Value& o) { return equal(m, v, o); }},
    {"==", 1, [](Machine& m, const Value& v, const Value& o) { return equal(m, v, o); }},
    {"ne", 1, [](Machine& m, const Value& v, const Value& o) { return !equal(m, v, o); }},
    {"!=", 1, [](Machine& m, const Value& v, const Value& o) { return !equal(m, v, o); }},
    {"lt", 1, [](Machine& m, const Value& v, const Value& o) { return compare(m, Compare::lt, v, o); }},
    {"lessthan", 1, [](Machine& m, const Value& v, const Value& o) { return compare(m, Compare::lt, v, o); }},
    {"<", 1, [](Machine& m, const Value& v, const Value& o) { return compare(m, Compare::lt, v, o); }},
    {"le", 1, [](Machine& m, const Value& v, const Value& o) { return compare(m, Compare::le, v, o); }},
    {"<=", 1, [](Machine& m, const Value& v, const Value& o) { return compare(m, Compare::le, v, o); }},
    {"gt", 1, [](Machine& m, const Value& v, const Value& o) { return compare(m, Compare::gt, v, o); }},
    {"greaterthan", 1, [](Machine& m, const Value& v, const Value& o) { return compare(m, Compare::gt, v, o); }},
    {">", 1, [](Machine& m, const Value& v, const Value& o) { return compare(m, Compare::gt, v, o); }},
    {"ge", 1, [](Machine& m, const Value& v, const Value& o) { return compare(m, Compare::ge, v, o); }},
    {">=", 1, [](Machine& m, const Value& v, const Value& o) { return compare(m, Compare::ge, v, o); }},
};

const TestRule* find_test(std::string_view name) {
  for (const TestRule& rule : kTests)
    if (rule.name == name) return &rule;
  return nullptr;
}

}  // namespace

bool run_test(Machine& m, std::string_view name, const Value& value, const Arguments& arguments) {
  const TestRule* rule = find_test(name);
  if (!rule && (name == "filter" || name == "test"))
    fail_template(Status::unsupported, m.line, "the test '{}' is not among what chat templates may use here", name);
  if (!rule) m.bad("there is no test '{}'", name);
  if (!arguments.keywords.empty() || arguments.values.size() != size_t(rule->arguments)) m.bad("the test '{}' takes {} argument(s)", name, rule->arguments);
  return rule->run(m, value, rule->arguments ? arguments.values[0] : Value());
}

}  // namespace prm::jinja
