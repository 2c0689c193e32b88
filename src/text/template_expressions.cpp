// Expressions of templates.
#include <charconv>
#include <span>

#include "base/utf8.h"
#include "text/template_parser.h"

namespace prm::jinja {

namespace {

constexpr const char* kExpressions = "expressions";

struct Operator {
  std::string_view sign;
  NodeKind kind;
};
// By level, loosest first; "~" stands between the two and takes any number of operands.
constexpr Operator kSums[] = {{"+", NodeKind::add}, {"-", NodeKind::subtract}};
constexpr Operator kProducts[] = {
    {"*", NodeKind::multiply}, {"/", NodeKind::divide}, {"//", NodeKind::floor_divide}, {"%", NodeKind::modulo}};
constexpr Operator kPowers[] = {{"**", NodeKind::power}};
enum Level { kSum, kConcat, kProduct, kPower, kUnary };

}  // namespace

bool Parser::at_tuple_end(std::string_view end_word) const {
  return now().kind == TokenKind::variable_end || now().kind == TokenKind::block_end || is_sign(")") || (!end_word.empty() && is_word(end_word));
}

uint32_t Parser::parse_tuple(bool with_conditional, bool parentheses, std::string_view end_word) {
  Node tuple = make(NodeKind::tuple);
  Vector<uint32_t> items;
  bool is_tuple = false;
  while (!at_tuple_end(end_word)) {
    items.push_back(parse_expression(with_conditional));
    if (!skip_sign(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && !items.empty()) return items[0];
  if (!is_tuple && !parentheses) unexpected("an expression");
  set_list(tuple, items);
  return add(tuple);
}

uint32_t Parser::parse_expression(bool with_conditional) {
  Nest nest(*this, kMaxNesting, kExpressions);
  uint32_t value = parse_logic(0);
  while (with_conditional && is_word("if")) {
    Node node = make(NodeKind::conditional);
    ++at_;
    node.b = value;
    node.a = parse_logic(0);
    if (skip_word("else")) node.c = parse_expression();
    value = add(node);
  }
  return value;
}

// Levels 0 to 2: or, and, not.
uint32_t Parser::parse_logic(int level) {
  if (level == 2) {
    if (!is_word("not")) return parse_compare();
    Nest nest(*this, kMaxNesting, kExpressions);
    Node node = make(NodeKind::logical_not);
    ++at_;
    node.a = parse_logic(2);
    return add(node);
  }
  uint32_t left = parse_logic(level + 1);
  while (is_word(level == 0 ? "or" : "and")) {
    Node node = make(level == 0 ? NodeKind::logical_or : NodeKind::logical_and);
    ++at_;
    node.a = left;
    node.b = parse_logic(level + 1);
    left = add(node);
  }
  return left;
}

bool Parser::parse_comparison(Compare& compare) {
  constexpr std::string_view signs[] = {"==", "!=", "<", "<=", ">", ">="};
  for (int i = 0; i < 6; ++i)
    if (skip_sign(signs[i])) {
      compare = Compare(i);
      return true;
    }
  compare = Compare::in;
  if (skip_word("in")) return true;
  if (!is_word("not") || ahead().kind != TokenKind::name || ahead().text != "in") return false;
  compare = Compare::not_in;
  at_ += 2;
  return true;
}

uint32_t Parser::parse_compare() {
  Node node = make(NodeKind::compare);
  node.a = parse_math(kSum);
  Vector<uint32_t> operands;
  for (Node operand = make(NodeKind::operand); parse_comparison(operand.compare); operand = make(NodeKind::operand)) {
    operand.a = parse_math(kSum);
    operands.push_back(add(operand));
  }
  if (operands.empty()) return node.a;
  set_list(node, operands);
  return add(node);
}

uint32_t Parser::parse_math(int level) {
  if (level == kUnary) return parse_unary(true);
  uint32_t left = parse_math(level + 1);
  if (level == kConcat) {
    if (!is_sign("~")) return left;
    Node node = make(NodeKind::concat);
    Vector<uint32_t> parts = {left};
    while (skip_sign("~")) parts.push_back(parse_math(level + 1));
    set_list(node, parts);
    return add(node);
  }
  std::span<const Operator> operators = level == kSum ? std::span<const Operator>(kSums) : level == kProduct ? std::span<const Operator>(kProducts) : kPowers;
  for (bool found = true; found;) {
    found = false;
    for (const Operator& o : operators) {
      if (!is_sign(o.sign)) continue;
      Node node = make(o.kind);
      ++at_;
      node.a = left;
      node.b = parse_math(level + 1);
      left = add(node);
      found = true;
    }
  }
  return left;
}

uint32_t Parser::parse_unary(bool with_filter) {
  uint32_t value;
  if (is_sign("-") || is_sign("+")) {
    Nest nest(*this, kMaxNesting, kExpressions);
    Node node = make(is_sign("-") ? NodeKind::negative : NodeKind::positive);
    ++at_;
    node.a = parse_unary(false);
    value = add(node);
  } else {
    value = parse_primary();
  }
  value = parse_postfix(value);
  return with_filter ? parse_filters(value) : value;
}

uint32_t Parser::parse_word() {
  Node node = make(NodeKind::name);
  std::string_view word = next().text;
  if (word == "true" || word == "True") node.kind = NodeKind::constant_true;
  else if (word == "false" || word == "False") node.kind = NodeKind::constant_false;
  else if (word == "none" || word == "None") node.kind = NodeKind::constant_none;
  else node.name = intern(word);
  return add(node);
}

uint32_t Parser::parse_number() {
  Node node = make(now().kind == TokenKind::real ? NodeKind::real : NodeKind::integer);
  std::string digits;
  for (char c : now().text)
    if (c != '_') digits += c;
  const char* end = digits.data() + digits.size();
  std::from_chars_result result;
  if (node.kind == NodeKind::real) {
    result = std::from_chars(digits.data(), end, node.real);
  } else {
    char base = digits.size() > 2 && digits[0] == '0' ? char(digits[1] | 32) : 0;
    int radix = base == 'x' ? 16 : base == 'o' ? 8 : base == 'b' ? 2 : 10;
    result = std::from_chars(digits.data() + (radix == 10 ? 0 : 2), end, node.integer, radix);
    if (radix == 10 && digits.size() > 1 && digits[0] == '0' && node.integer) result.ec = std::errc::invalid_argument;
  }
  if (result.ec == std::errc::result_out_of_range) fail_template(Status::limit, node.line, "the number {} is too large", digits.substr(0, 40));
  if (result.ec != std::errc() || result.ptr != end) fail_template(p_.fault, node.line, "'{}' is no number", digits.substr(0, 40));
  ++at_;
  return add(node);
}

uint32_t Parser::parse_primary() {
  switch (now().kind) {
    case TokenKind::name: return parse_word();
    case TokenKind::integer:
    case TokenKind::real: return parse_number();
    case TokenKind::string: {
      uint32_t line = now().line;
      String text;
      for (; now().kind == TokenKind::string; ++at_) text += decode_literal(now().text, p_.fault, line);
      return add_text(NodeKind::text, std::move(text), line);
    }
    default: break;
  }
  if (is_sign("[")) return parse_list();
  if (is_sign("{")) return parse_dict();
  if (!skip_sign("(")) unexpected("an expression");
  uint32_t inner = parse_tuple(true, true);
  expect_sign(")");
  return inner;
}

uint32_t Parser::parse_list() {
  Node node = make(NodeKind::list);
  Vector<uint32_t> items;
  expect_sign("[");
  while (!is_sign("]")) {
    items.push_back(parse_expression());
    if (!skip_sign(",")) break;
  }
  expect_sign("]");
  set_list(node, items);
  return add(node);
}

uint32_t Parser::parse_dict() {
  Node node = make(NodeKind::dict);
  Vector<uint32_t> items;
  expect_sign("{");
  while (!is_sign("}")) {
    items.push_back(parse_expression());
    expect_sign(":");
    items.push_back(parse_expression());
    if (!skip_sign(",")) break;
  }
  expect_sign("}");
  set_list(node, items);
  return add(node);
}

uint32_t Parser::parse_postfix(uint32_t value) {
  while (true) {
    if (is_sign(".") || is_sign("[")) value = parse_subscript(value);
    else if (is_sign("(")) value = parse_call(value);
    else return value;
  }
}

uint32_t Parser::parse_filters(uint32_t value) {
  while (true) {
    if (skip_sign("|")) value = parse_filter(value);
    else if (is_word("is")) value = parse_test(value);
    else if (is_sign("(")) value = parse_call(value);
    else return value;
  }
}

uint32_t Parser::parse_filter(uint32_t value) {
  Node node = make(NodeKind::filter);
  node.a = value;
  node.name = intern(expect_name());
  Vector<uint32_t> arguments;
  if (is_sign("(")) parse_arguments(arguments);
  set_list(node, arguments);
  return add(node);
}

uint32_t Parser::parse_test(uint32_t value) {
  Node node = make(NodeKind::test), negation = make(NodeKind::logical_not);
  ++at_;
  bool negated = skip_word("not");
  node.a = value;
  node.name = intern(expect_name());
  Vector<uint32_t> arguments;
  bool word = now().kind == TokenKind::name && !is_word("else") && !is_word("or") && !is_word("and");
  if (is_sign("(")) {
    parse_arguments(arguments);
  } else if (word || now().kind == TokenKind::string || now().kind == TokenKind::integer || now().kind == TokenKind::real || is_sign("[") ||
             is_sign("{")) {
    if (is_word("is")) fail_template(p_.fault, node.line, "tests cannot follow each other: use 'and'");
    Nest nest(*this, kMaxNesting, kExpressions);
    arguments.push_back(parse_postfix(parse_primary()));
  }
  set_list(node, arguments);
  negation.a = add(node);
  return negated ? add(negation) : negation.a;
}

uint32_t Parser::parse_subscript(uint32_t value) {
  Node node = make(NodeKind::item);
  node.a = value;
  if (skip_sign(".")) {
    if (now().kind == TokenKind::integer) {
      node.b = parse_number();
    } else {
      node.kind = NodeKind::attribute;
      node.name = intern(expect_name());
    }
    return add(node);
  }
  expect_sign("[");
  node.b = parse_subscribed();
  if (is_sign(",")) fail_template(p_.fault, node.line, "a place has one key here");
  expect_sign("]");
  return add(node);
}

uint32_t Parser::parse_subscribed() {
  Node slice = make(NodeKind::slice);
  uint32_t parts[3] = {0, 0, 0};
  auto at_end = [&] { return is_sign("]") || is_sign(",") || is_sign(":"); };
  if (!at_end()) parts[0] = parse_expression();
  if (!is_sign(":")) {
    if (!parts[0]) unexpected("a key");
    return parts[0];
  }
  for (int i = 1; i < 3 && skip_sign(":"); ++i)
    if (!at_end()) parts[i] = parse_expression();
  set_list(slice, {parts[0], parts[1], parts[2]});
  return add(slice);
}

void Parser::parse_arguments(Vector<uint32_t>& out) {
  bool keywords = false;
  expect_sign("(");
  while (!is_sign(")")) {
    if (is_sign("*") || is_sign("**")) fail_template(Status::unsupported, now().line, "arguments given as a list or a dict are not supported");
    if (now().kind == TokenKind::name && ahead().kind == TokenKind::sign && ahead().text == "=") {
      Node keyword = make(NodeKind::keyword);
      keyword.name = intern(next().text);
      ++at_;
      keyword.a = parse_expression();
      out.push_back(add(keyword));
      keywords = true;
    } else {
      if (keywords) unexpected("a keyword argument");
      out.push_back(parse_expression());
    }
    if (!skip_sign(",")) break;
  }
  expect_sign(")");
}

uint32_t Parser::parse_call(uint32_t callee) {
  Node node = make(NodeKind::call);
  node.a = callee;
  Vector<uint32_t> arguments;
  parse_arguments(arguments);
  set_list(node, arguments);
  return add(node);
}

namespace {

// `count` hexadecimal digits at the front of `s`; -1 where there are fewer.
int64_t read_code(std::string_view s, size_t count) {
  int64_t code = 0;
  if (s.size() < count) return -1;
  auto [end, error] = std::from_chars(s.data(), s.data() + count, code, 16);
  return error == std::errc() && end == s.data() + count && code <= 0x10ffff && s[0] != '-' ? code : -1;
}

}  // namespace

// Python's escapes; one that is none keeps its backslash.
String decode_literal(std::string_view literal, Status fault, uint32_t line) {
  std::string_view s = literal.substr(1, literal.size() - 2);
  String out;
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '\\' || i + 1 == s.size()) {
      out += s[i];
      continue;
    }
    constexpr std::string_view letters = "\n\\'\"abfnrtv", values = " \\'\"\a\b\f\n\r\t\v";
    char c = s[++i];
    if (size_t at = letters.find(c); at != letters.npos) {
      if (c != '\n') out += values[at];
    } else if (c == 'x' || c == 'u' || c == 'U') {
      size_t count = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      int64_t code = read_code(s.substr(i + 1), count);
      if (code < 0) fail_template(fault, line, "'\\{}' is not followed by the {} digits of a character", c, count);
      append_utf8(uint32_t(code), out);
      i += count;
    } else if (c >= '0' && c <= '7') {
      uint32_t code = 0;
      size_t end = i + 3;
      for (; i < s.size() && i < end && s[i] >= '0' && s[i] <= '7'; ++i) code = code * 8 + uint32_t(s[i] - '0');
      --i;
      append_utf8(code, out);
    } else {
      out += '\\';
      out += c;
    }
  }
  return out;
}

}  // namespace prm::jinja
