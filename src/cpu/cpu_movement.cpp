// Ops that only move values: the loops of their references, shared out over threads.
#include <cstring>

#include "cpu/cpu_kernels.h"
#include "ops/assemble.h"
#include "ops/indexing.h"
#include "ops/ops.h"
#include "ops/pattern.h"
#include "ops/rearrange.h"
#include "ops/scatter.h"

namespace prm {

namespace {

template <const Movement& m>
void run_movement(const OpArgs& a) {
  Pieces pieces = m.pieces(a);
  a.work->rows(pieces.count, pieces.grain, [&](int64_t begin, int64_t end) { m.move(a, begin, end); });
}

// Updates may meet, so only the copy is shared out.
template <void (*put)(const OpArgs&)>
void run_scatter(const OpArgs& a) {
  a.work->rows(int64_t(a.y().bytes()), 256 << 10, [&](int64_t begin, int64_t end) { std::memcpy(a.y().data + begin, a.x(0).data + begin, size_t(end - begin)); });
  put(a);
}

}  // namespace

bool accepts_movement(const KernelQuery&) { return true; }

void run_transpose(const OpArgs& a) { run_movement<kTransposing>(a); }
void run_slice(const OpArgs& a) { run_movement<kSlicing>(a); }
void run_expand(const OpArgs& a) { run_movement<kExpanding>(a); }
void run_concat(const OpArgs& a) { run_movement<kConcatenating>(a); }
void run_pad(const OpArgs& a) { run_movement<kPadding>(a); }
void run_gather(const OpArgs& a) { run_movement<kGathering>(a); }
void run_gather_elements(const OpArgs& a) { run_movement<kGatheringElements>(a); }
void run_gather_nd(const OpArgs& a) { run_movement<kGatheringNd>(a); }
void run_trilu(const OpArgs& a) { run_movement<kTriangles>(a); }
void run_reverse_sequence(const OpArgs& a) { run_movement<kReversing>(a); }
void run_range(const OpArgs& a) { run_movement<kSpacing>(a); }
void run_scatter_elements(const OpArgs& a) { run_scatter<put_elements>(a); }
void run_scatter_nd(const OpArgs& a) { run_scatter<put_tuples>(a); }
void run_tensor_scatter(const OpArgs& a) { run_scatter<put_stretches>(a); }

}  // namespace prm
