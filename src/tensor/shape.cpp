#include "tensor/shape.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"

namespace prm {

bool Shape::operator==(const Shape& other) const {
  if (rank != other.rank) return false;
  for (int i = 0; i < rank; ++i)
    if (!(dims[i] == other.dims[i])) return false;
  return true;
}

namespace {

constexpr int kMostExpressions = 4096, kPrintedDepth = 6;

// What an expression comes to: never less than nothing, nor more than fits.
int64_t combined(char op, int64_t a, int64_t b) {
  int64_t result;
  if (op == '/') return a / b;
  bool fits = op == '*' ? !__builtin_mul_overflow(a, b, &result) : !__builtin_add_overflow(a, b, &result);
  return fits ? std::max<int64_t>(result, 0) : std::numeric_limits<int64_t>::max();
}

}  // namespace

Dim DimTable::intern(char op, Dim a, Dim b, const String& name) {
  Dim dim;
  for (int i = 0; i < size(); ++i) {
    const Expression& e = expressions_[size_t(i)];
    if (e.op == op && e.a == a && e.b == b && e.name == name) {
      dim.expression = i;
      return dim;
    }
  }
  if (size() >= kMostExpressions) fail(Status::limit, "more than {} dimensions that are not known", kMostExpressions);
  expressions_.push_back({op, a, b, name});
  dim.expression = size() - 1;
  return dim;
}

Dim DimTable::symbol(const String& name) { return intern('s', 0, 0, name); }

Dim DimTable::multiply(Dim a, Dim b) {
  int64_t product;
  if (a.literal() && b.literal()) {
    if (__builtin_mul_overflow(a.value, b.value, &product)) fail(Status::limit, "a dimension of {} times {} is too large", a.value, b.value);
    return product;
  }
  if (a.literal()) std::swap(a, b);
  return b == Dim(1) ? a : b == Dim(0) ? b : intern('*', a, b);
}

Dim DimTable::add(Dim a, Dim b) {
  int64_t sum;
  if (a.literal() && b.literal()) {
    if (__builtin_add_overflow(a.value, b.value, &sum)) fail(Status::limit, "a dimension of {} plus {} is too large", a.value, b.value);
    return sum;
  }
  if (a.literal()) std::swap(a, b);
  return b == Dim(0) ? a : intern('+', a, b);
}

Dim DimTable::divide(Dim a, int64_t divisor) {
  if (a.literal()) return a.value / divisor - (a.value % divisor < 0);
  return divisor == 1 ? a : intern('/', a, divisor);
}

Dim DimTable::defined(const String& name, Dim bound) { return intern('d', bound, 0, name); }

int64_t DimTable::most(Dim dim) const {
  if (dim.literal()) return dim.value;
  Vector<int64_t> values(size_t(dim.expression) + 1);
  for (int i = 0; i <= dim.expression; ++i) {
    const Expression& e = expressions_[size_t(i)];
    int64_t a = value_of(e.a, values.data()), b = value_of(e.b, values.data());
    bool known = e.op != 's' && a >= 0 && (b >= 0 || e.b.literal());
    values[size_t(i)] = !known ? -1 : e.op == 'd' ? a : combined(e.op, a, b);
  }
  return values[size_t(dim.expression)];
}

Dim DimTable::product(const Shape& shape, int begin, int end) {
  Dim all = 1;
  for (int i = begin; i < end; ++i) all = multiply(all, shape.dims[i]);
  return all;
}

int DimTable::find(const String& name) const {
  for (int i = 0; i < size(); ++i)
    if (is_symbol(i) && expressions_[size_t(i)].name == name) return i;
  return -1;
}

void DimTable::evaluate(int64_t* values, bool at_bounds) const {
  for (int i = 0; i < size(); ++i) {
    const Expression& e = expressions_[size_t(i)];
    if (e.op == 'd' && at_bounds) values[i] = value_of(e.a, values);
    if (e.op == 's' || e.op == 'd') continue;
    values[i] = combined(e.op, value_of(e.a, values), value_of(e.b, values));
  }
}

String DimTable::print(Dim dim) const {
  auto text_of = [&](auto& self, Dim part, int depth) -> String {
    if (part.literal()) return format_text("{}", part.value);
    const Expression& e = expressions_[size_t(part.expression)];
    if (e.op == 's' || e.op == 'd') return e.name;
    if (depth == 0) return "..";
    bool sum = e.op == '+';
    return (sum ? "(" : "") + self(self, e.a, depth - 1) + e.op + self(self, e.b, depth - 1) + (sum ? ")" : "");
  };
  return text_of(text_of, dim, kPrintedDepth);
}

String print(const Shape& shape, const DimTable& table) {
  String text = "[";
  for (int i = 0; i < shape.rank; ++i) text += (i ? ", " : "") + table.print(shape.dims[i]);
  return text + "]";
}

}  // namespace prm
