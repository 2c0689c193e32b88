// y = x . W^T of quantized weights for up to 8 tokens, as fast as memory gives weights. A warp has one part of the sum over K for 16
// rows, and streams its tiles, with the activations beside them, through two places in shared memory of its own: nothing waits for
// another warp before the parts are added, left to right. A block has 8 warps or fewer (groups of rows side by side where there are few
// parts), and walks on to further groups where there are very many; what it will need next is on its way across those borders too.
#include "quant_values.cuh"

namespace prm {

namespace {

constexpr int kPlaces = 2, kMostWarps = 8;

template <DType type>
__global__ void __launch_bounds__(32 * kMostWarps, 4) quant_decode_kernel(QuantProblem p, int side_by_side, int walks) {
  constexpr QuantLayout layout = quant_layout(type);
  constexpr int kUnits = layout.units_of_tile();
  int lane = int(threadIdx.x % 32), warp = int(threadIdx.x / 32), warps = int(blockDim.x / 32), part = warp % p.parts;
  int begin = p.border(part), end = p.border(part + 1), first_tile = begin / kUnits, end_tile = (end + kUnits - 1) / kUnits;
  int place_bytes = layout.tile_bytes() + p.T * kWindow<type>;
  std::byte* places = shared_memory() + warp * kPlaces * place_bytes;
  auto* part_sums = reinterpret_cast<float*>(shared_memory() + warps * kPlaces * place_bytes);  // [2][warps][tokens][rows]
  int64_t first_group = int64_t(blockIdx.x) * walks * side_by_side;
  auto group_of = [&](int walk, int slot) { return first_group + walk * side_by_side + slot; };

  int next_walk = 0, next_tile = first_tile, to = 0;
  auto copy_next = [&] {
    int64_t group = group_of(next_walk, warp / p.parts);
    if (next_walk < walks && group < p.groups) {
      copy_tile<type>(p, group, next_tile, places + to * place_bytes, lane);
      copy_activations<type>(p, next_tile, 0, p.T, places + to * place_bytes + layout.tile_bytes(), lane, 0, 1);
    }
    close_copies();
    to = (to + 1) % kPlaces;
    if (++next_tile == end_tile) next_tile = first_tile, ++next_walk;
  };
  for (int i = 0; i < kPlaces; ++i) copy_next();

  for (int walk = 0; walk < walks; ++walk) {
    float acc[1][1][4] = {};
    for (int tile = first_tile; tile < end_tile; ++tile) {
      await_copies<kPlaces - 1>();
      __syncwarp();
      const std::byte* place = places + to * place_bytes;
      auto token = [&](int i) { return activation_of<type>(p, tile, 0, i < p.T ? i : p.T - 1, place + layout.tile_bytes()); };
      int from = tile * kUnits, until = from + kUnits;
      if constexpr (kUnits > 1) from = from < begin ? begin : from, until = until < end ? until : end;
      for (int u = from; u < until; ++u) add_unit<type>(place, u - tile * kUnits, lane, token, acc);
      __syncwarp();
      copy_next();
    }
    float* sums = part_sums + walk % 2 * warps * p.T * 16;
    for (int i = 0; i < 4; ++i) {
      int token = lane % 4 * 2 + i % 2;
      if (token < p.T) sums[(warp * p.T + token) * 16 + lane / 4 + i / 2 * 8] = acc[0][0][i];
    }
    __syncthreads();
    for (int i = int(threadIdx.x); i < side_by_side * p.T * 16; i += int(blockDim.x)) {
      int slot = i / (p.T * 16), within = i % (p.T * 16);
      const float* of_parts = sums + slot * p.parts * p.T * 16 + within;
      float sum = of_parts[0];
      for (int other = 1; other < p.parts; ++other) sum += of_parts[other * p.T * 16];
      int64_t n = group_of(walk, slot) * 16 + within % 16;
      if (n < p.N) p.y[within / 16 * p.N + n] = sum;
    }
  }
  await_copies<0>();
}

}  // namespace

void launch_quant_decode(Stream stream, const QuantMatmul& m, int64_t enough_blocks) {
  QuantProblem p = quant_problem(m);
  int side_by_side = kMostWarps / p.parts, warps = side_by_side * p.parts;
  int64_t blocks = (p.groups + side_by_side - 1) / side_by_side, walks = blocks < enough_blocks ? 1 : blocks / enough_blocks;
  unsigned grid = unsigned((blocks + walks - 1) / walks);
  with_quant_type(m.type, [&]<DType type>() {
    size_t shared = size_t(warps) * (size_t(kPlaces) * size_t(quant_layout(type).tile_bytes() + p.T * kWindow<type>) + 2 * 16 * sizeof(float) * size_t(p.T));
    allow_shared_memory(quant_decode_kernel<type>, shared);
    PRM_LAUNCH(quant_decode_kernel<type>, grid, unsigned(warps) * 32, shared, stream, p, side_by_side, int(walks));
  });
}

// Small blocks compute slowly, large ones are few: as large as there are blocks for most processors of a large GPU.
void launch_quant_matmul(Stream stream, const QuantMatmul& m) {
  constexpr int64_t kEnoughBlocks = 96;
  auto blocks = [&](int64_t rows, int64_t tokens) { return (m.N + rows - 1) / rows * ((m.T + tokens - 1) / tokens); };
  if (m.T <= 8) launch_quant_decode(stream, m, 1024);
  else if (m.T <= 32 || blocks(64, 64) < kEnoughBlocks) launch_quant_tiles(stream, m, QuantTiles::of_32_32);
  else launch_quant_tiles(stream, m, blocks(128, 64) < kEnoughBlocks ? QuantTiles::of_64_64 : QuantTiles::of_128_64);
}

}  // namespace prm
