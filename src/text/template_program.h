// A parsed template: nodes in one flat list, children by index (0: none), lists of children in another.
#pragma once
#include "text/template.h"
#include "text/template_lexer.h"

namespace prm::jinja {

enum class NodeKind : uint8_t {
  nothing,
  // expressions
  constant_none, constant_true, constant_false, integer, real, text, name, list, tuple, dict, attribute, item, slice, call, filter, test,
  negative, positive, logical_not, logical_and, logical_or, add, subtract, multiply, divide, floor_divide, modulo, power, concat, compare, operand,
  conditional, keyword,
  // statements
  data, output, body, branch, loop, assign, assign_block, macro, parameter, call_block, filter_block, stop_loop, next_turn
};

enum class Compare : uint8_t { eq, ne, lt, le, gt, ge, in, not_in };

// What the fields hold:        a            b          c           d      list                 name
//   dict                                                                  key, value by turns
//   attribute, item            object       key (item)                                         attribute
//   slice                                                                 start, stop, step
//   call                       callee                                     arguments
//   filter, test               operand (0: the block's text)              arguments            filter, test
//   compare                    first                                      operands (a, compare)
//   conditional                test         then       else
//   keyword, parameter         value, default                                                  name
//   text, data                                                                                 index of its text
//   branch                     test         else                          body
//   loop                       target       iterable   test        else   body
//   assign, assign_block       target       value, filters                body
//   macro                      body                                       parameters           name
//   call_block                 call         macro
//   filter_block               filters                                    body
struct Node {
  NodeKind kind = NodeKind::nothing;
  Compare compare = Compare::eq;
  bool uses_rest = false;    // macro: takes more arguments than it names, for `varargs` and `kwargs`
  uint8_t height = 0;        // of the expression: bounds what evaluating it takes of the stack
  uint32_t line = 0, name = 0;
  uint32_t a = 0, b = 0, c = 0, d = 0;
  uint32_t list = 0, count = 0;
  union {
    int64_t integer = 0;
    double real;
  };
};

struct Program {
  String source;
  Status fault = Status::bad_file;
  Vector<Node> nodes;
  Vector<uint32_t> lists;
  Vector<std::string_view> names;   // views of the source
  Map<std::string_view, uint32_t> name_ids;
  Vector<String> texts;
  uint32_t root = 0;

  const uint32_t* begin(const Node& n) const { return lists.data() + n.list; }
};

// Of an evaluated expression; of statements and all else while it is read.
inline constexpr int kMaxHeight = 100, kMaxStatements = 40, kMaxNesting = 64;

}  // namespace prm::jinja
