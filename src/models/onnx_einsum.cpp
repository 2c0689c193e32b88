// Einstein's notation: as products of matrices where it is one, as an op of its own elsewhere.
#include <algorithm>

#include "models/onnx_lists.h"
#include "ops/contract.h"
#include "ops/rearrange.h"

namespace prm {

namespace {

// Labels of a term: letters, and below them those of the dimensions that "..." stands for, counted from the last.
using Term = Vector<int>;
constexpr int kLastHidden = '.';
constexpr int kMostTerms = 64;  // each step looks at all terms behind it

Term read_term(const OnnxCall& c, std::string_view text, int hidden) {
  Term term;
  bool open = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == "...") {
      c.need(!open, "its equation has \"...\" twice in a term");
      open = true, i += 2;
      for (int h = hidden; h-- > 0;) term.push_back(kLastHidden - h);
      continue;
    }
    bool letter = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z');
    c.need(letter, "its equation has something else than letters");
    term.push_back(text[i]);
  }
  return term;
}

bool has_label(const Term& term, int label) { return std::find(term.begin(), term.end(), label) != term.end(); }

struct Equation {
  Vector<Term> in;
  Term out;
};

// Letters of a term that are no part of "...".
int letters_in(std::string_view text) { return int(std::count_if(text.begin(), text.end(), [](char ch) { return ch != '.'; })); }

// Without an arrow the result has the labels that stand once, in alphabetical order, behind those that "..." stands for.
Term implied_output(const Vector<Term>& in) {
  Map<int, int> times;
  for (const Term& term : in)
    for (int label : term) ++times[label];
  Term out;
  for (auto [label, count] : times)
    if (label <= kLastHidden || count == 1) out.push_back(label);
  return out;
}

Equation read_equation(const OnnxCall& c) {
  String text;
  for (char ch : c.text("equation", ""))
    if (ch != ' ') text += ch;
  size_t arrow = text.find("->");
  std::string_view left = std::string_view(text).substr(0, arrow);
  Equation equation;
  int most_hidden = 0;
  for (int i = 0; i < c.inputs(); ++i) {
    size_t end = std::min(left.find(','), left.size());
    std::string_view term = left.substr(0, end);
    c.need(i + 1 == c.inputs() ? end == left.size() : end < left.size(), "its equation has another number of terms than it has inputs");
    left.remove_prefix(std::min(end + 1, left.size()));
    int hidden = c.shape(i).rank - letters_in(term);
    bool open = term.find("...") != term.npos;
    c.need(open ? hidden >= 0 : hidden == 0, "a term of its equation has another number of dimensions than the input");
    equation.in.push_back(read_term(c, term, hidden));
    most_hidden = std::max(most_hidden, open ? hidden : 0);
  }
  equation.out = arrow == text.npos ? implied_output(equation.in) : read_term(c, std::string_view(text).substr(arrow + 2), most_hidden);
  if (equation.out.size() > size_t(kMaxRank)) c.unsupported("a result of more than 8 dimensions");
  for (size_t i = 0; i < equation.out.size(); ++i)
    c.need(std::find(equation.out.begin(), equation.out.begin() + int64_t(i), equation.out[i]) == equation.out.begin() + int64_t(i), "its result has a label twice");
  return equation;
}

// ---- one step --------------------------------------------------------------------------------------------------------

struct Operand {
  ValueId value;
  Term term;
};

// One node for one operand or two, whose result has the labels `kept`.
ValueId einsum_node(OnnxCall& c, const Vector<Operand>& operands, const Term& kept) {
  if (kept.size() > size_t(kMaxRank)) c.unsupported("a step on the way to the result that has more than 8 dimensions");
  Term all = kept;
  EinsumAttr attr{};
  Vector<ValueId> in;
  for (size_t i = 0; i < operands.size(); ++i) {
    in.push_back(operands[i].value);
    for (size_t d = 0; d < operands[i].term.size(); ++d) {
      int label = operands[i].term[d];
      if (!has_label(all, label)) all.push_back(label);
      attr.label[i][d] = int8_t(std::find(all.begin(), all.end(), label) - all.begin());
    }
  }
  if (all.size() - kept.size() > size_t(kMaxRank)) c.unsupported("a sum over more than 8 dimensions");
  attr.kept = int32_t(kept.size()), attr.summed = int32_t(all.size() - kept.size());
  return c.add(kEinsum, attr, std::move(in));
}

// ---- as a product of matrices ----------------------------------------------------------------------------------------

// What a label is for in a product: in both operands and the result, in both alone, in one and the result.
struct Groups {
  Term batch, inner, rows, columns;
};

// Where a product of matrices does it: each label once in a term, none in one operand alone, extents that are equal.
bool is_product(const OnnxCall& c, const Operand& a, const Operand& b, const Term& kept, Groups& groups) {
  for (const Operand* one : {&a, &b})
    for (size_t i = 0; i < one->term.size(); ++i) {
      int label = one->term[i];
      const Term& other = one == &a ? b.term : a.term;
      bool shared = has_label(other, label), wanted = has_label(kept, label);
      if (std::count(one->term.begin(), one->term.end(), label) > 1 || (!shared && !wanted)) return false;
      if (one == &b && shared) continue;
      Term& group = !shared ? (one == &a ? groups.rows : groups.columns) : wanted ? groups.batch : groups.inner;
      group.push_back(label);
      if (!shared) continue;
      size_t there = size_t(std::find(other.begin(), other.end(), label) - other.begin());
      if (!(c.graph()[a.value].shape.dims[i] == c.graph()[b.value].shape.dims[there])) return false;
    }
  return !groups.inner.empty() && std::all_of(kept.begin(), kept.end(), [&](int label) { return has_label(a.term, label) || has_label(b.term, label); });
}

Term joined(const Term& a, const Term& b, const Term& c = {}) {
  Term all = a;
  all.insert(all.end(), b.begin(), b.end());
  all.insert(all.end(), c.begin(), c.end());
  return all;
}

ValueId transposed(OnnxCall& c, ValueId x, const Term& is, const Term& wanted) {
  if (is == wanted) return x;
  TransposeAttr attr{};
  for (size_t i = 0; i < wanted.size(); ++i) attr.from[i] = int8_t(std::find(is.begin(), is.end(), wanted[i]) - is.begin());
  return c.add(kTranspose, attr, {x});
}

// An operand as [batch, rows, columns]; `turned` where it lies as [batch, columns, rows] already, and stays so.
ValueId as_matrices(OnnxCall& c, const Operand& x, const Term& batch, const Term& rows, const Term& columns, int32_t& turned) {
  turned = x.term == joined(batch, columns, rows) && x.term != joined(batch, rows, columns);
  const Term &first = turned ? columns : rows, &last = turned ? rows : columns;
  ValueId y = transposed(c, x.value, x.term, joined(batch, first, last));
  const Shape s = c.graph()[y].shape;
  DimTable& dims = c.graph().dims;
  int b = int(batch.size()), f = b + int(first.size());
  return c.as_shape(y, {dims.product(s, 0, b), dims.product(s, b, f), dims.product(s, f, s.rank)});
}

ValueId matrix_product(OnnxCall& c, const Operand& a, const Operand& b, const Term& kept, const Groups& groups) {
  MatmulNdAttr attr;
  ValueId left = as_matrices(c, a, groups.batch, groups.rows, groups.inner, attr.trans_a);
  ValueId right = as_matrices(c, b, groups.batch, groups.inner, groups.columns, attr.trans_b);
  ValueId y = c.add(kMatmulNd, attr, {left, right});
  Term term = joined(groups.batch, groups.rows, groups.columns);
  Shape shape;
  for (int label : term) {
    const Operand& from = has_label(a.term, label) ? a : b;
    size_t at = size_t(std::find(from.term.begin(), from.term.end(), label) - from.term.begin());
    shape.dims[shape.rank++] = c.graph()[from.value].shape.dims[at];
  }
  return transposed(c, c.as_shape(y, shape), term, kept);
}

ValueId contracted(OnnxCall& c, const Operand& a, const Operand& b, const Term& kept) {
  Groups groups;
  if (kept.size() <= size_t(kMaxRank) && is_product(c, a, b, kept, groups)) return matrix_product(c, a, b, kept, groups);
  return einsum_node(c, {a, b}, kept);
}

// The labels of two terms that the result or a term behind them needs.
Term needed(const Term& a, const Term& b, const Equation& equation, size_t behind) {
  Term kept;
  for (const Term* term : {&a, &b})
    for (int label : *term) {
      bool wanted = has_label(equation.out, label);
      for (size_t i = behind; i < equation.in.size(); ++i) wanted = wanted || has_label(equation.in[i], label);
      if (wanted && !has_label(kept, label)) kept.push_back(label);
    }
  return kept;
}

void import_einsum(OnnxCall& c) {
  c.need(c.inputs() >= 1, "it has no inputs");
  if (c.inputs() > kMostTerms) c.unsupported(format_text("an equation of more than {} terms", kMostTerms));
  Equation equation = read_equation(c);
  if (c.inputs() == 1) return c.out(0, einsum_node(c, {{c.in(0), equation.in[0]}}, equation.out));
  Operand left{c.in(0), equation.in[0]};
  for (size_t i = 1; i < equation.in.size(); ++i) {
    bool last = i + 1 == equation.in.size();
    Term kept = last ? equation.out : needed(left.term, equation.in[i], equation, i + 1);
    left = {contracted(c, left, {c.in(int(i)), equation.in[i]}, kept), kept};
  }
  c.out(0, left.value);
}

constexpr OnnxOperator kOperators[] = {{"Einsum", import_einsum}};

}  // namespace

std::span<const OnnxOperator> onnx_einsum() { return kOperators; }

}  // namespace prm
