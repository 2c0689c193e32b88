// Products of quantized weights for mixtures of experts: as quant_matmul.cu, but that the tokens of a block are those that chose its
// expert, wherever they stand.
#include "chosen_rows.h"
#include "quant_values.cuh"

namespace prm {

namespace {

constexpr int kPlaces = 2, kTokens = 8, kRows = 16, kMostWarps = 8;

template <DType type>
__global__ void __launch_bounds__(32 * kMostWarps) quant_experts_kernel(QuantProblem p, ExpertRows experts) {
  constexpr QuantLayout layout = quant_layout(type);
  constexpr int kUnits = layout.units_of_tile(), kPieces = kWindow<type> / 16;
  int windows = experts.by_row ? 1 : kTokens, place_bytes = layout.tile_bytes() + windows * kWindow<type>;  // activations of so many tokens
  auto& rows = *reinterpret_cast<ChosenRows<kTokens>*>(shared_memory());
  int lane = int(threadIdx.x % 32), part = int(threadIdx.x / 32);
  std::byte* places = shared_memory() + sizeof rows + part * kPlaces * place_bytes;
  auto* sums = reinterpret_cast<float*>(shared_memory() + sizeof rows + p.parts * kPlaces * place_bytes);  // [parts][tokens][rows]
  int begin = p.border(part), end = p.border(part + 1), first_tile = begin / kUnits, end_tile = (end + kUnits - 1) / kUnits;
  for (first_rows(experts, rows); rows.count; next_rows(experts, rows)) {
    int64_t group = rows.expert * p.groups + blockIdx.x;
    auto activations = [&](int i, int tile) { return rows.source[i] * p.x_stride + int64_t(tile) * kTileActivation<type>; };
    auto copy = [&](int tile) {
      std::byte* to = places + tile % kPlaces * place_bytes;
      if (tile < end_tile) {
        copy_tile<type>(p, group, tile, to, lane);
        for (int i = lane; i < windows * kPieces; i += 32) {
          const std::byte* from = p.x + (activations(i / kPieces, tile) & ~int64_t(15)) + i % kPieces * 16;
          int64_t left = p.x_end - from;
          copy_later_16(to + layout.tile_bytes() + i * 16, from, left < 0 ? 0 : left < 16 ? int(left) : 16);
        }
      }
      close_copies();
    };
    for (int i = 0; i < kPlaces; ++i) copy(first_tile + i);
    float acc[1][1][4] = {};
    for (int tile = first_tile; tile < end_tile; ++tile) {
      await_copies<kPlaces - 1>();
      __syncwarp();
      const std::byte* place = places + tile % kPlaces * place_bytes;
      auto token = [&](int i) {
        int window = i < windows ? i : 0;
        return place + layout.tile_bytes() + window * kWindow<type> + (activations(window, tile) & 15);
      };
      int from = tile * kUnits < begin ? begin : tile * kUnits, until = (tile + 1) * kUnits < end ? (tile + 1) * kUnits : end;
      for (int u = from; u < until; ++u) add_unit<type>(place, u - tile * kUnits, lane, token, acc);
      __syncwarp();
      copy(tile + kPlaces);
    }
    await_copies<0>();
    for (int i = 0; i < 4; ++i) sums[(part * kTokens + lane % 4 * 2 + i % 2) * kRows + lane / 4 + i / 2 * 8] = acc[0][0][i];
    __syncthreads();
    for (int i = int(threadIdx.x); i < rows.count * kRows; i += int(blockDim.x)) {
      float sum = sums[i];
      for (int other = 1; other < p.parts; ++other) sum += sums[other * kTokens * kRows + i];
      p.y[rows.row[i / kRows] * p.N + blockIdx.x * kRows + i % kRows] = sum;
    }
    __syncthreads();  // before other rows come
  }
}

}  // namespace

void launch_quant_experts(Stream stream, const QuantMatmul& m, const ExpertRows& experts) {
  QuantProblem p = quant_problem(m);
  p.x_end = p.x + m.T / experts.share * p.x_stride;
  dim3 grid(unsigned(p.groups), unsigned(experts.by_row ? experts.rows : experts.experts));
  with_quant_type(m.type, [&]<DType type>() {
    size_t place = size_t(quant_layout(type).tile_bytes()) + (experts.by_row ? 1 : kTokens) * size_t(kWindow<type>);
    size_t shared = sizeof(ChosenRows<kTokens>) + size_t(p.parts) * (kPlaces * place + kTokens * kRows * sizeof(float));
    allow_shared_memory(quant_experts_kernel<type>, shared);
    PRM_LAUNCH(quant_experts_kernel<type>, grid, unsigned(p.parts) * 32, shared, stream, p, experts);
  });
}

}  // namespace prm
