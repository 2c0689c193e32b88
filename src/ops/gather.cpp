// Rows by index: the embedding table (any type) and selection of activation rows.
#include "ops/ops.h"
#include "quant/format.h"

namespace prm {

namespace {

void infer_embed(ShapeRule& r) {
  r.need(r.inputs() == 2 && r.shape(0).rank == 2 && r.shape(1).rank == 1 && r.x(1).dtype == DType::i32, "needs table [V, C] and tokens [T] i32");
  r.out = {{r.x(0).dtype == DType::f64 ? DType::f64 : DType::f32, {r.shape(1)[0], r.shape(0)[1]}}};
}

Cost cost_embed(const OpArgs& a) { return {0, double(a.x(1).count()) * double(a.x(0).row_bytes()) + double(a.y().bytes())}; }

void reference_embed(const OpArgs& a) {
  const Tensor &table = a.x(0), &tokens = a.x(1);
  for (int64_t t = 0; t < tokens.count(); ++t) {
    int64_t row = tokens.as<int32_t>()[t];
    if (table.dtype != DType::f64) row_to_float(table.dtype, table.row<std::byte>(row), a.y().row<float>(t), table.dim[1]);
    else std::memcpy(a.y().row<double>(t), table.row<double>(row), table.row_bytes());
  }
}

void infer_select(ShapeRule& r) {
  r.need(r.inputs() == 2 && r.shape(0).rank == 2 && r.shape(1).rank == 1 && r.x(1).dtype == DType::i32, "needs x [T, C] and index [R] i32");
  r.out = {{r.x(0).dtype, {r.shape(1)[0], r.shape(0)[1]}}};
}

Cost cost_select(const OpArgs& a) { return {0, 2.0 * double(a.y().bytes())}; }

void reference_select(const OpArgs& a) {
  for (int64_t r = 0; r < a.y().dim[0]; ++r)
    std::memcpy(a.y().row<std::byte>(r), a.x(0).row<std::byte>(a.x(1).as<int32_t>()[r]), a.y().row_bytes());
}

}  // namespace

const Op kEmbed{.name = "embed", .infer = infer_embed, .cost = cost_embed, .reference = reference_embed};
const Op kSelectRows{.name = "select_rows", .infer = infer_select, .cost = cost_select, .reference = reference_select};

ValueId embed(Graph& g, ValueId table, ValueId tokens, const String& name) { return g.node(kEmbed, {}, {table, tokens}, name); }
ValueId select_rows(Graph& g, ValueId x, ValueId index, const String& name) {
  return g.node(kSelectRows, {}, {x, index}, name);
}

}  // namespace prm
