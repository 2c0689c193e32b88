// Attention of neighbouring tokens of a sequence (flash attention: Dao et al., 2022): a block of threads has 32 queries, tokens times query
// heads of one kv head, which pass over the rows together. Rows become floats in shared memory once for all of them, a piece after another,
// the next one on its way in registers. The canonical order leaves no room for tensor cores: each thread sums 4 queries times 4 keys,
// then 4 queries times 4 to 16 values, so that a value from shared memory serves several sums. Queries walk a split of 256 keys three
// times: scores, weights, values. What merges is added to the result in memory, once a split.
#include <algorithm>

#include "attention_rows.h"

namespace prm {

namespace {

constexpr int kThreads = 128, kQueries = kTileQueries;
constexpr int kEach = 4;  // queries of a thread

// Keys of a piece, for heads of up to 64 * wide values: all that a block holds fits into 99 KiB.
template <int wide>
constexpr int kPieceKeys = wide == 4 ? 32 : 64;

// Whose splits a query's result has so far.
enum Joins { kNone, kFirst, kMore };

struct Shared {
  float *q, *score, *piece;       // [values][kQueries], [keys of a split][kQueries], keys [values][keys] or values [keys][values]
  float *keep, *join, *total;     // [kQueries], of the last split
  int32_t *first, *last, *joins;  // [kQueries]
  int32_t* row;                   // [2][keys of a split]

  template <int wide>
  static constexpr size_t bytes() { return sizeof(float) * (64 * wide * kQueries + kAttentionSplit * (kQueries + 2) + 64 * wide * kPieceKeys<wide> + 6 * kQueries); }
};

template <int wide>
__device__ Shared shared_of() {
  auto* q = reinterpret_cast<float*>(shared_memory());
  float *score = q + 64 * wide * kQueries, *piece = score + kAttentionSplit * kQueries, *keep = piece + 64 * wide * kPieceKeys<wide>;
  auto* first = reinterpret_cast<int32_t*>(keep + 3 * kQueries);
  return {q, score, piece, keep, keep + kQueries, keep + 2 * kQueries, first, first + kQueries, first + 2 * kQueries, first + 3 * kQueries};
}

// Four queries' scores of a key: neighbouring keys' lie in other banks.
__device__ __forceinline__ FourFloats& four_scores(float* score, int key, int four) {
  return reinterpret_cast<FourFloats*>(score)[key * (kQueries / 4) + (four ^ (key / 4 & 7))];
}

// Tokens t .. of one sequence, none of them padding, times query heads from `head`.
template <CacheType type, int wide>
struct Run {
  static constexpr int kKeys = kPieceKeys<wide>, kMyKeys = kKeys / 16, kPieces = kKeys / 16 * wide, kEightStep = 128 / kKeys;
  const AttentionLaunch& a;
  const Shared& shared;
  const SeenRows seen;  // by the first of the tokens
  int t, head, column;  // the latter in bytes to the kv head in a row
  int D, heads, queries;
  int low, high, all_low, all_high;  // seen by any query, seen by all
  int lane, warp, four, across;      // four: of queries; across: which keys or values of 16 threads'

  __device__ Run(const AttentionLaunch& launch, const Shared& room, int token, int tokens, int first_head, int count)
      : a(launch), shared(room), seen(launch, token), t(token), head(first_head), column(int(row_size<type>(first_head / (launch.H / launch.G) * launch.D))),
        D(int(launch.D)), heads(count), queries(tokens * count), low(seen.first), high(seen.last), all_low(seen.first), all_high(seen.last),
        lane(int(threadIdx.x) % 32), warp(int(threadIdx.x) / 32) {
    // Threads beside each other share what they read: queries with the thread 2 further, keys with the next.
    four = (lane & 1) | (lane >> 2 & 2) | (warp & 1) << 2, across = (lane >> 1 & 3) | (lane >> 2 & 4) | (warp & 2) << 2;
    for (int i = 1; i < tokens; ++i) {
      SeenRows other(a, t + i);
      low = std::min(low, other.first), high = std::max(high, other.last), all_low = std::max(all_low, other.first), all_high = std::min(all_high, other.last);
    }
  }

  __device__ int64_t values_of(int query) const { return (int64_t(t + query / heads) * a.H + head + query % heads) * D; }
  __device__ int first_piece(int split) const { return std::max(low - split * kAttentionSplit, 0) / kKeys; }
  __device__ int end_piece(int split) const { return std::min(high - split * kAttentionSplit, kAttentionSplit - 1) / kKeys + 1; }

  __device__ void load_queries() const {
    if (warp == 0) {
      SeenRows mine(a, lane < queries ? t + lane / heads : t);
      shared.first[lane] = mine.first, shared.last[lane] = lane < queries ? mine.last : -1;
    }
    const float* own = a.q + values_of(lane);
    for (int d = warp * 4; d < D; d += kThreads / 8) {
      FourFloats x = {};
      if (lane < queries) x = *reinterpret_cast<const FourFloats*>(own + d);
      for (int k = 0; k < 4; ++k) shared.q[(d + k) * kQueries + lane] = x.x[k];
    }
  }

  __device__ void find_rows(int split) const {
    for (int i = int(threadIdx.x); i < kAttentionSplit; i += kThreads) {
      int j = split * kAttentionSplit + i;
      if (j >= low && j <= high) shared.row[split % 2 * kAttentionSplit + i] = seen.row(j);
    }
  }

  // What a thread brings of a piece: of one key, every so many eights of values. A warp has 16 keys by two neighbouring eights.
  __device__ int own_key() const { return warp % (kKeys / 16) * 16 + lane / 2; }
  __device__ int own_eight(int i) const { return warp / (kKeys / 16) * 2 + lane % 2 + kEightStep * i; }

  __device__ void fetch(const void* cache, int split, int piece, EightValues<type> (&raw)[kPieces]) const {
    int key = piece * kKeys + own_key(), j = split * kAttentionSplit + key;
    if (j < low || j > high) return;  // what the last piece left there is a score that nobody sees
    const std::byte* row = static_cast<const std::byte*>(cache) + shared.row[split % 2 * kAttentionSplit + key] * a.row_bytes + column;
PRM_UNROLL
    for (int i = 0; i < kPieces; ++i)
      if (own_eight(i) * 8 < D) raw[i].load(row, own_eight(i) * 8);
  }
  // Values 8 to 15 of each 16 have their keys in other banks than values 0 to 7.
  __device__ void put_keys(const EightValues<type> (&raw)[kPieces]) const {
    float* to = shared.piece + own_eight(0) * 8 * kKeys + (own_key() ^ (lane % 2 * 16));
PRM_UNROLL
    for (int i = 0; i < kPieces; ++i)
      for (int e = 0; e < 8; ++e) to[((own_eight(i) - own_eight(0)) * 8 + e) * kKeys] = raw[i].at(e);
  }
  __device__ FourFloats& four_values(int key, int index) const { return reinterpret_cast<FourFloats*>(shared.piece)[key * 16 * wide + (index ^ (key & 7))]; }
  __device__ void put_values(const EightValues<type> (&raw)[kPieces]) const {
PRM_UNROLL
    for (int i = 0; i < kPieces; ++i)
      for (int h = 0; h < 2; ++h) four_values(own_key(), own_eight(i) * 2 + h) = {{raw[i].at(4 * h), raw[i].at(4 * h + 1), raw[i].at(4 * h + 2), raw[i].at(4 * h + 3)}};
  }

  using Sums = float[kEach][kMyKeys];

  __device__ void add_product(int d, int key, Sums& sums) const {
    FourFloats q = reinterpret_cast<const FourFloats*>(shared.q)[d * (kQueries / 4) + four];
    struct alignas(4 * kMyKeys) {
      float x[kMyKeys];
    } k;
    k = *reinterpret_cast<const decltype(k)*>(shared.piece + d * kKeys + key);
PRM_UNROLL
    for (int i = 0; i < kEach; ++i)
PRM_UNROLL
      for (int m = 0; m < kMyKeys; ++m) sums[i][m] = fused(q.x[i], k.x[m], sums[i][m]);
  }

  // The tree over 16 lanes from its leaves, each lane's sum when its turn comes: lane += lane + 8, then 4, 2, 1 further.
  template <int step, int from>
  __device__ void add_lanes(Sums& sums) const {
    Sums other = {};
    if constexpr (step == 8) {
      for (int i = 0; i < kEach; ++i)
        for (int m = 0; m < kMyKeys; ++m) sums[i][m] = 0;
PRM_UNROLL_BY(4)
      for (int d = from; d < D; d += 16) add_product(d, across * kMyKeys, sums), add_product(d + 8, across * kMyKeys ^ 16, other);
    } else {
      add_lanes<2 * step, from>(sums);
      add_lanes<2 * step, from + step>(other);
    }
PRM_UNROLL
    for (int i = 0; i < kEach; ++i)
PRM_UNROLL
      for (int m = 0; m < kMyKeys; ++m) sums[i][m] += other[i][m];
  }

  // Also of keys that a query does not see, which nothing reads. The sums of even lanes wait in memory for those of odd ones: registers are dear.
  __device__ void score_keys(int piece) const {
    Sums sums;
    int key = piece * kKeys + across * kMyKeys;
    add_lanes<2, 0>(sums);
PRM_UNROLL
    for (int m = 0; m < kMyKeys; ++m) four_scores(shared.score, key + m, four) = {{sums[0][m], sums[1][m], sums[2][m], sums[3][m]}};
    __syncwarp();  // so that compilers do not keep them after all
    add_lanes<2, 1>(sums);
PRM_UNROLL
    for (int m = 0; m < kMyKeys; ++m) {
      FourFloats& s = four_scores(shared.score, key + m, four);
      for (int i = 0; i < kEach; ++i) s.x[i] = score_of(a, s.x[i] + sums[i][m]);
    }
  }

  // Makes weights of the scores; those of keys that a query does not see are below 0. A thread has every fourth group of lanes of a query;
  // the piece's memory is free. `merged` is that of the first warp's queries.
  __device__ void weigh_keys(int split, Merged& merged) const {
    int begin = split * kAttentionSplit, from = std::max(shared.first[lane], begin), until = std::min(shared.last[lane] + 1, begin + kAttentionSplit);
    float *tops = shared.piece, *lanes = shared.piece + 4 * kQueries, top = -INFINITY;
    auto score = [&](int j) -> float& { return four_scores(shared.score, j, lane / 4).x[lane % 4]; };
    for (int j = warp * 4; j < kAttentionSplit; j += j % 4 == 3 ? 13 : 1)
      if (begin + j >= from && begin + j < until) top = score(j) > top ? score(j) : top;
    tops[warp * kQueries + lane] = top;
    __syncthreads();
    for (int w = 0; w < 4; ++w) top = tops[w * kQueries + lane] > top ? tops[w * kQueries + lane] : top;
    for (int l = warp * 4; l < warp * 4 + 4; ++l) {
      float sum = 0;
      for (int j = l; j < kAttentionSplit; j += 16) {
        bool sees = begin + j >= from && begin + j < until;
        float weight = sees ? exp_of(score(j) - top) : -1.0f;
        if (sees) sum += weight;
        score(j) = weight;
      }
      lanes[l * kQueries + lane] = sum;
    }
    __syncthreads();
    if (warp) return;
    float own[16];
    for (int l = 0; l < 16; ++l) own[l] = lanes[l * kQueries + lane];
    bool is_first = shared.first[lane] >= begin;
    shared.joins[lane] = from >= until ? kNone : is_first ? kFirst : kMore;
    if (from < until) merged.join_split(is_first, top, merge_lanes(own), shared.keep[lane], shared.join[lane]);
  }

  using Values = float[kEach][wide][4];

  template <bool all>
  __device__ void add_keys(int piece, int from, int until, Values& sums) const {
    for (int key = from; key < until; ++key) {
      FourFloats weight = four_scores(shared.score, piece * kKeys + key, four);
PRM_UNROLL
      for (int c = 0; c < wide; ++c) {
        FourFloats v = four_values(key, across + 16 * c);
PRM_UNROLL
        for (int i = 0; i < kEach; ++i) {
          if (!all && weight.x[i] < 0) continue;
PRM_UNROLL
          for (int k = 0; k < 4; ++k) sums[i][c][k] = fused(weight.x[i], v.x[k], sums[i][c][k]);
        }
      }
    }
  }
  __device__ void add_values(int split, int piece, Values& sums) const {
    int begin = split * kAttentionSplit + piece * kKeys, from = std::max(low - begin, 0), until = std::min(high + 1 - begin, int(kKeys));
    if (begin + from >= all_low && begin + until - 1 <= all_high) add_keys<true>(piece, from, until, sums);
    else add_keys<false>(piece, from, until, sums);
  }

  // use(query, value): each four of the thread's results, at their place in memory.
  template <class Use>
  __device__ void each_result(Use use) const {
    for (int i = 0; i < kEach; ++i)
PRM_UNROLL
      for (int c = 0; c < wide; ++c) {
        int query = four * 4 + i, d = (across + 16 * c) * 4;
        if (query < queries && d < D) use(query, i, c, *reinterpret_cast<FourFloats*>(a.y + values_of(query) + d));
      }
  }
  __device__ void merge(Values& sums) const {
    each_result([&](int query, int i, int c, FourFloats& y) {
      if (shared.joins[query] == kNone) return;
      FourFloats sum = {};
      if (shared.joins[query] == kMore) sum = y;
      for (int k = 0; k < 4; ++k) sum.x[k] = sum.x[k] * shared.keep[query] + sums[i][c][k] * shared.join[query];
      y = sum;
    });
  }
  __device__ void finish(Merged merged) const {
    __syncthreads();  // all have merged
    if (warp == 0 && lane < queries) {
      if (a.sinks) merged.join_split(false, a.sinks[head + lane % heads], 1.0f, shared.keep[lane], shared.join[lane]);
      shared.total[lane] = merged.total;
    }
    __syncthreads();
    each_result([&](int query, int, int, FourFloats& y) {
      FourFloats sum = y;
      for (int k = 0; k < 4; ++k) y.x[k] = (a.sinks ? with_sink(sum.x[k], shared.keep[query], shared.join[query]) : sum.x[k]) / shared.total[query];
    });
  }

  // What comes next is on its way while a piece is worked on.
  __device__ void walk() const {
    Merged merged;
    EightValues<type> raw[kPieces] = {};
    int last_split = high / kAttentionSplit;
    load_queries();
    find_rows(low / kAttentionSplit);
    __syncthreads();
    fetch(a.k, low / kAttentionSplit, first_piece(low / kAttentionSplit), raw);
    for (int split = low / kAttentionSplit; split <= last_split; ++split) {
      int first = first_piece(split), end = end_piece(split);
      for (int piece = first; piece < end; ++piece) {
        __syncthreads();  // nobody reads the piece before this one any more
        put_keys(raw);
        __syncthreads();
        bool last = piece + 1 == end;
        fetch(last ? a.v : a.k, split, last ? first : piece + 1, raw);
        score_keys(piece);
      }
      __syncthreads();
      weigh_keys(split, merged);
      find_rows(split + 1);
      Values sums;
      for (int i = 0; i < kEach; ++i)
        for (int c = 0; c < wide; ++c)
          for (int k = 0; k < 4; ++k) sums[i][c][k] = 0;
      for (int piece = first; piece < end; ++piece) {
        __syncthreads();
        put_values(raw);
        __syncthreads();
        bool last = piece + 1 == end;
        fetch(last ? a.k : a.v, split + last, last ? 0 : piece + 1, raw);  // after the last split: nothing
        add_values(split, piece, sums);
      }
      merge(sums);
    }
    finish(merged);
  }
};

template <CacheType type, int wide>
__global__ void __launch_bounds__(kThreads, 2) attention_prefill_kernel(AttentionLaunch a, Tiles tiles, bool but_few) {
  int t = int(gridDim.x - 1 - blockIdx.x) * tiles.tokens, end = std::min(t + tiles.tokens, int(a.T));  // the longest walks first
  int group = int(a.H / a.G), first = int(blockIdx.y) % tiles.parts * tiles.heads, head = int(blockIdx.y) / tiles.parts * group + first;
  int heads = std::min(tiles.heads, group - first);
  Shared shared = shared_of<wide>();
  for (int next = t; t < end; t = next) {
    next = t + 1;
    if (a.positions[t] < 0) {
      for (int64_t i = threadIdx.x; i < heads * a.D; i += kThreads) a.y[(t * a.H + head) * a.D + i] = 0;
      continue;
    }
    while (next < end && a.positions[next] >= 0 && same_sequence(a, t, next)) ++next;
    if (but_few && are_few(next - t, tiles.tokens)) continue;
    Run<type, wide>(a, shared, t, next - t, head, heads).walk();
    __syncthreads();  // before the next run's queries
  }
}

template <CacheType type, int wide>
void launch_wide(Stream stream, const AttentionLaunch& a, bool but_few) {
  Tiles tiles = tiles_of(a);
  allow_shared_memory(attention_prefill_kernel<type, wide>, Shared::bytes<wide>());
  dim3 grid(unsigned((a.T + tiles.tokens - 1) / tiles.tokens), unsigned(a.G * tiles.parts));
  PRM_LAUNCH((attention_prefill_kernel<type, wide>), grid, kThreads, Shared::bytes<wide>(), stream, a, tiles, but_few);
}

template <CacheType type>
void launch_typed(Stream stream, const AttentionLaunch& a, bool but_few) {
  if (a.D <= 64) launch_wide<type, 1>(stream, a, but_few);
  else if (a.D <= 128) launch_wide<type, 2>(stream, a, but_few);
  else launch_wide<type, 4>(stream, a, but_few);
}

}  // namespace

void launch_attention_prefill(Stream stream, const AttentionLaunch& a, bool but_few) {
  switch (a.type) {
    case CacheType::f32: return launch_typed<CacheType::f32>(stream, a, but_few);
    case CacheType::f16: return launch_typed<CacheType::f16>(stream, a, but_few);
    case CacheType::bf16: return launch_typed<CacheType::bf16>(stream, a, but_few);
    case CacheType::q8_0: return launch_typed<CacheType::q8_0>(stream, a, but_few);
  }
}

}  // namespace prm
