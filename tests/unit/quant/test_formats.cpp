// Formats as floats, byte for byte those of the gguf package, and the bytes of the canonical sum: one committed hash per format
// (src/README.md, "Numbers").
#include <algorithm>
#include <cmath>
#include <cstring>

#include "cpu/w16_pack.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "quant/activation.h"
#include "quant/blocks.h"
#include "quant/format.h"
#include "support/blocks.h"
#include "support/catch.h"
#include "support/hash.h"
#include "support/isas.h"
#include "support/npy.h"
#include "support/run_graph.h"

using namespace prm;
using namespace prm::test;

TEST_CASE("a block's product with quantized activations is the product of the floats that both stand for") {
  Random random(11);
  for (const QuantFormat* format : quant_formats()) {
    int n = info(format->type).block;
    for (int round = 0; round < 50; ++round) {
      std::vector<std::byte> block = random_weights(format->type, 1, n, 1.0f, random);
      std::vector<float> x, w(size_t(n), 0);
      for (int i = 0; i < n; ++i) x.push_back(random.uniform() * 5);
      std::vector<std::byte> a(size_t(info(format->activation).bytes));
      (format->activation == DType::a8 ? quantize_a8 : quantize_a8k)(x.data(), a.data(), n);
      float d = 0, dmin = 0, da;
      std::memcpy(&da, a.data(), 4);
      const int8_t* q = format->activation == DType::a8 ? reinterpret_cast<const BlockA8*>(a.data())->q : reinterpret_cast<const BlockA8K*>(a.data())->q;
      format->dequantize(block.data(), w.data());
      format->scales(block.data(), d, dmin);
      BlockProduct product = format->multiply(block.data(), a.data());
      double direct = 0, magnitude = 0;
      for (int i = 0; i < n; ++i) direct += double(w[size_t(i)]) * q[i] * double(da), magnitude += std::fabs(double(w[size_t(i)]) * q[i] * double(da));
      double exact = double(da) * (double(d) * product.sum - double(dmin) * product.min_sum);
      INFO(info(format->type).name);
      CHECK(std::fabs(direct - exact) <= 1e-6 * magnitude + 1e-9);
    }
  }
}

TEST_CASE("a cache block of Q8_0 is within half a step of its values, and one that no half can scale is NaN") {
  Random random(17);
  std::vector<float> x(32), y(32);
  BlockQ8_0 block;
  auto round_trip = [&] {
    quantize_q8_0(x.data(), &block, 32);
    find_format(DType::q8_0)->dequantize(&block, y.data());
  };
  for (float amplitude : {1e-4f, 0.03f, 1.0f, 700.0f, 8e6f})
    for (int round = 0; round < 40; ++round) {
      double top = 0, worst = 0;
      for (float& value : x) value = amplitude * random.uniform(), top = std::max(top, std::fabs(double(value)));
      round_trip();
      for (size_t i = 0; i < 32; ++i) worst = std::max(worst, std::fabs(double(x[i]) - double(y[i])));
      // Half a step; the largest value also misses what the scale lost as a half.
      double step = top / 127, scale_error = std::max(0x1p-11 * top, 127 * 0x1p-25);
      CHECK(worst <= 0.5005 * step + scale_error);
    }
  x.assign(32, 0.0f);
  round_trip();
  CHECK((block.d == 0 && y == x));
  x[0] = 127.0f, x[1] = 0.5f, x[2] = 1.5f, x[3] = -2.5f;  // a scale of 1: ties to even
  round_trip();
  CHECK((y[0] == 127.0f && y[1] == 0.0f && y[2] == 2.0f && y[3] == -2.0f));
  x.assign(32, 1e-6f);  // below half of the least half
  round_trip();
  CHECK((block.d == 0 && y[5] == 0.0f));
  for (float bad : {NAN, INFINITY, -INFINITY, 8.4e6f, 3e38f}) {
    x.assign(32, 1.0f);
    x[31] = bad;
    round_trip();
    INFO(bad);
    CHECK(block.d == 0x7e00);
    for (float value : y) CHECK(std::isnan(value));
  }
}

// data/blocks-TYPE.bin (tests/golden/block_floats.py): blocks of random bytes, then for each FNV-1a of its floats.
TEST_CASE("blocks read as the floats of the gguf package, byte for byte") {
  for (const QuantFormat* format : quant_formats()) {
    size_t bytes = size_t(info(format->type).bytes), block = size_t(info(format->type).block);
    std::string data = read_file(std::string(PREMISE_TEST_DATA "/blocks-") + info(format->type).name + ".bin");
    size_t count = data.size() / (bytes + 8);
    REQUIRE((count >= 128 && data.size() == count * (bytes + 8)));
    std::vector<float> floats(block);
    for (size_t b = 0; b < count; ++b) {
      alignas(8) std::byte plain[256];
      uint64_t expected;
      std::memcpy(plain, data.data() + b * bytes, bytes);
      std::memcpy(&expected, data.data() + count * bytes + b * 8, 8);
      format->dequantize(plain, floats.data());
      INFO(info(format->type).name << " block " << b);
      CHECK(fnv64(floats.data(), block * sizeof(float)) == expected);
    }
  }
}

TEST_CASE("activation blocks round to nearest even, carry exact sums, and make zeros of zeros") {
  std::vector<float> x(256, 0.0f);
  BlockA8K k;
  quantize_a8k(x.data(), &k, 256);
  CHECK(k.d == 0.0f);
  for (int8_t q : k.q) CHECK(q == 0);
  x[0] = 127.0f, x[1] = 0.5f, x[2] = 1.5f, x[3] = -2.5f, x[255] = -127.0f;
  quantize_a8k(x.data(), &k, 256);
  CHECK(k.d == 1.0f);
  CHECK(int(k.q[1]) == 0);
  CHECK(int(k.q[2]) == 2);
  CHECK(int(k.q[3]) == -2);
  CHECK(k.sum[0] == 127 + 0 + 2 - 2);
  CHECK(k.sum[15] == -127);
  BlockA8 b[8];
  quantize_a8(x.data(), b, 256);
  CHECK(b[0].sum == 127 + 0 + 2 - 2);
  CHECK(b[7].d == 1.0f);
}

TEST_CASE("activations so small that their scale has no inverse are zeros, on every ISA") {
  Random random(4);
  for (float size : {1e-35f, 3.8e-37f, 0x1p-121f, 0x1.fffffep-122f, 3e-37f, 1e-38f, 1e-40f, 1e-45f}) {
    std::vector<float> x(256);
    for (float& value : x) value = size * random.uniform();
    x[7] = size, x[9] = -size, x[11] = 0;
    BlockA8K k;
    BlockA8 b[8];
    quantize_a8k(x.data(), &k, 256);
    quantize_a8(x.data(), b, 256);
    CHECK((k.d > 0) == (size >= 0x1p-121f));
    CHECK(int(k.q[7]) == (k.d > 0 ? 127 : 0));
    for (const std::string& name : test_isas()) {
      BlockA8K other_k;
      BlockA8 other_b[8];
      isa_named(name).quantize_a8k(x.data(), &other_k, 256);
      isa_named(name).quantize_a8(x.data(), other_b, 256);
      INFO(name << " " << size);
      CHECK(!std::memcmp(&k, &other_k, sizeof k));
      CHECK(!std::memcmp(b, other_b, sizeof b));
    }
  }
}

namespace {
struct FormatHash {
  DType type;
  uint64_t hash;
};
constexpr FormatHash kHashes[] = {
#include "format_hashes.inc"
};
}  // namespace

TEST_CASE("the canonical sum of each format has its committed bytes on every ISA") {
  for (const FormatHash& expected : kHashes) {
    constexpr int64_t T = 3, N = 33, K = 2304;
    Random random(77);
    std::vector<std::byte> weights = random_weights(expected.type, N, K, 1.0f, random);
    std::vector<float> x;
    for (int64_t i = 0; i < T * K; ++i) x.push_back(random.uniform());
    Graph g;
    g.outputs = {matmul(g, g.input("x", DType::f32, {g.symbol("T"), K}), g.constant("w", Tensor(expected.type, {N, K}, weights.data()), nullptr), "y")};
    g = quantize_activations(g);
    for (const std::string& isa : test_isas()) {
      std::vector<std::byte> y = run_graph(g, *open_cpu(isa), {{{"T", T}}, {{"x", bytes_of(x)}}, {}});
      char text[32];
      std::snprintf(text, sizeof text, "0x%016llx", (unsigned long long)fnv64(y.data(), y.size()));
      INFO(isa << " " << info(expected.type).name << " gives " << text);
      CHECK(fnv64(y.data(), y.size()) == expected.hash);
    }
  }
}

// Read back value by value, so a lane that put() writes eight values at a time is checked against another way of counting.
TEST_CASE("packed rows read back as the floats of the plain rows, and what is past the last row is zero") {
  for (const FormatHash& format : kHashes) {
    for (auto [N, blocks] : {std::pair<int64_t, int64_t>{16, 1}, {1, 3}, {37, 9}, {16, 40}}) {
      int64_t K = blocks * info(format.type).block;
      Random random(uint64_t(N * 100 + blocks));
      std::vector<std::byte> plain = random_weights(format.type, N, K, 1.0f, random);
      Tensor w(format.type, {N, K}, plain.data());
      size_t group_bytes = w16_group_bytes(format.type, K);
      std::vector<std::byte> packed(w16_bytes(format.type, N, K), std::byte(0xa5));
      for (int64_t g = 0; g < (N + 15) / 16; ++g) w16_pack_group(w, g, packed.data() + size_t(g) * group_bytes);
      std::vector<float> want(size_t(K), 0), got(size_t(K), 0);
      INFO(info(format.type).name << " N " << N << " K " << K);
      for (int64_t n = 0; n < (N + 15) / 16 * 16; ++n) {
        w16_row_to_float(format.type, packed.data(), K, n, got.data());
        if (n < N) row_to_float(format.type, w.row<std::byte>(n), want.data(), K);
        else for (float& v : want) v = 0;
        int64_t wrong = 0;
        for (int64_t k = 0; k < K; ++k) wrong += !(got[size_t(k)] == want[size_t(k)]);
        CHECK(wrong == 0);
      }
    }
  }
}

TEST_CASE("weights that are NaN or infinity are seen in every type, wherever they are, and nothing else is") {
  Random random(5);
  for (const DTypeInfo& type : kDTypes) {
    if (type.gguf < 0 || DType(&type - kDTypes) == DType::i32) continue;
    DType id = DType(&type - kDTypes);
    size_t blocks = 7, bytes = blocks * size_t(type.bytes);
    std::vector<std::byte> good(bytes);
    if (id != DType::f64) good = random_weights(id, 1, int64_t(blocks) * type.block, 1.0f, random);
    CHECK(weights_are_finite(id, good.data(), bytes));
    std::vector<float> values(blocks * size_t(type.block));
    int differ = 0, seen = 0;
    for (size_t at = 0; at + 1 < bytes && id != DType::f64; ++at)
      for (unsigned high : {0x7cu, 0x7fu, 0xffu}) {  // upper bytes of halves and floats that are not finite, and others
        std::vector<std::byte> changed = good;
        changed[at] = std::byte(0x80), changed[at + 1] = std::byte(high);
        row_to_float(id, changed.data(), values.data(), int64_t(values.size()));
        bool finite = std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
        differ += finite != weights_are_finite(id, changed.data(), bytes);
        seen += !finite;
      }
    INFO(type.name);
    CHECK(differ == 0);
    CHECK((seen > 0) == (id != DType::f64));
  }
  double infinite[3] = {1, -2, double(INFINITY)};
  CHECK_FALSE(weights_are_finite(DType::f64, infinite, sizeof infinite));
}
