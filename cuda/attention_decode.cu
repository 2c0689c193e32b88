// Attention of few tokens over many keys (flash-decoding: Dao et al., 2023): a block of threads a (token, kv head, split of 256 keys),
// whose query heads share what it loads; a second kernel merges the splits in index order. Rows come as they lie there, a piece of a
// split after another, each while the one before is worked on.
#include <algorithm>

#include "attention_rows.h"

namespace prm {

namespace {

constexpr int kThreads = 128;
constexpr int kHeads = 8;                             // query heads of a block at most: 16 threads each weigh the keys
constexpr int kScoreStride = kAttentionSplit + 16;    // floats; two heads' scores lie in other banks
constexpr int kPieceBytes = 16 << 10;
constexpr int64_t kScratchBytes = 64 << 20;           // as much as tokens side by side are worth
constexpr int kMergeAtOnce = 128;                     // splits

// What launches of one problem have in common.
struct Shape {
  int64_t splits;           // that a token sees at most
  int parts, heads;         // blocks a kv head, query heads of a block
  int few;                  // 0, or of how many tokens tiles are: only tokens that are too few for them
  int keys, stride;         // rows in a piece, a power of two; bytes from one to the next in shared memory
  float *sums, *stats;      // scratch: [token, query head, split] of D values, of maximum and sum
};

int64_t splits_of(const AttentionLaunch& a) {
  int64_t keys = a.table ? a.pages_each * a.page : a.T, splits = (keys + kAttentionSplit - 1) / kAttentionSplit;
  return a.window > 0 ? std::min(splits, a.window / kAttentionSplit + 2) : splits;
}
int64_t bytes_each(const AttentionLaunch& a) { return a.H * splits_of(a) * (a.D + 2) * int64_t(sizeof(float)); }

template <CacheType type>
Shape shape_of(const AttentionLaunch& a, int64_t tokens, bool only_few) {
  Shape shape{};
  shape.few = only_few ? tiles_of(a).tokens : 0;
  int group = int(a.H / a.G), row = int(row_size<type>(a.D));
  shape.splits = splits_of(a);
  shape.parts = (group + kHeads - 1) / kHeads, shape.heads = (group + shape.parts - 1) / shape.parts;
  shape.stride = type == CacheType::q8_0 ? ((row + 3) / 4 | 1) * 4 : row + 16;  // so that neighbouring rows begin in other banks
  shape.keys = 128;
  while (shape.keys > 16 && shape.keys * row > kPieceBytes) shape.keys /= 2;
  shape.sums = a.scratch, shape.stats = a.scratch + tokens * a.H * shape.splits * a.D;
  return shape;
}

// Whether the token is one of this launch.
__device__ bool is_taken(const AttentionLaunch& a, const Shape& shape, int64_t t) {
  if (!shape.few) return true;
  int64_t from = t, to = t + 1, tile = t / shape.few * shape.few;
  while (from > tile && a.positions[from - 1] >= 0 && same_sequence(a, t, from - 1)) --from;
  while (to < a.T && to < tile + shape.few && a.positions[to] >= 0 && same_sequence(a, t, to)) ++to;
  return are_few(int(to - from), shape.few);
}

struct Shared {
  float *q, *sum, *score;  // [heads][D] twice, [heads][kScoreStride]
  int32_t* row;            // of the split's keys
  std::byte* pieces;       // two

  __device__ Shared(const Shape& shape, int D) {
    q = reinterpret_cast<float*>(shared_memory());
    sum = q + shape.heads * D, score = sum + shape.heads * D;
    row = reinterpret_cast<int32_t*>(score + shape.heads * kScoreStride);
    pieces = reinterpret_cast<std::byte*>(row + kAttentionSplit);
  }
  static size_t bytes(const Shape& shape, int64_t D) {
    return sizeof(float) * size_t(shape.heads * (2 * D + kScoreStride) + kAttentionSplit) + 2 * size_t(shape.keys) * size_t(shape.stride);
  }
};

// The split of one block.
struct Split {
  const AttentionLaunch& a;
  const Shape& shape;
  Shared shared;
  int D, begin, n;      // keys begin .. begin + n - 1
  int64_t head;         // the first of
  int heads;            // query heads
  int64_t column;       // bytes to the kv head in a row

  // Asks for the rows of n keys from the one `from` of the split.
  template <CacheType type>
  __device__ void fetch(const void* cache, int from, int count, std::byte* piece) const {
    int size = int(row_size<type>(D));
    bool by_16 = type != CacheType::q8_0, by_4 = by_16 || (size % 4 == 0 && a.row_bytes % 4 == 0);
    for (int r = int(threadIdx.x) / 8; r < count; r += kThreads / 8) {
      const std::byte* row = static_cast<const std::byte*>(cache) + shared.row[from + r] * a.row_bytes + column;
      std::byte* to = piece + r * shape.stride;
      int step = by_16 ? 16 : by_4 ? 4 : 2;
      for (int i = int(threadIdx.x) % 8 * step; i < size; i += 8 * step) {
        if (by_16) copy_later_16(to + i, row + i);
        else if (by_4) copy_later_4(to + i, row + i);
        else *reinterpret_cast<uint16_t*>(to + i) = *reinterpret_cast<const uint16_t*>(row + i);
      }
    }
    close_copies();
  }

  // Scores of a piece's key for query heads r .. r + count - 1: 16 lanes each.
  template <CacheType type, int count>
  __device__ void score_key(const std::byte* row, int r, int key) const {
    float lane[count][16] = {};
    const float* q[count];
    for (int i = 0; i < count; ++i) q[i] = shared.q + std::min(r + i, heads - 1) * D;
    for (int d = 0; d < D; d += 16) {
PRM_UNROLL
      for (int half = 0; half < 2; ++half) {
        EightValues<type> values;
        values.load(row, d + 8 * half);
PRM_UNROLL
        for (int e = 0; e < 8; e += 4)
PRM_UNROLL
          for (int i = 0; i < count; ++i) {
            FourFloats x = *reinterpret_cast<const FourFloats*>(q[i] + d + 8 * half + e);
PRM_UNROLL
            for (int k = 0; k < 4; ++k) lane[i][8 * half + e + k] = fused(x.x[k], values.at(e + k), lane[i][8 * half + e + k]);
          }
      }
    }
PRM_UNROLL
    for (int i = 0; i < count; ++i)
      if (r + i < heads) shared.score[(r + i) * kScoreStride + key] = score_of(a, merge_lanes(lane[i]));
  }

  template <CacheType type>
  __device__ void score_keys(const std::byte* piece, int from, int count) const {
    for (int item = int(threadIdx.x); item < shape.keys * ((heads + 3) / 4); item += kThreads) {
      int key = item & (shape.keys - 1), r = item / shape.keys * 4;
      if (key >= count) continue;
      const std::byte* row = piece + key * shape.stride;
      if (heads - r == 1) score_key<type, 1>(row, r, from + key);
      else if (heads - r == 2) score_key<type, 2>(row, r, from + key);
      else score_key<type, 4>(row, r, from + key);
    }
  }

  // Makes weights of the scores, by 16 threads a query head, and stores the largest score and the sum.
  __device__ void weigh_keys(float* stats) const {
    int r = int(threadIdx.x) / 16, lane = int(threadIdx.x) % 16;
    bool live = r < heads;
    float* score = shared.score + r * kScoreStride;
    float top = -INFINITY, sum = 0;
    for (int j = (lane - begin) & 15; live && j < n; j += 16) top = score[j] > top ? score[j] : top;
    for (int bits = 8; bits; bits /= 2) {
      float other = __shfl_xor_sync(kWholeWarp, top, bits);
      top = other > top ? other : top;
    }
    for (int j = (lane - begin) & 15; live && j < n; j += 16) sum += score[j] = exp_of(score[j] - top);
    for (int width = 8; width; width /= 2) sum += __shfl_down_sync(kWholeWarp, sum, width);
    if (live && lane == 0) *reinterpret_cast<TwoFloats*>(stats + r * shape.splits * 2) = {{top, sum}};
  }

  // Adds a piece's values: a thread two query heads and two neighbouring values, keys ascending.
  template <CacheType type>
  __device__ void add_values(const std::byte* piece, int from, int count) const {
    int pairs = D / 2;
    for (int item = int(threadIdx.x); item < pairs * ((heads + 1) / 2); item += kThreads) {
      int r = item / pairs * 2, d = item % pairs * 2, other = std::min(r + 1, heads - 1);
      auto* sum0 = reinterpret_cast<TwoFloats*>(shared.sum + r * D + d);
      auto* sum1 = reinterpret_cast<TwoFloats*>(shared.sum + other * D + d);
      const float *weight0 = shared.score + r * kScoreStride + from, *weight1 = shared.score + other * kScoreStride + from;
      TwoFloats s0 = *sum0, s1 = *sum1;
      auto add = [&](float w0, float w1, int key) {
        TwoFloats v = two_values<type>(piece + key * shape.stride, d);
        s0.x[0] = fused(w0, v.x[0], s0.x[0]), s0.x[1] = fused(w0, v.x[1], s0.x[1]);
        s1.x[0] = fused(w1, v.x[0], s1.x[0]), s1.x[1] = fused(w1, v.x[1], s1.x[1]);
      };
      int key = 0;
      for (; key + 4 <= count; key += 4) {
        FourFloats w0 = *reinterpret_cast<const FourFloats*>(weight0 + key), w1 = *reinterpret_cast<const FourFloats*>(weight1 + key);
PRM_UNROLL
        for (int k = 0; k < 4; ++k) add(w0.x[k], w1.x[k], key + k);
      }
      for (; key < count; ++key) add(weight0[key], weight1[key], key);
      *sum0 = s0, *sum1 = s1;
    }
  }
};

template <CacheType type>
__global__ void __launch_bounds__(kThreads, 3) attention_split_kernel(AttentionLaunch a, Shape shape, int64_t first_token) {
  int64_t at = blockIdx.z, t = first_token + at;
  SeenRows seen(a, t);
  if (seen.last < 0 || !is_taken(a, shape, t)) return;
  int from = (seen.first / kAttentionSplit + int(blockIdx.x)) * kAttentionSplit, begin = std::max(from, seen.first);
  int n = std::min(from + kAttentionSplit, seen.last + 1) - begin;
  if (n <= 0) return;
  int D = int(a.D), group = int(a.H / a.G), kv_head = int(blockIdx.y) / shape.parts, first = int(blockIdx.y) % shape.parts * shape.heads;
  Split split{a, shape, Shared(shape, D), D, begin, n, int64_t(kv_head) * group + first, std::min(shape.heads, group - first), row_size<type>(int64_t(kv_head) * D)};
  const Shared& shared = split.shared;
  for (int i = int(threadIdx.x); i < split.heads * D; i += kThreads) shared.q[i] = a.q[(t * a.H + split.head) * D + i], shared.sum[i] = 0;
  for (int i = int(threadIdx.x); i < n; i += kThreads) shared.row[i] = seen.row(begin + i);
  __syncthreads();

  // Pieces of keys, then of values.
  int pieces = (n + shape.keys - 1) / shape.keys;
  auto count_of = [&](int p) { return std::min(n - p % pieces * shape.keys, shape.keys); };
  auto room_of = [&](int p) { return shared.pieces + p % 2 * shape.keys * shape.stride; };
  auto fetch = [&](int p) { split.fetch<type>(p < pieces ? a.k : a.v, p % pieces * shape.keys, count_of(p), room_of(p)); };
  int64_t result = (at * a.H + split.head) * shape.splits + blockIdx.x;
  fetch(0);
  for (int p = 0; p < 2 * pieces; ++p) {
    if (p + 1 < 2 * pieces) fetch(p + 1), await_copies<1>();
    else await_copies<0>();
    __syncthreads();
    if (p == pieces) {
      split.weigh_keys(shape.stats + result * 2);
      __syncthreads();
    }
    if (p < pieces) split.score_keys<type>(room_of(p), p * shape.keys, count_of(p));
    else split.add_values<type>(room_of(p), (p - pieces) * shape.keys, count_of(p));
    __syncthreads();
  }
  for (int i = int(threadIdx.x); i < split.heads * D; i += kThreads) shape.sums[(result + i / D * shape.splits) * D + i % D] = shared.sum[i];
}

// A block a (token, query head): merges its splits. How much each keeps and joins is known before the sums are read.
__global__ void __launch_bounds__(kThreads) attention_merge_kernel(AttentionLaunch a, Shape shape, int64_t first_token) {
  int64_t head = blockIdx.x, at = blockIdx.y, t = first_token + at;
  SeenRows seen(a, t);
  int D = int(a.D), me = int(threadIdx.x);
  float* y = a.y + (t * a.H + head) * D;
  if (seen.last < 0) {
    for (int d = me; d < D; d += kThreads) y[d] = 0;
    return;
  }
  if (!is_taken(a, shape, t)) return;
  auto* top = reinterpret_cast<float*>(shared_memory());
  float *total = top + kMergeAtOnce, *keep = total + kMergeAtOnce, *join = keep + kMergeAtOnce;
  int count = seen.last / kAttentionSplit - seen.first / kAttentionSplit + 1;
  const float* sums = shape.sums + (at * a.H + head) * shape.splits * D;
  const float* stats = shape.stats + (at * a.H + head) * shape.splits * 2;
  constexpr int kEach = kMostTiledHead / kThreads;
  float sum[kEach] = {};
  Merged all;
  for (int base = 0; base < count; base += kMergeAtOnce) {
    int n = count - base < kMergeAtOnce ? count - base : kMergeAtOnce;
    if (me < n) top[me] = stats[2 * (base + me)], total[me] = stats[2 * (base + me) + 1];
    __syncthreads();
    if (me < n) {
      Merged before{all.top, 0};
      for (int i = 0; i < me; ++i) before.top = before.top < top[i] ? top[i] : before.top;
      before.join_split(base + me == 0, top[me], total[me], keep[me], join[me]);
    }
    __syncthreads();
    for (int i = 0; i < n; ++i) {
      all.top = all.top < top[i] ? top[i] : all.top;
      all.total = all.total * keep[i] + total[i] * join[i];
PRM_UNROLL
      for (int k = 0; k < kEach; ++k) {
        int d = me + k * kThreads;
        if (d < D) sum[k] = sum[k] * keep[i] + sums[int64_t(base + i) * D + d] * join[i];
      }
    }
    __syncthreads();  // before the next ones' maxima
  }
  float sink_keep = 0, sink_join = 0;
  if (a.sinks) all.join_split(false, a.sinks[head], 1.0f, sink_keep, sink_join);
  for (int k = 0; k < kEach; ++k) {
    int d = me + k * kThreads;
    if (d < D) y[d] = (a.sinks ? with_sink(sum[k], sink_keep, sink_join) : sum[k]) / all.total;
  }
}

template <CacheType type>
void launch_typed(Stream stream, const AttentionLaunch& a, bool only_few) {
  int64_t at_once = std::min(a.T, attention_tokens_at_once(a));
  Shape shape = shape_of<type>(a, at_once, only_few);
  size_t shared = Shared::bytes(shape, a.D);
  allow_shared_memory(attention_split_kernel<type>, shared);
  for (int64_t t = 0; t < a.T; t += at_once) {
    auto tokens = unsigned(std::min(at_once, a.T - t));
    PRM_LAUNCH(attention_split_kernel<type>, dim3(unsigned(shape.splits), unsigned(a.G * shape.parts), tokens), kThreads, shared, stream, a, shape, t);
    PRM_LAUNCH(attention_merge_kernel, dim3(unsigned(a.H), tokens), kThreads, 4 * kMergeAtOnce * sizeof(float), stream, a, shape, t);
  }
}

}  // namespace

int64_t attention_scratch_bytes(const AttentionLaunch& bounds) {
  int64_t each = bytes_each(bounds);
  return each * std::clamp<int64_t>(kScratchBytes / std::max<int64_t>(each, 1), 1, std::max<int64_t>(bounds.T, 1));
}

int64_t attention_tokens_at_once(const AttentionLaunch& a) { return a.scratch ? a.scratch_bytes / std::max<int64_t>(bytes_each(a), 1) : 0; }

void launch_attention_decode(Stream stream, const AttentionLaunch& a, bool only_few) {
  switch (a.type) {
    case CacheType::f32: return launch_typed<CacheType::f32>(stream, a, only_few);
    case CacheType::f16: return launch_typed<CacheType::f16>(stream, a, only_few);
    case CacheType::bf16: return launch_typed<CacheType::bf16>(stream, a, only_few);
    case CacheType::q8_0: return launch_typed<CacheType::q8_0>(stream, a, only_few);
  }
}

}  // namespace prm
