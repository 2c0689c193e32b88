// A kernel of the kinds of parts that those of cuda/ have: a ring of asynchronous copies, tensor cores, a sum over warps, a last block that
// sums over blocks. With one bug or none: test_emulator.cpp shows that the emulator finds each.
#include "seeded_bugs.h"

namespace prm::test {

namespace {

constexpr int kRows = 16, kWarps = 2, kStages = 3, kStep = 32 * kWarps;  // values of K a step
constexpr uint32_t kAll = ~0u;

struct Shared {
  int8_t ring[kStages][kRows][kStep];
  int32_t part[kWarps][kRows];
  int32_t is_last;
};

__device__ uint32_t load_word(const void* p) { return *static_cast<const uint32_t*>(p); }

template <Bug bug>
__device__ void fetch(Shared& shared, const SeededProblem& p, int step) {
  int row = int(threadIdx.x) / 4, piece = int(threadIdx.x) % 4 * 16, off = bug == Bug::misaligned_copy && step == 1 ? 4 : 0;
  copy_later_16(shared.ring[step % kStages][row] + piece, p.w + (int64_t(blockIdx.x) * kRows + row) * p.K + step * kStep + piece + off);
}

// Rows of a step by its values of x, on one warp's half.
template <Bug bug>
__device__ void multiply(const Shared& shared, const SeededProblem& p, int step, int32_t (&sum)[4]) {
  int warp = int(threadIdx.x) / 32, lane = int(threadIdx.x) % 32, g = lane / 4, t = lane % 4;
  int slot = (step + (bug == Bug::stale_slot ? kStages - 1 : 0)) % kStages, low = g + (bug == Bug::wrong_fragment ? 7 : 8);
  const int8_t* first = shared.ring[slot][g] + 32 * warp + 4 * t;
  const int8_t* second = shared.ring[slot][low] + 32 * warp + 4 * t;
  const int8_t* x = p.x + step * kStep + 32 * warp + 4 * t + (bug == Bug::read_beyond ? 1 : 0);
  uint32_t a[4] = {load_word(first), load_word(second), load_word(first + 16), load_word(second + 16)}, b[2];
  memcpy(b, x, 4), memcpy(b + 1, x + 16, 4);
  mma_k32(sum, a, b);
}

template <Bug bug>
__global__ void seeded_kernel(SeededProblem p) {
  Shared& shared = *reinterpret_cast<Shared*>(shared_memory());
  int warp = int(threadIdx.x) / 32, lane = int(threadIdx.x) % 32, steps = p.K / kStep;
  for (int step = 0; step < kStages - 1; ++step) {
    if (step < steps) fetch<bug>(shared, p, step);
    close_copies();
  }
  int32_t sum[4] = {};
  for (int step = 0; step < steps; ++step) {
    await_copies<bug == Bug::missing_wait ? kStages - 1 : kStages - 2>();
    __syncthreads();
    if (step + kStages - 1 < steps || bug == Bug::copies_in_flight) fetch<bug>(shared, p, (step + kStages - 1) % steps);
    close_copies();
    multiply<bug>(shared, p, step, sum);
    if (bug == Bug::missing_barrier && step + kStages - 1 < steps) fetch<bug>(shared, p, step + kStages), close_copies();  // a slot too early
  }
  if (bug != Bug::copies_in_flight) await_copies<0>();
  // Column 0 is in lanes 0, 4, ..: two rows each. Collected by shuffles, so that those meet as well.
  uint32_t mask = bug == Bug::wrong_mask ? 0xffffu : kAll;
  int32_t mine = __shfl_sync(mask, sum[0], lane % 8 * 4), other = __shfl_sync(mask, sum[2], lane % 8 * 4);
  if (lane < 8 || (lane < kRows && bug != Bug::uninitialized_shared)) shared.part[warp][lane] = lane < 8 ? mine : other;
  if (bug == Bug::divergent_barrier) {
    if (warp == 0) __syncthreads();
  } else if (bug != Bug::missing_barrier_of_sums) {
    __syncthreads();
  }
  if (threadIdx.x < kRows) p.y[blockIdx.x * kRows + threadIdx.x + (bug == Bug::write_beyond ? 1 : 0)] = shared.part[0][threadIdx.x] + shared.part[1][threadIdx.x];
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) shared.is_last = bug == Bug::order_for_ticket ? blockIdx.x == gridDim.x - 1 : atomicAdd(p.ticket, 1) == int(gridDim.x) - 1;
  __syncthreads();
  if (!shared.is_last || threadIdx.x) return;
  int32_t total = 0;
  for (int i = 0; i < int(gridDim.x) * kRows; ++i) total += p.y[i];
  *p.total = total;
}

template <Bug bug>
void launch_with(const SeededProblem& p, int blocks) {
  PRM_LAUNCH(seeded_kernel<bug>, unsigned(blocks), kWarps * 32, sizeof(Shared), Stream{}, p);
}

template <int... each>
void launch_one(Bug bug, const SeededProblem& p, int blocks, std::integer_sequence<int, each...>) {
  ((int(bug) == each ? launch_with<Bug(each)>(p, blocks) : void()), ...);
}

}  // namespace

void launch_seeded(Bug bug, const SeededProblem& p, int blocks) { launch_one(bug, p, blocks, std::make_integer_sequence<int, int(Bug::count)>()); }

}  // namespace prm::test
