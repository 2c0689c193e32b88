// From tokens to nodes, by the precedence of jinja2's own parser.
#pragma once
#include <initializer_list>

#include "text/template_program.h"

namespace prm::jinja {

class Parser {
 public:
  Parser(Program& program, const Vector<Token>& tokens, int most_nesting) : p_(program), tokens_(tokens), most_nesting_(most_nesting) { p_.nodes.emplace_back(); }
  void run();

 private:
  // template_parser.cpp: statements
  [[gnu::noinline]] uint32_t parse_body(std::initializer_list<std::string_view> ends);
  [[gnu::noinline]] uint32_t parse_statement();
  [[gnu::noinline]] uint32_t parse_output();
  [[gnu::noinline]] uint32_t parse_if();
  [[gnu::noinline]] uint32_t parse_for();
  [[gnu::noinline]] uint32_t parse_set();
  [[gnu::noinline]] uint32_t parse_macro();
  [[gnu::noinline]] void parse_signature(Node& macro);
  [[gnu::noinline]] uint32_t parse_call_block();
  [[gnu::noinline]] uint32_t parse_filter_block();
  [[gnu::noinline]] uint32_t parse_generation();
  [[gnu::noinline]] uint32_t parse_target(bool for_set, bool ends_at_in);
  [[gnu::noinline]] uint32_t parse_target_item(bool for_set);
  void finish_macro(Node& macro, size_t first_token);
  std::string_view take_end(std::initializer_list<std::string_view> ends);
  void end_block();

  // template_expressions.cpp
  [[gnu::noinline]] uint32_t parse_tuple(bool with_conditional, bool parentheses, std::string_view end_word = {});
  [[gnu::noinline]] uint32_t parse_expression(bool with_conditional = true);
  [[gnu::noinline]] uint32_t parse_logic(int level);
  [[gnu::noinline]] uint32_t parse_compare();
  bool parse_comparison(Compare& compare);
  [[gnu::noinline]] uint32_t parse_math(int level);
  [[gnu::noinline]] uint32_t parse_unary(bool with_filter);
  [[gnu::noinline]] uint32_t parse_primary();
  [[gnu::noinline]] uint32_t parse_word();
  [[gnu::noinline]] uint32_t parse_number();
  [[gnu::noinline]] uint32_t parse_list();
  [[gnu::noinline]] uint32_t parse_dict();
  [[gnu::noinline]] uint32_t parse_postfix(uint32_t node);
  [[gnu::noinline]] uint32_t parse_filters(uint32_t node);
  [[gnu::noinline]] uint32_t parse_filter(uint32_t node);  // behind "|"
  [[gnu::noinline]] uint32_t parse_test(uint32_t node);
  [[gnu::noinline]] uint32_t parse_subscript(uint32_t node);
  [[gnu::noinline]] uint32_t parse_subscribed();
  [[gnu::noinline]] void parse_arguments(Vector<uint32_t>& out);
  [[gnu::noinline]] uint32_t parse_call(uint32_t callee);
  bool at_tuple_end(std::string_view end_word) const;

  // tokens
  const Token& now() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool is_sign(std::string_view sign) const { return now().kind == TokenKind::sign && now().text == sign; }
  bool is_word(std::string_view word) const { return now().kind == TokenKind::name && now().text == word; }
  bool skip_sign(std::string_view sign);
  bool skip_word(std::string_view word);
  void expect_sign(std::string_view sign);
  std::string_view expect_name();
  [[noreturn]] void unexpected(std::string_view wanted);

  // nodes
  Node make(NodeKind kind) const {
    Node node;
    node.kind = kind;
    node.line = now().line;
    return node;
  }
  uint32_t add(Node node);
  uint32_t add_text(NodeKind kind, String text, uint32_t line);
  void set_list(Node& node, const Vector<uint32_t>& children);
  uint32_t intern(std::string_view name);
  int height(uint32_t node) const { return p_.nodes[node].height; }

  // Counts nesting while it lives.
  struct Nest {
    Parser& parser;
    Nest(Parser& p, int most, const char* what);
    ~Nest() { --parser.nesting_; }
  };

  Program& p_;
  const Vector<Token>& tokens_;
  size_t at_ = 0;
  const int most_nesting_;
  int nesting_ = 0, loops_ = 0;
};

// What a string literal with its quotes stands for.
String decode_literal(std::string_view literal, Status fault, uint32_t line);

}  // namespace prm::jinja
