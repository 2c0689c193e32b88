#include "ops/mask_scores.h"

#include <limits>

#include "tensor/dense.h"
#include "tensor/walk.h"

namespace prm {

namespace {

constexpr int kRank = 4;  // of scores

void need_mask(ShapeRule& r, const Value& mask) {
  const Shape &scores = r.shape(0), &shape = mask.shape;
  r.need(mask.dtype == DType::boolean || mask.dtype == r.x(0).dtype, "needs a mask of bool or of the scores' type");
  r.need(shape.rank >= 1 && shape.rank <= kRank, "needs a mask of 1 to 4 dimensions");
  for (int i = 2; i <= shape.rank; ++i) r.need(shape[-i] == scores[-i] || shape[-i] == Dim(1), "needs a mask that can be broadcast to the scores");
  const Dim &given = shape[-1], &keys = scores[-1];
  r.need(given == keys || (given.literal() && keys.literal() && given.value <= keys.value), "has a mask for more keys than there are");
}

void infer_mask_scores(ShapeRule& r) {
  auto attr = r.at<MaskScoresAttr>();
  bool more = attr.offset != QueryOffset::none;
  r.need(r.inputs() == 1 + attr.masked + more, "needs scores, and what its attributes say");
  r.need(is_float(r.x(0).dtype) && r.shape(0).rank == kRank, "needs scores [B, H, Q, K] of floats");
  if (attr.masked) need_mask(r, r.x(1));
  const Value& last = r.x(r.inputs() - 1);
  if (attr.offset == QueryOffset::past) r.need(last.shape.rank >= 2, "needs keys to stand behind");
  if (attr.offset == QueryOffset::filled) r.need(last.dtype == DType::i64 && last.shape == Shape{r.shape(0)[0]}, "needs the numbers of filled keys [B] i64");
  r.out = {{r.x(0).dtype, r.shape(0)}};
}

Cost cost_mask_scores(const OpArgs& a) { return cost_of_values(a, 3); }

// The keys of one batch that are filled, and where its first query stands.
struct Window {
  int64_t filled, first;
};
Window window_of(const OpArgs& a, const MaskScoresAttr& attr, int64_t batch) {
  int64_t queries = a.y().dim[2], keys = a.y().dim[3];
  if (attr.offset == QueryOffset::none) return {keys, 0};
  const Tensor& more = a.x(1 + attr.masked);
  if (attr.offset == QueryOffset::past) return {keys, more.dim[more.rank - 2]};
  int64_t filled = more.as<int64_t>()[batch];
  filled = filled < 0 ? 0 : filled > keys ? keys : filled;
  return {filled, filled - queries};
}

bool is_seen(const MaskScoresAttr& attr, const Window& window, int64_t query, int64_t key) {
  int64_t ahead = key - (window.first + query);
  return key < window.filled && (attr.left < 0 || -ahead <= attr.left) && (attr.right < 0 || ahead <= attr.right);
}

template <class T>
void mask_scores(const OpArgs& a, const MaskScoresAttr& attr) {
  constexpr double kHidden = -std::numeric_limits<double>::infinity();
  const Tensor& y = a.y();
  Tensor mask;
  Walk<1> walk(y);
  if (attr.masked) {
    mask = a.x(1);
    broadcast_strides(mask, y, walk.stride[0]);
    walk.stride[0][kRank - 1] = 1;  // its last dimension is shorter, never broadcast
  }
  int64_t given = attr.masked ? mask.cols() : y.cols(), i = 0;
  do {
    int64_t key = walk.index[3];
    double score = Dense<T>::load(a.x(0).as<T>()[i]);
    bool seen = key < given && is_seen(attr, window_of(a, attr, walk.index[0]), walk.index[2], key);
    if (seen && attr.masked) {
      if (mask.dtype == DType::boolean) {
        seen = mask.as<bool>()[walk.offset[0]];
      } else {
        double added = Dense<T>::load(mask.as<T>()[walk.offset[0]]);
        seen = added != kHidden;
        score += added;
      }
    }
    y.as<T>()[i++] = Dense<T>::store(seen ? score : kHidden);
  } while (walk.next());
}

void reference_mask_scores(const OpArgs& a) {
  if (!a.y().count()) return;
  visit_dense(a.y().dtype, [&]<class T>() {
    if constexpr (std::is_same_v<typename Dense<T>::Wide, double>) mask_scores<T>(a, a.at<MaskScoresAttr>());
  });
}

}  // namespace

const Op kMaskScores{.name = "mask_scores", .infer = infer_mask_scores, .cost = cost_mask_scores, .reference = reference_mask_scores};

}  // namespace prm
