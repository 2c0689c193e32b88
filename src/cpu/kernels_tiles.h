// Convolutions of rows of codes by tiles of 16 rows of 64 bytes, for the one unit that includes this after its vector: AMX, and its
// emulation. A tile of x (u8: outputs by 64 channels) times a tile of weights (i8: 16 fours of channels by 16 outputs' channels) is a
// tile of sums (i32). Everything is of internal linkage.
#pragma once
#include "cpu/kernels_codes.h"

namespace {

#ifdef PRM_VEC512_EMULATED

struct EmulatedTiles {
  int32_t rows[8];
  alignas(64) uint8_t bytes[8][16][64];
};
thread_local EmulatedTiles emulated;

PRM_OP void configure_tiles(int32_t rows, int32_t more_rows) {
  for (int t = 0; t < 8; ++t) emulated.rows[t] = t < 2 || t == 4 ? rows : t < 4 || t == 5 ? more_rows : 16;
}
PRM_OP void release_tiles() {
  for (int32_t& rows : emulated.rows) rows = 0;  // what is used without being configured gives nothing
}
template <int T>
PRM_OP void zero_tile() {
  memset(emulated.bytes[T], 0, sizeof emulated.bytes[T]);
}
template <int T>
PRM_OP void load_tile(const void* p, int64_t step) {
  for (int r = 0; r < emulated.rows[T]; ++r) memcpy(emulated.bytes[T][r], static_cast<const char*>(p) + r * step, 64);
}
template <int T>
PRM_OP void store_tile(int32_t* p) {
  for (int r = 0; r < emulated.rows[T]; ++r) memcpy(p + 16 * r, emulated.bytes[T][r], 64);
}
template <int Sum, int X, int W>
PRM_OP void dot_tiles() {
  for (int r = 0; r < emulated.rows[X]; ++r)
    for (int n = 0; n < 16; ++n) {
      int32_t sum;
      memcpy(&sum, emulated.bytes[Sum][r] + 4 * n, 4);
      for (int k = 0; k < 64; ++k) sum += int32_t(emulated.bytes[X][r][k]) * int8_t(emulated.bytes[W][k / 4][4 * n + k % 4]);
      memcpy(emulated.bytes[Sum][r] + 4 * n, &sum, 4);
    }
}

#else

PRM_OP void configure_tiles(int32_t rows, int32_t more_rows) {
  struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
  } config = {};
  static_assert(sizeof config == 64);
  config.palette = 1;
  for (int t = 0; t < 8; ++t) config.bytes[t] = 64, config.rows[t] = uint8_t(t < 2 || t == 4 ? rows : t < 4 || t == 5 ? more_rows : 16);
  __asm__ volatile("ldtilecfg %0" : : "m"(config));
}
PRM_OP void release_tiles() { __asm__ volatile("tilerelease"); }
template <int T>
PRM_OP void zero_tile() {
  __asm__ volatile("tilezero %%tmm%c0" : : "i"(T));
}
template <int T>
PRM_OP void load_tile(const void* p, int64_t step) {
  __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(p), "r"(step), "i"(T) : "memory");
}
template <int T>
PRM_OP void store_tile(int32_t* p) {
  __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(p), "r"(int64_t(64)), "i"(T) : "memory");
}
template <int Sum, int X, int W>
PRM_OP void dot_tiles() {
  __asm__ volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(Sum), "i"(X), "i"(W));
}

#endif

// Tiles 0 to 3 are sums: of output tile m and block n, 2 m + n. 4 and 5 are x, 6 and 7 weights.
template <int M, int N>
PRM_OP void sum_step(const prm::ConvRows& s, int64_t place, const int8_t* w) {
  load_tile<4>(s.x[0] + place, s.x_step);
  load_tile<6>(w, 64);
  if (N > 1) load_tile<7>(w + s.w_block, 64);
  if (M > 1) load_tile<5>(s.x[1] + place, s.x_step);
  dot_tiles<0, 4, 6>();
  if (N > 1) dot_tiles<1, 4, 7>();
  if (M > 1) dot_tiles<2, 5, 6>();
  if (M > 1 && N > 1) dot_tiles<3, 5, 7>();
}

// Locals are copies: what is stored could be anything's bytes.
template <bool Codes>
PRM_OP void put_rows(const prm::ConvRows& s, const int32_t* sums, int tile, int block) {
  Floats factor = load(s.factor + 16 * block), shift = load(s.shift + 16 * block);
  const prm::ActivationRange act = s.act;
  const prm::CodeRange to = s.to;
  int64_t at = block * s.y_block;
  uint8_t* codes = static_cast<uint8_t*>(s.y[tile]) + at;
  float* values = static_cast<float*>(s.y[tile]) + at;
  int n = s.rows[tile];
  for (int r = 0; r < n; ++r) {
    Floats y = activated(fma(to_floats(load_ints(sums + 16 * r)), factor, shift), act);
    if (Codes) store_codes(codes + 16 * r, codes_of(y, to));
    else store(values + 16 * r, y);
  }
}

template <int M, int N>
void row_sums(const prm::ConvRows& s) {
  zero_tile<0>(), zero_tile<1>(), zero_tile<2>(), zero_tile<3>();
  const int8_t* w = s.w;
  for (int chunk = 0; chunk < s.chunks; ++chunk)
    for (int d = 0; d < s.kernel[0]; ++d)
      for (int h = 0; h < s.kernel[1]; ++h) {
        int64_t place = chunk * s.chunk + d * s.step[0] + h * s.step[1];
        for (int c = 0; c < s.kernel[2]; ++c, place += s.step[2], w += 1024) sum_step<M, N>(s, place, w);
      }
  alignas(64) int32_t sums[4][256];
  store_tile<0>(sums[0]);
  if (N > 1) store_tile<1>(sums[1]);
  if (M > 1) store_tile<2>(sums[2]);
  if (M > 1 && N > 1) store_tile<3>(sums[3]);
  for (int m = 0; m < M; ++m)
    for (int n = 0; n < N; ++n) s.to.codes ? put_rows<true>(s, sums[2 * m + n], m, n) : put_rows<false>(s, sums[2 * m + n], m, n);
}

void tile_begin(int32_t rows, int32_t more_rows) { configure_tiles(rows, more_rows ? more_rows : rows); }
void tile_end() { release_tiles(); }
void tile_sums(const prm::ConvRows& s) {
  if (s.rows[1]) s.blocks > 1 ? row_sums<2, 2>(s) : row_sums<2, 1>(s);
  else s.blocks > 1 ? row_sums<1, 2>(s) : row_sums<1, 1>(s);
}

constexpr prm::RowTable kRowTable{tile_begin, tile_sums, tile_end};

}  // namespace
