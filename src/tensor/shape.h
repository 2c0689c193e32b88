// Symbolic dimensions. A Dim is a literal or an interned expression over symbols in a DimTable; children stand before
// parents, so all expressions evaluate in one flat loop. Every operation is monotone: the value at the symbols' upper
// bounds is the upper bound.
#pragma once
#include <cstdint>
#include <initializer_list>

#include "base/containers.h"
#include "tensor/tensor.h"

namespace prm {

struct Dim {
  int64_t value = 0;
  int32_t expression = -1;  // literal when negative

  Dim(int64_t literal_value = 0) : value(literal_value) {}
  bool literal() const { return expression < 0; }
  bool operator==(const Dim&) const = default;
};

struct Shape {
  int rank = 0;
  Dim dims[kMaxRank];

  Shape() = default;
  Shape(std::initializer_list<Dim> list) {
    for (const Dim& d : list) dims[rank++] = d;
  }
  Dim& operator[](int i) { return dims[i < 0 ? rank + i : i]; }
  const Dim& operator[](int i) const { return dims[i < 0 ? rank + i : i]; }
  bool operator==(const Shape& other) const;
};

class DimTable {
 public:
  Dim symbol(const String& name);
  Dim multiply(Dim a, Dim b);            // fails with limit where literals overflow; so do the next two
  Dim add(Dim a, Dim b);                 // b may be a literal below zero
  Dim divide(Dim a, int64_t divisor);    // rounded down; divisor > 0
  Dim product(const Shape& shape, int begin, int end);  // of some of its dimensions
  // An extent that a launch finds while it runs, at most `bound`. One name, one extent.
  Dim defined(const String& name, Dim bound);
  // The most that a dimension can be, where no symbol has a part in that; else -1.
  int64_t most(Dim dim) const;
  int size() const { return int(expressions_.size()); }
  int find(const String& name) const;  // expression of a symbol, -1 when there is none
  bool is_symbol(int id) const { return expressions_[size_t(id)].op == 's'; }
  const String& name(int id) const { return expressions_[size_t(id)].name; }
  bool is_defined(int id) const { return expressions_[size_t(id)].op == 'd'; }
  // Symbols are set by the caller, and defined extents, too, unless their bounds are wanted; the rest is filled in.
  void evaluate(int64_t* values, bool at_bounds) const;
  String print(Dim dim) const;

 private:
  struct Expression {
    char op;  // 's' symbol, 'd' defined (a: bound), '*' product, '+' sum, '/' quotient
    Dim a, b;
    String name;
  };
  Dim intern(char op, Dim a, Dim b, const String& name = {});
  Vector<Expression> expressions_;
};

inline int64_t value_of(Dim dim, const int64_t* values) { return dim.literal() ? dim.value : values[dim.expression]; }
String print(const Shape& shape, const DimTable& table);  // "[T, 640]"

}  // namespace prm
