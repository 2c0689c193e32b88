#include "runtime/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "base/numeric.h"

namespace prm {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int64_t kTopBlock = 64, kSumBlock = 1024;
constexpr int kBuckets = 2048;  // 11 bits of a key

// A float's bits in the order of the numbers, both zeros equal: integers, so that compilers take several at once.
int32_t ordered_bits(float x) {
  int32_t bits = std::bit_cast<int32_t>(x + 0.0f);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}
uint32_t key_of(float x) { return uint32_t(ordered_bits(x)) ^ 0x80000000u; }

size_t aligned_size(size_t bytes) { return round_up(bytes, kAlignment); }

double block_sum(const float* weights, int64_t n) {
  float lane[16] = {};
  int64_t whole = n / 16 * 16;
  for (int64_t i = 0; i < whole; i += 16)
    for (int j = 0; j < 16; ++j) lane[j] += weights[i + j];
  for (int64_t i = whole; i < n; ++i) lane[i - whole] += weights[i];
  return double(merge_lanes(lane));
}

// No NaN. By lanes, so that compilers take several at once.
float block_largest(const float* values, int64_t n) {
  float lane[16];
  std::fill(std::begin(lane), std::end(lane), -kInfinity);
  int64_t whole = n / 16 * 16;
  for (int64_t i = 0; i < whole; i += 16)
    for (int j = 0; j < 16; ++j) lane[j] = lane[j] < values[i + j] ? values[i + j] : lane[j];
  for (int64_t i = whole; i < n; ++i) lane[i - whole] = lane[i - whole] < values[i] ? values[i] : lane[i - whole];
  return *std::max_element(std::begin(lane), std::end(lane));
}

double sum_of(std::span<const float> weights) {
  double sum = 0;
  int64_t n = int64_t(weights.size());
  for (int64_t begin = 0; begin < n; begin += kSumBlock) sum += block_sum(weights.data() + begin, std::min(kSumBlock, n - begin));
  return sum;
}

std::span<float> weights_of(const Candidates& c) { return c.memory.weights.first(size_t(c.count)); }

// Drops the candidates that `keep(place)` does not want, in place; the others stay in their order.
template <class Keep>
void keep_if(Candidates& c, Keep keep) {
  float *logits = c.memory.logits.data(), *weights = c.memory.weights.data();
  int32_t* ids = c.memory.ids.data();
  int64_t kept = 0;
  for (int64_t i = 0; i < c.count; ++i) {
    bool wanted = keep(i);
    logits[kept] = logits[i], weights[kept] = weights[i], ids[kept] = ids[i];
    kept += wanted;
  }
  c.count = kept;
}

// `values` are the logits or the weights.
void keep_at_least(Candidates& c, const float* values, float least) {
  float *logits = c.memory.logits.data(), *weights = c.memory.weights.data();
  int32_t* ids = c.memory.ids.data();
  int64_t kept = 0;
  for (int64_t begin = 0; begin < c.count; begin += kTopBlock) {
    int64_t end = std::min(c.count, begin + kTopBlock);
    if (block_largest(values + begin, end - begin) < least) continue;
    for (int64_t i = begin; i < end; ++i) {
      bool wanted = values[i] >= least;
      logits[kept] = logits[i], weights[kept] = weights[i], ids[kept] = ids[i];
      kept += wanted;
    }
  }
  c.count = kept;
}

// Keeps the candidates with the largest keys until `enough(count, mass)` of those kept; of equal keys the lowest ids. The key
// of the last one is found 11 bits at a time: no order of all, however flat the distribution is.
template <class Key, class Enough>
void keep_best(Candidates& c, Key key, Enough enough) {
  const float* weights = c.memory.weights.data();
  uint32_t prefix = 0, known = 0;  // bits of the key that are found
  int64_t count = 0;               // of larger keys
  double mass = 0;
  for (int shift : {21, 10, 0}) {
    uint32_t bits = shift ? kBuckets - 1 : 1023;
    std::fill(c.memory.counts.begin(), c.memory.counts.end(), 0u);
    std::fill(c.memory.masses.begin(), c.memory.masses.end(), 0.0);
    for (int64_t i = 0; i < c.count; ++i) {
      uint32_t k = key(i);
      if ((k & known) != prefix) continue;
      ++c.memory.counts[(k >> shift) & bits];
      c.memory.masses[(k >> shift) & bits] += double(weights[i]);
    }
    int64_t bucket = -1;
    bool found = false;
    for (int64_t b = bits; b >= 0 && !found; --b) {
      if (!c.memory.counts[size_t(b)]) continue;
      if (bucket >= 0) count += c.memory.counts[size_t(bucket)], mass += c.memory.masses[size_t(bucket)];
      bucket = b;
      found = enough(count + c.memory.counts[size_t(b)], mass + c.memory.masses[size_t(b)]);
    }
    // Not all together; or by rounding, the parts of a bucket that was enough: then it is the last part.
    if (!found && !known) return;
    prefix |= uint32_t(bucket) << shift;
    known |= bits << shift;
  }
  keep_if(c, [&](int64_t i) {
    uint32_t k = key(i);
    if (k != prefix) return k > prefix;
    if (enough(count, mass)) return false;
    ++count, mass += double(weights[i]);
    return true;
  });
}

void keep_mass(Candidates& c, double target, auto key) {
  keep_best(c, key, [target](int64_t, double mass) { return mass >= target; });
  c.mass = sum_of(weights_of(c));
}

// Places are ids while nothing is dropped.
void fill_ids(Candidates& c) {
  if (c.count == int64_t(c.memory.ids.size())) std::iota(c.memory.ids.begin(), c.memory.ids.end(), 0);
}

int32_t id_of(const Candidates& c, int64_t place) { return c.count == int64_t(c.memory.ids.size()) ? int32_t(place) : c.memory.ids[size_t(place)]; }

float largest_value(std::span<const float> logits) { return logits[size_t(largest(logits))]; }

}  // namespace

size_t sampler_bytes(int64_t vocabulary) {
  size_t v = size_t(vocabulary);
  return 3 * aligned_size(v * 4) + aligned_size(size_t(ceil_div(vocabulary, kTopBlock)) * 4) + aligned_size(kBuckets * sizeof(double)) + aligned_size(kBuckets * 4);
}

SamplerMemory::SamplerMemory(const Buffer& buffer, int64_t vocabulary) {
  std::byte* at = buffer.data();
  std::memset(at, 0, buffer.size());
  auto take = [&]<class T>(std::span<T>& to, size_t n) {
    to = {reinterpret_cast<T*>(at), n};
    at += aligned_size(n * sizeof(T));
  };
  take(logits, size_t(vocabulary));
  take(weights, size_t(vocabulary));
  take(ids, size_t(vocabulary));
  take(tops, size_t(ceil_div(vocabulary, kTopBlock)));
  take(masses, kBuckets);
  take(counts, kBuckets);
}

// A block is searched for its index only when it holds a new largest.
int32_t largest(std::span<const float> logits) {
  int64_t n = int64_t(logits.size()), best_block = 0;
  float best = -kInfinity;
  for (int64_t begin = 0; begin < n; begin += kSumBlock) {
    float top = block_largest(logits.data() + begin, std::min(kSumBlock, n - begin));
    if (top > best) best = top, best_block = begin;
  }
  int64_t i = best_block;
  while (logits[size_t(i)] != best) ++i;
  return int32_t(i);
}

void add_biases(std::span<float> logits, std::span<const TokenBias> biases) {
  for (const TokenBias& b : biases) logits[size_t(b.token)] += b.bias;
}

void add_penalties(std::span<float> logits, const SamplerOptions& o, std::span<const int32_t> sequence, std::span<float> counts) {
  size_t most = o.penalty_tokens < 0 ? sequence.size() : size_t(o.penalty_tokens ? o.penalty_tokens : kPenaltyTokens);
  std::span<const int32_t> window = sequence.last(std::min(most, sequence.size()));
  for (int32_t id : window) counts[size_t(id)] = 0;
  for (int32_t id : window) counts[size_t(id)] += 1;
  float repetition = o.repetition_penalty == 0 ? 1 : o.repetition_penalty;
  for (int32_t id : window) {
    float count = std::exchange(counts[size_t(id)], 0.0f);
    if (count == 0) continue;  // done at its first place
    float& x = logits[size_t(id)];
    x = x > 0 ? x / repetition : x * repetition;
    x -= o.presence_penalty + count * o.frequency_penalty;
  }
}

void forbid(std::span<float> logits, std::span<const int32_t> tokens) {
  for (int32_t id : tokens) logits[size_t(id)] = -kInfinity;
}

Candidates all_candidates(SamplerMemory& memory, float temperature) {
  int bad = 0;
  for (float x : memory.logits) bad |= int(!(x < kInfinity));  // NaN is not
  if (bad) fail_about(Status::numeric, "logits", "the logits hold NaN or infinity after on_logits, biases and penalties");
  Candidates c{memory, int64_t(memory.logits.size())};
  c.top = largest_value(memory.logits);
  if (c.top == -kInfinity) fail_about(Status::invalid_argument, "logits", "on_logits, biases and min_tokens forbid every token: leave at least one");
  c.inverse = temperature > 0 ? std::min(1.0f / temperature, std::numeric_limits<float>::max()) : 1.0f;
  return c;
}

void keep_top_k(Candidates& c, int64_t k) {
  if (k >= c.count) return;
  fill_ids(c);
  std::span<float> logits = c.memory.logits.first(size_t(c.count));
  int64_t blocks = ceil_div(c.count, kTopBlock);
  if (k < blocks) {  // k blocks have a top above the k-th best top: so have k tokens
    std::span<float> tops = c.memory.tops.first(size_t(blocks));
    for (int64_t b = 0; b < blocks; ++b) tops[size_t(b)] = block_largest(logits.data() + b * kTopBlock, std::min(kTopBlock, c.count - b * kTopBlock));
    std::nth_element(tops.begin(), tops.begin() + (k - 1), tops.end(), [](float a, float b) { return a > b; });
    keep_at_least(c, logits.data(), tops[size_t(k - 1)]);
  }
  keep_best(c, [&](int64_t i) { return key_of(logits[size_t(i)]); }, [k](int64_t count, double) { return count >= k; });
}

void weigh(Candidates& c) {
  const float* logits = c.memory.logits.data();
  float *weights = c.memory.weights.data(), top = c.top, inverse = c.inverse;
  for (int64_t i = 0; i < c.count; ++i) weights[i] = exp_below_zero((logits[i] - top) * inverse);
  c.mass = sum_of(weights_of(c));
}

// Locally typical sampling (Meister et al., 2022). With d = (x - top) / T a token's surprise is log(mass) - d and the entropy is
// log(mass) - E[d]: their distance is |E[d] - d|.
void keep_typical(Candidates& c, float p) {
  fill_ids(c);
  const float* logits = c.memory.logits.data();
  const float* weights = c.memory.weights.data();
  auto distance = [&](int64_t i) { return (logits[i] - c.top) * c.inverse; };
  double sum = 0;
  for (int64_t i = 0; i < c.count; ++i)
    if (weights[i] > 0) sum += double(weights[i]) * double(distance(i));
  float mean = float(sum / c.mass);
  keep_mass(c, double(p) * c.mass, [&](int64_t i) {
    return weights[i] > 0 ? ~std::bit_cast<uint32_t>(std::fabs(mean - distance(i))) : 0u;
  });
}

void keep_top_p(Candidates& c, float p) {
  fill_ids(c);
  const float* logits = c.memory.logits.data();
  const float* weights = c.memory.weights.data();
  double target = double(p) * c.mass;
  // What all tokens of less weight have together is not missed: half of what may be left out.
  float least = float((1.0 - double(p)) * c.mass / double(c.count) * 0.5);
  keep_at_least(c, weights, least);
  keep_mass(c, target, [&](int64_t i) { return key_of(logits[i]); });
}

void keep_min_p(Candidates& c, float p) {
  fill_ids(c);
  const float* weights = c.memory.weights.data();
  float least = p * largest_value(weights_of(c));
  keep_at_least(c, weights, least);
  c.mass = sum_of(weights_of(c));
}

int32_t draw(const Candidates& c, double u) {
  const float* weights = c.memory.weights.data();
  double target = u * c.mass, sum = 0;
  for (int64_t begin = 0; begin < c.count; begin += kSumBlock) {
    int64_t end = std::min(c.count, begin + kSumBlock);
    double with = sum + block_sum(weights + begin, end - begin);
    if (with <= target) {
      sum = with;
      continue;
    }
    for (int64_t i = begin; i < end; ++i) {
      sum += double(weights[i]);
      if (weights[i] > 0 && sum > target) return id_of(c, i);
    }
  }
  int64_t last = c.count - 1;  // rounding left the target above all sums
  while (last > 0 && weights[last] <= 0) --last;
  return id_of(c, last);
}

int32_t sample(SamplerMemory& memory, const SamplerOptions& o, std::span<const int32_t> sequence,
               std::span<const std::span<const int32_t>> forbidden) {
  add_biases(memory.logits, o.biases);
  if (o.penalizes()) add_penalties(memory.logits, o, sequence, memory.weights);
  for (std::span<const int32_t> tokens : forbidden) forbid(memory.logits, tokens);
  Candidates c = all_candidates(memory, o.temperature);
  if (o.temperature == 0) return largest(memory.logits);
  if (o.top_k > 0) keep_top_k(c, o.top_k);
  weigh(c);
  if (o.typical_p > 0 && o.typical_p < 1) keep_typical(c, o.typical_p);
  if (o.top_p > 0 && o.top_p < 1) keep_top_p(c, o.top_p);
  if (o.min_p > 0) keep_min_p(c, o.min_p);
  return draw(c, uniform_at(o.seed, sequence.size()));
}

Random128 philox(uint64_t counter_low, uint64_t counter_high, uint64_t key) {
  Random128 c{{uint32_t(counter_low), uint32_t(counter_low >> 32), uint32_t(counter_high), uint32_t(counter_high >> 32)}};
  uint32_t k0 = uint32_t(key), k1 = uint32_t(key >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t(0xD2511F53u) * c.word[0], b = uint64_t(0xCD9E8D57u) * c.word[2];
    c = {{uint32_t(b >> 32) ^ c.word[1] ^ k0, uint32_t(b), uint32_t(a >> 32) ^ c.word[3] ^ k1, uint32_t(a)}};
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
  return c;
}

double uniform_at(uint64_t seed, uint64_t position) {
  Random128 r = philox(position, 0, seed);
  return double((uint64_t(r.word[0]) << 32 | r.word[1]) >> 11) * 0x1p-53;
}

int64_t read_logprobs(SamplerMemory& memory, std::span<const float> logits, int32_t chosen, int64_t best, TokenLogprob* out) {
  std::copy(logits.begin(), logits.end(), memory.logits.begin());
  Candidates c = all_candidates(memory, 1);
  weigh(c);
  double log_mass = log_of(c.mass);
  auto logprob = [&](float x) { return float(double(x) - double(c.top) - log_mass); };
  out[0] = {chosen, logprob(logits[size_t(chosen)])};
  if (!best) return 1;
  keep_top_k(c, best);
  for (int64_t i = 0; i < c.count; ++i) out[i + 1] = {id_of(c, i), logprob(memory.logits[size_t(i)])};
  std::sort(out + 1, out + 1 + c.count, [&](const TokenLogprob& a, const TokenLogprob& b) {
    float x = logits[size_t(a.id)], y = logits[size_t(b.id)];
    return x > y || (x == y && a.id < b.id);
  });
  return 1 + c.count;
}

}  // namespace prm
