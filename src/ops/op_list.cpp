#include "ops/ops.h"

namespace prm {

namespace {
constexpr const Op* kOps[] = {
    &kEmbed,
    &kSelectRows,
    &kMatmul,
    &kQuantize,
    &kRmsNorm,
    &kAdd,
    &kScale,
    &kGlu,
    &kRopeTable,
    &kRope,
    &kAttention,
    &kAttentionPaged,
    &kKvWrite,
    &kFusedRows,
    &kMatmulGroup,
    &kMatmulGlu,
    &kSoftCap,
    &kMoeRoute,
    &kMoeMatmul,
    &kMoeCombine,
};
}  // namespace

std::span<const Op* const> op_list() { return kOps; }

}  // namespace prm
