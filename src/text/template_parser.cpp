#include "text/template_parser.h"

#include <algorithm>

namespace prm::jinja {

Parser::Nest::Nest(Parser& p, int most, const char* what) : parser(p) {
  most = std::min(most, p.most_nesting_);
  if (++parser.nesting_ > most) {
    --parser.nesting_;
    fail_template(Status::limit, parser.now().line, "{} lie more than {} deep in each other", what, most);
  }
}

bool Parser::skip_sign(std::string_view sign) {
  if (!is_sign(sign)) return false;
  ++at_;
  return true;
}

bool Parser::skip_word(std::string_view word) {
  if (!is_word(word)) return false;
  ++at_;
  return true;
}

void Parser::unexpected(std::string_view wanted) {
  const Token& t = now();
  std::string_view found = t.kind == TokenKind::end ? "the end of the template" : t.kind == TokenKind::data ? "text" : t.text.substr(0, 60);
  fail_template(p_.fault, t.line, "expected {}, found {}", wanted, found);
}

void Parser::expect_sign(std::string_view sign) {
  if (!skip_sign(sign)) unexpected(format_message("'{}'", sign));
}

std::string_view Parser::expect_name() {
  if (now().kind != TokenKind::name) unexpected("a name");
  return next().text;
}

uint32_t Parser::add(Node node) {
  int most = 0;
  for (uint32_t child : {node.a, node.b, node.c, node.d}) most = std::max(most, height(child));
  for (uint32_t i = 0; i < node.count; ++i) most = std::max(most, height(p_.lists[node.list + i]));
  if (node.kind >= NodeKind::data) most = -1;  // statements are counted as they are read
  if (most >= kMaxHeight) fail_template(Status::limit, node.line, "an expression is more than {} deep", kMaxHeight);
  node.height = uint8_t(most + 1);
  p_.nodes.push_back(node);
  return uint32_t(p_.nodes.size() - 1);
}

uint32_t Parser::add_text(NodeKind kind, String text, uint32_t line) {
  Node node;
  node.kind = kind;
  node.line = line;
  node.name = uint32_t(p_.texts.size());
  p_.texts.push_back(std::move(text));
  return add(node);
}

void Parser::set_list(Node& node, const Vector<uint32_t>& children) {
  node.list = uint32_t(p_.lists.size());
  node.count = uint32_t(children.size());
  p_.lists.insert(p_.lists.end(), children.begin(), children.end());
}

uint32_t Parser::intern(std::string_view name) {
  auto [place, is_new] = p_.name_ids.emplace(name, uint32_t(p_.names.size()));
  if (is_new) p_.names.push_back(name);
  return place->second;
}

void Parser::run() {
  p_.root = parse_body({});
  if (now().kind != TokenKind::end) unexpected("the end of the template");
}

// Statements up to one of the words, which stays to be read; without words up to the end.
uint32_t Parser::parse_body(std::initializer_list<std::string_view> ends) {
  Nest nest(*this, kMaxStatements, "statements");
  Node body = make(NodeKind::body);
  Vector<uint32_t> children;
  while (now().kind != TokenKind::end) {
    if (now().kind == TokenKind::data) {
      children.push_back(add_text(NodeKind::data, String(now().text), now().line));
      ++at_;
    } else if (now().kind == TokenKind::variable_begin) {
      children.push_back(parse_output());
    } else {
      bool is_end = std::any_of(ends.begin(), ends.end(), [&](std::string_view word) { return ahead().kind == TokenKind::name && ahead().text == word; });
      ++at_;
      if (is_end) break;
      children.push_back(parse_statement());
    }
  }
  if (ends.size() && now().kind == TokenKind::end) unexpected(format_message("'{}'", *ends.begin()));
  set_list(body, children);
  return add(body);
}

uint32_t Parser::parse_output() {
  Node output = make(NodeKind::output);
  ++at_;
  output.a = parse_tuple(true, false);
  if (now().kind != TokenKind::variable_end) unexpected("'}}'");
  ++at_;
  return add(output);
}

void Parser::end_block() {
  if (now().kind != TokenKind::block_end) unexpected("'%}'");
  ++at_;
}

// Behind "{%".
uint32_t Parser::parse_statement() {
  Node simple = make(NodeKind::next_turn);
  std::string_view word = expect_name();
  if (word == "if") return parse_if();
  if (word == "for") return parse_for();
  if (word == "set") return parse_set();
  if (word == "macro") return parse_macro();
  if (word == "call") return parse_call_block();
  if (word == "filter") return parse_filter_block();
  if (word == "generation") return parse_generation();
  if (word == "break" || word == "continue") {
    if (!loops_) fail_template(p_.fault, simple.line, "'{}' stands outside of a loop", word);
    if (word == "break") simple.kind = NodeKind::stop_loop;
    end_block();
    return add(simple);
  }
  for (std::string_view known : {"include", "import", "from", "extends", "block", "with", "autoescape", "do", "trans"})
    if (word == known) fail_template(Status::unsupported, simple.line, "'{}' is not among what chat templates may use here", word);
  fail_template(p_.fault, simple.line, "'{}' is no statement that is known here", word);
}

uint32_t Parser::parse_if() {
  Vector<Node> branches;
  uint32_t otherwise = 0;
  while (true) {
    Node branch = make(NodeKind::branch);
    branch.a = parse_tuple(false, false);
    end_block();
    uint32_t body = parse_body({"endif", "elif", "else"});
    set_list(branch, {body});
    branches.push_back(branch);
    std::string_view word = next().text;
    if (word == "elif") continue;
    end_block();
    if (word == "endif") break;
    otherwise = parse_body({"endif"});
    ++at_;
    end_block();
    break;
  }
  for (size_t i = branches.size(); i-- > 0;) {
    branches[i].b = otherwise;
    otherwise = add(branches[i]);
  }
  return otherwise;
}

uint32_t Parser::parse_for() {
  Node loop = make(NodeKind::loop);
  loop.a = parse_target(false, true);
  if (!skip_word("in")) unexpected("'in'");
  loop.b = parse_tuple(false, false, "recursive");
  if (skip_word("if")) loop.c = parse_expression();
  if (is_word("recursive")) fail_template(Status::unsupported, loop.line, "recursive loops are not among what chat templates may use here");
  end_block();
  ++loops_;
  uint32_t body = parse_body({"endfor", "else"});
  --loops_;
  set_list(loop, {body});
  bool has_else = next().text == "else";
  end_block();
  if (has_else) {
    loop.d = parse_body({"endfor"});
    ++at_;
    end_block();
  }
  return add(loop);
}

uint32_t Parser::parse_target_item(bool for_set) {
  Node node = make(NodeKind::name);
  if (skip_sign("(")) {
    Nest nest(*this, kMaxStatements, "targets");
    uint32_t inner = parse_target(for_set, false);
    expect_sign(")");
    return inner;
  }
  std::string_view name = expect_name();
  for (std::string_view constant : {"true", "false", "none", "True", "False", "None"})
    if (name == constant) fail_template(p_.fault, node.line, "'{}' cannot be set", name);
  node.name = intern(name);
  if (!for_set || !skip_sign(".")) return add(node);
  Node attribute = make(NodeKind::attribute);
  attribute.a = add(node);
  attribute.name = intern(expect_name());
  return add(attribute);
}

uint32_t Parser::parse_target(bool for_set, bool ends_at_in) {
  Node tuple = make(NodeKind::tuple);
  Vector<uint32_t> items = {parse_target_item(for_set)};
  bool is_tuple = false;
  while (skip_sign(",")) {
    is_tuple = true;
    if (at_tuple_end(ends_at_in ? "in" : "")) break;
    items.push_back(parse_target_item(for_set));
  }
  if (!is_tuple) return items[0];
  set_list(tuple, items);
  return add(tuple);
}

uint32_t Parser::parse_set() {
  Node set = make(NodeKind::assign);
  set.a = parse_target(true, false);
  if (skip_sign("=")) {
    set.b = parse_tuple(true, false);
    end_block();
    return add(set);
  }
  set.kind = NodeKind::assign_block;
  while (skip_sign("|")) set.b = parse_filter(set.b);
  end_block();
  uint32_t body = parse_body({"endset"});
  ++at_;
  end_block();
  set_list(set, {body});
  return add(set);
}

void Parser::parse_signature(Node& macro) {
  Vector<uint32_t> parameters;
  expect_sign("(");
  while (!is_sign(")")) {
    if (!parameters.empty()) expect_sign(",");
    if (is_sign(")")) break;
    Node parameter = make(NodeKind::parameter);
    parameter.name = intern(expect_name());
    if (skip_sign("=")) parameter.a = parse_expression();
    else if (!parameters.empty() && p_.nodes[parameters.back()].a) fail_template(p_.fault, parameter.line, "a parameter without a default follows one with it");
    parameters.push_back(add(parameter));
  }
  expect_sign(")");
  set_list(macro, parameters);
}

// jinja2 lets a macro take more than it names where its body speaks of the rest.
void Parser::finish_macro(Node& macro, size_t first_token) {
  for (size_t i = first_token; i < at_; ++i)
    if (tokens_[i].kind == TokenKind::name && (tokens_[i].text == "varargs" || tokens_[i].text == "kwargs")) macro.uses_rest = true;
}

uint32_t Parser::parse_macro() {
  Node macro = make(NodeKind::macro);
  macro.name = intern(expect_name());
  parse_signature(macro);
  end_block();
  size_t first = at_;
  int loops = std::exchange(loops_, 0);
  macro.a = parse_body({"endmacro"});
  loops_ = loops;
  finish_macro(macro, first);
  ++at_;
  end_block();
  return add(macro);
}

uint32_t Parser::parse_call_block() {
  Node block = make(NodeKind::call_block), macro = make(NodeKind::macro);
  macro.name = intern("caller");
  if (is_sign("(")) parse_signature(macro);
  block.a = parse_expression();
  if (p_.nodes[block.a].kind != NodeKind::call) fail_template(p_.fault, block.line, "'call' needs a call");
  end_block();
  size_t first = at_;
  int loops = std::exchange(loops_, 0);
  macro.a = parse_body({"endcall"});
  loops_ = loops;
  finish_macro(macro, first);
  ++at_;
  end_block();
  block.b = add(macro);
  return add(block);
}

uint32_t Parser::parse_filter_block() {
  Node block = make(NodeKind::filter_block);
  block.a = parse_filter(0);
  while (skip_sign("|")) block.a = parse_filter(block.a);
  end_block();
  uint32_t body = parse_body({"endfilter"});
  ++at_;
  end_block();
  set_list(block, {body});
  return add(block);
}

// transformers' own tag: it marks what an assistant wrote, and changes no text.
uint32_t Parser::parse_generation() {
  Node block = make(NodeKind::filter_block);
  end_block();
  uint32_t body = parse_body({"endgeneration"});
  ++at_;
  end_block();
  set_list(block, {body});
  return add(block);
}

std::shared_ptr<const Program> parse_template(std::string_view source, Status fault, const TemplateLimits& limits) {
  if (source.size() > limits.source_bytes)
    fail_about(Status::limit, "chat_template", "the chat template has {} bytes, the limit is {}", source.size(), limits.source_bytes);
  auto program = make_charged<Program>();
  program->source = normalize_lines(source);
  program->fault = fault;
  Vector<Token> tokens = cut_template(program->source, fault);
  Parser(*program, tokens, limits.nesting).run();
  return program;
}

}  // namespace prm::jinja
