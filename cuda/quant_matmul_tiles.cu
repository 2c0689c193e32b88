// y = x . W^T of quantized weights for many tokens. A block has some rows and some tokens, and walks all of K with them: tiles of weights
// and the activations beside them come into shared memory stage by stage, while warps multiply what came before. A warp keeps two
// sums of each of its results, of the part of K that it is in and of the parts before: the same floats in the same order as for one token.
#include "quant_values.cuh"

namespace prm {

namespace {

constexpr int kWarps = 8;

// M: groups of 16 rows of a warp; Nt: eights of tokens of a warp; across: warps that have different rows and the same tokens; blocks: that
// registers suffice for on a processor.
template <int M_, int Nt_, int across_, int stages_, int blocks_>
struct Shape {
  static constexpr int M = M_, Nt = Nt_, across = across_, stages = stages_, blocks = blocks_, groups = M * across, tokens = 8 * Nt * kWarps / across;
};
using Small = Shape<1, 1, 2, 6, 4>;   // 32 rows, 32 tokens: many blocks, many bytes on their way
using Middle = Shape<1, 4, 4, 3, 2>;  // 64 rows, 64 tokens
using Large = Shape<2, 4, 4, 2, 1>;   // 128 rows, 64 tokens: few bytes and few other instructions for each product

template <DType type, class S>
constexpr int kStageBytes = S::groups * quant_layout(type).tile_bytes() + S::tokens * kWindow<type>;

template <DType type, class S>
__device__ __forceinline__ void copy_stage(const QuantProblem& p, int64_t first_group, int first_token, int tile, std::byte* stage) {
  constexpr int kTile = quant_layout(type).tile_bytes();
  int warp = int(threadIdx.x / 32), lane = int(threadIdx.x % 32), left = p.T - first_token;
  for (int group = warp; group < S::groups; group += kWarps)
    if (first_group + group < p.groups) copy_tile<type>(p, first_group + group, tile, stage + group * kTile, lane);
  copy_activations<type>(p, tile, first_token, left < S::tokens ? left : S::tokens, stage + S::groups * kTile, lane, warp, kWarps);
}

template <DType type, class S>
__global__ void __launch_bounds__(32 * kWarps, S::blocks) quant_tiles_kernel(QuantProblem p) {
  constexpr QuantLayout layout = quant_layout(type);
  constexpr int kUnits = layout.units_of_tile(), kTile = layout.tile_bytes();
  int lane = int(threadIdx.x % 32), warp = int(threadIdx.x / 32), own_group = warp % S::across * S::M, own_token = warp / S::across * 8 * S::Nt;
  int64_t first_group = int64_t(blockIdx.y) * S::groups;
  int first_token = int(blockIdx.x) * S::tokens, next = 0;
  auto copy_next = [&] {
    if (next < p.tiles) copy_stage<type, S>(p, first_group, first_token, next, shared_memory() + next % S::stages * kStageBytes<type, S>);
    close_copies();
    ++next;
  };
  for (int i = 0; i < S::stages - 1; ++i) copy_next();

  float acc[S::M][S::Nt][4] = {}, total[S::M][S::Nt][4] = {};
  int part = 0, border = p.border(1);
  for (int tile = 0; tile < p.tiles; ++tile) {
    await_copies<S::stages - 2>();
    __syncthreads();
    copy_next();
    const std::byte* stage = shared_memory() + tile % S::stages * kStageBytes<type, S>;
    auto token = [&](int i) { return activation_of<type>(p, tile, first_token, own_token + i, stage + S::groups * kTile); };
    int until = (tile + 1) * kUnits;
    if constexpr (kUnits > 1) until = until < p.units ? until : p.units;
    for (int u = tile * kUnits; u < until; ++u) {
      add_unit<type>(stage + own_group * kTile, u - tile * kUnits, lane, token, acc);
      if (u + 1 < border) continue;
      PRM_UNROLL
      for (int i = 0; i < S::M * S::Nt * 4; ++i) {
        float &sum = total[i / 4 / S::Nt][i / 4 % S::Nt][i % 4], &more = acc[i / 4 / S::Nt][i / 4 % S::Nt][i % 4];
        sum = part ? sum + more : more;
        more = 0;
      }
      border = p.border(++part + 1);
    }
  }
  await_copies<0>();
  PRM_UNROLL
  for (int i = 0; i < S::M * S::Nt * 4; ++i) {
    int64_t n = (first_group + own_group + i / 4 / S::Nt) * 16 + lane / 4 + i % 4 / 2 * 8;
    int token = first_token + own_token + i / 4 % S::Nt * 8 + lane % 4 * 2 + i % 2;
    if (n < p.N && token < p.T) p.y[token * p.N + n] = total[i / 4 / S::Nt][i / 4 % S::Nt][i % 4];
  }
}

template <class S>
void launch_shape(Stream stream, const QuantMatmul& m) {
  QuantProblem p = quant_problem(m);
  dim3 grid(unsigned((p.T + S::tokens - 1) / S::tokens), unsigned((p.groups + S::groups - 1) / S::groups));
  with_quant_type(m.type, [&]<DType type>() {
    size_t shared = size_t(S::stages) * size_t(kStageBytes<type, S>);
    allow_shared_memory(quant_tiles_kernel<type, S>, shared);
    PRM_LAUNCH((quant_tiles_kernel<type, S>), grid, 32 * kWarps, shared, stream, p);
  });
}

}  // namespace

void launch_quant_tiles(Stream stream, const QuantMatmul& m, QuantTiles tiles) {
  if (tiles == QuantTiles::of_32_32) launch_shape<Small>(stream, m);
  else if (tiles == QuantTiles::of_64_64) launch_shape<Middle>(stream, m);
  else launch_shape<Large>(stream, m);
}

}  // namespace prm
