#include "tensor/shape.h"

#include <utility>

namespace prm {

bool Shape::operator==(const Shape& other) const {
  if (rank != other.rank) return false;
  for (int i = 0; i < rank; ++i)
    if (!(dims[i] == other.dims[i])) return false;
  return true;
}

Dim DimTable::intern(char op, Dim a, Dim b, const String& name) {
  Dim dim;
  for (int i = 0; i < size(); ++i) {
    const Expression& e = expressions_[size_t(i)];
    if (e.op == op && e.a == a && e.b == b && e.name == name) {
      dim.expression = i;
      return dim;
    }
  }
  expressions_.push_back({op, a, b, name});
  dim.expression = size() - 1;
  return dim;
}

Dim DimTable::symbol(const String& name) { return intern('s', 0, 0, name); }

Dim DimTable::multiply(Dim a, Dim b) {
  if (a.literal() && b.literal()) return a.value * b.value;
  if (a.literal()) std::swap(a, b);
  return b == Dim(1) ? a : intern('*', a, b);
}

int DimTable::find(const String& name) const {
  for (int i = 0; i < size(); ++i)
    if (is_symbol(i) && expressions_[size_t(i)].name == name) return i;
  return -1;
}

void DimTable::evaluate(int64_t* values) const {
  for (int i = 0; i < size(); ++i) {
    const Expression& e = expressions_[size_t(i)];
    if (e.op == '*') values[i] = value_of(e.a, values) * value_of(e.b, values);
  }
}

String DimTable::print(Dim dim) const {
  if (dim.literal()) return format_text("{}", dim.value);
  const Expression& e = expressions_[size_t(dim.expression)];
  return e.op == 's' ? e.name : print(e.a) + "*" + print(e.b);
}

String print(const Shape& shape, const DimTable& table) {
  String text = "[";
  for (int i = 0; i < shape.rank; ++i) text += (i ? ", " : "") + table.print(shape.dims[i]);
  return text + "]";
}

}  // namespace prm
