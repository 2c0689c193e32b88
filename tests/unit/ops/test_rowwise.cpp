#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "cases/rowwise.h"
#include "cpu/cpu_kernels.h"
#include "ops/ops.h"
#include "quant/blocks.h"
#include "support/cache_rows.h"
#include "support/check_kernels.h"

using namespace prm;
using namespace prm::test;

TEST_CASE("rms_norm normalizes rows and heads within its bound") {
  Random random(1);
  for (const cases::RowCase& c : cases::kRows) {
    if (c.tag == cases::Tag::bench) continue;
    Graph g;
    std::vector<float> gain = uniform(c.D, random);
    ValueId x = g.input("x", DType::f32, {g.symbol("T"), c.C});
    g.outputs = {rms_norm(g, x, g.constant("gain", Tensor(DType::f32, {c.D}, gain.data()), nullptr), 1e-6f, "y")};
    for (float amplitude : {1e-3f, 1.0f, 1e4f}) {
      INFO("T " << c.T << " C " << c.C << " D " << c.D << " amplitude " << amplitude);
      check_kernels(g, {{{"T", c.T}}, {{"x", bytes_of(uniform(c.T * c.C, random, amplitude))}}, {}},
                    [&](size_t, double size) { return cases::norm_bound(c.D, size); });
    }
  }
}

TEST_CASE("gated activations agree with the exact functions over their whole range") {
  Random random(2);
  for (Gate gate : {Gate::silu, Gate::gelu})
    for (float amplitude : {0.01f, 1.0f, 20.0f, 200.0f}) {
      Graph g;
      Dim T = g.symbol("T");
      g.outputs = {glu(g, g.input("gate", DType::f32, {T, 37}), g.input("up", DType::f32, {T, 37}), gate, "y")};
      INFO("gate " << int(gate) << " amplitude " << amplitude);
      // Below exp's range the result is flushed where the true value is under 1e-35 of the input.
      check_kernels(g, {{{"T", 11}}, {{"gate", bytes_of(uniform(11 * 37, random, amplitude))}, {"up", bytes_of(uniform(11 * 37, random))}}, {}},
                    [&](size_t, double size) { return cases::kGateBound * size + 1e-7 * double(amplitude) * 1e-3 + 1e-33; });
    }
}

TEST_CASE("add takes equal shapes and bias rows, scale multiplies") {
  Random random(3);
  for (const cases::RowCase& c : cases::kRows) {
    if (c.tag == cases::Tag::bench) continue;
    Graph g;
    std::vector<float> bias = uniform(c.C, random);
    ValueId a = g.input("a", DType::f32, {g.symbol("T"), c.C}), b = g.input("b", DType::f32, {g.symbol("T"), c.C});
    ValueId biased = add(g, a, g.constant("bias", Tensor(DType::f32, {c.C}, bias.data()), nullptr), "biased");
    g.outputs = {scale(g, add(g, biased, b, "sum"), 25.298221f, "y")};
    check_kernels(g, {{{"T", c.T}}, {{"a", bytes_of(uniform(c.T * c.C, random))}, {"b", bytes_of(uniform(c.T * c.C, random))}}, {}},
                  [](size_t, double) { return 1.2e-5; });
  }
}

TEST_CASE("a soft cap agrees with the exact function, and does not hide what is not finite") {
  Random random(15);
  for (float cap : {0.5f, 30.0f})
    for (float amplitude : {0.01f, 5.0f, 60.0f, 1e6f})
      for (int64_t columns : {1, 37, 4097}) {
        Graph g;
        g.outputs = {soft_cap(g, g.input("x", DType::f32, {g.symbol("T"), columns}), cap, "y")};
        INFO("cap " << cap << " amplitude " << amplitude << " columns " << columns);
        check_kernels(g, {{{"T", 3}}, {{"x", bytes_of(uniform(3 * columns, random, amplitude))}}, {}}, [](size_t, double size) { return 5e-7 * size + 1e-37; });
      }
  Graph g;
  g.outputs = {soft_cap(g, g.input("x", DType::f32, {g.symbol("T"), 3}), 30, "y")};
  for (const std::string& isa : test_isas()) {
    std::vector<float> y = floats(run_graph(g, *open_cpu(isa), {{{"T", 1}}, {{"x", bytes_of(std::vector<float>{INFINITY, NAN, 0})}}, {}}));
    CHECK((std::isnan(y[0]) && std::isnan(y[1]) && y[2] == 0));
  }
}

TEST_CASE("rotation follows its table, and the table is exact to float up to far positions") {
  Random random(4);
  for (int64_t D : {2, 6, 16, 64, 256})
    for (double base : {10000.0, 1e6}) {
      Graph g;
      Dim T = g.symbol("T");
      ValueId table = rope_table(g, g.input("positions", DType::i32, {T}), {int32_t(D), 0, base, 0.25}, "table");
      Graph angles = g;
      angles.outputs = {table};
      std::vector<int32_t> positions = {0, 1, 2, 511, 4096, 32767, 1000000, -1, 17};
      GraphRun run{{{"T", 9}}, {{"positions", bytes_of(positions)}}, {}};
      INFO("D " << D << " base " << base);
      check_kernels(angles, run, [](size_t, double) { return cases::kAngleBound; });
      for (Pairing pairing : {Pairing::halves, Pairing::neighbours})
        for (int64_t head : {D, D + 6}) {  // all of a head, or its first values
          Graph rotated = g;
          rotated.outputs = {rope(rotated, rotated.input("x", DType::f32, {T, 3 * head}), table, {int32_t(head), pairing}, "y")};
          run.inputs["x"] = bytes_of(uniform(9 * 3 * head, random));
          check_kernels(rotated, run, [](size_t, double) { return cases::kRopeBound; });
        }
    }
}

TEST_CASE("angles are divided by factors, mixed along a ramp and scaled in magnitude") {
  Random random(14);
  std::vector<float> factors;
  for (int i = 0; i < 24; ++i) factors.push_back(1.5f + random.uniform());
  for (RopeTableAttr attr : {RopeTableAttr{48, 0, 10000.0, 0.25, 3, 11}, RopeTableAttr{48, 0, 10000.0, 0.25, 5, 5, 1.25}, RopeTableAttr{48, 0, 5e5, 1.0, -1, -1, 1.19}})
    for (bool divided : {false, true}) {
      Graph g;
      ValueId positions = g.input("positions", DType::i32, {g.symbol("T")});
      ValueId constant = g.constant("factors", Tensor(DType::f32, {24}, factors.data()), nullptr);
      g.outputs = {rope_table(g, positions, attr, "table", divided ? constant : -1)};
      INFO("ramp " << attr.ramp_low << " to " << attr.ramp_high << ", divided " << divided);
      check_kernels(g, {{{"T", 5}}, {{"positions", bytes_of(std::vector<int32_t>{0, 1, 77, 131071, -1})}}, {}},
                    [](size_t, double) { return 1.3 * cases::kAngleBound; });
    }
}

TEST_CASE("a rotation turns the pairs that its pairing names") {
  // A quarter turn: (1, 0) becomes (0, 1). The table is an input here: cosines 0, sines 1.
  for (auto [pairing, expected] : {std::pair{Pairing::halves, std::vector<float>{-3, -4, 1, 2, 5, 6}}, std::pair{Pairing::neighbours, std::vector<float>{-2, 1, -4, 3, 5, 6}}}) {
    Graph g;
    Dim T = g.symbol("T");
    g.outputs = {rope(g, g.input("x", DType::f32, {T, 6}), g.input("table", DType::f32, {T, 4}), {6, pairing}, "y")};
    GraphRun run{{{"T", 1}}, {{"x", bytes_of(std::vector<float>{1, 2, 3, 4, 5, 6})}, {"table", bytes_of(std::vector<float>{0, 0, 1, 1})}}, {}};
    BareDevice bare;
    CHECK(floats(run_graph(g, bare, run)) == expected);
    check_kernels(g, run, [](size_t, double) { return 0.0; });
  }
}

namespace {

// All that a cache may be asked to hold: half patterns and beside them, random bits, blocks of every size, and of what is not finite.
std::vector<float> values_to_store(Random& random) {
  std::vector<float> values = uniform(4448, random, 70000);
  for (size_t i = 0; i < 65536; ++i) values.push_back(half_to_float(uint16_t(i)) * (i & 1 ? 1.0003f : 0.99987f));
  for (int i = 0; i < 65536; ++i) values.push_back(std::bit_cast<float>(uint32_t(random.bits())));
  for (int exponent = -40; exponent < 40; ++exponent)
    for (float value : uniform(32, random, std::ldexp(1.0f, exponent))) values.push_back(value);
  for (int i = 0; i < 32; ++i) values.push_back(0.0f);
  return values;
}

}  // namespace

TEST_CASE("an ISA's functions give the bytes of the scalar ones, for several queries at once as for each alone") {
  Random random(6);
  for (const std::string& name : test_isas()) {
    const CpuIsa& isa = isa_named(name);
    for (DType dtype : kCacheTypes)
      for (int D : {10, 16, 48, 64, 80, 96, 256})
        for (int queries : {1, 2, 3, 4, 6, 7, 9})
          for (int n : {1, 4, 6, 17, 33}) {
            if (D % info(dtype).block) continue;
            constexpr int kStride = 40;
            RowType type = row_type(dtype);
            int pitch = D + 32;
            std::vector<std::byte> rows = cache_rows(dtype, uniform(n * int64_t(pitch), random));
            size_t stride = rows.size() / size_t(n);
            std::vector<float> q = uniform(queries * D, random), start = uniform(queries * D, random);
            std::vector<float> score(size_t(queries * kStride), 7.0f), got = score, sum = start, got_sum = start;
            for (int i = 0; i < queries; ++i) {
              kScalarIsa.score_rows[type](q.data() + i * D, rows.data(), stride, n, D, 0.3f, score.data() + i * kStride);
              kScalarIsa.add_rows[type](score.data() + i * kStride, rows.data(), stride, n, D, sum.data() + i * D);
            }
            INFO(name << " " << info(dtype).name << " D " << D << " queries " << queries << " n " << n);
            for (int i = 0; i < queries; ++i) {
              isa.score_rows[type](q.data() + i * D, rows.data(), stride, n, D, 0.3f, got.data() + i * kStride);
              isa.add_rows[type](score.data() + i * kStride, rows.data(), stride, n, D, got_sum.data() + i * D);
            }
            CHECK(bytes_of(got) == bytes_of(score));
            CHECK(bytes_of(got_sum) == bytes_of(sum));
            if (!isa.score_tile[type] || D % 16) continue;
            got.assign(got.size(), 7.0f), got_sum = start;
            isa.score_tile[type](q.data(), queries, rows.data(), stride, n, D, 0.3f, got.data(), kStride);
            CHECK(bytes_of(got) == bytes_of(score));
            isa.add_tile[type](score.data(), kStride, queries, rows.data(), stride, n, D, got_sum.data());
            CHECK(bytes_of(got_sum) == bytes_of(sum));
          }
  }
}

TEST_CASE("an ISA's caps give the bytes of the scalar ones, and make NaN of what is infinite") {
  Random random(8);
  std::vector<float> scores = uniform(5000, random, 200);
  for (int i = 0; i < 20011; ++i) scores.push_back(std::bit_cast<float>(uint32_t(random.bits())));
  for (float value : {0.0f, -0.0f, 500.0f, 499.9999f, -500.0f, INFINITY, -INFINITY, NAN}) scores.push_back(value);
  for (float cap : {50.0f, 0.3f}) {
    std::vector<float> want = scores;
    kScalarIsa.soft_cap(want.data(), int(want.size()), cap);
    for (size_t i = 0; i < scores.size(); ++i) {
      bool right = std::isfinite(scores[i] / cap) ? std::fabs(double(want[i]) - double(cap) * std::tanh(double(scores[i]) / double(cap))) <= 3e-7 * double(cap) : std::isnan(want[i]);
      if (!right) FAIL("score " << scores[i] << " cap " << cap << ": " << want[i]);
    }
    for (const std::string& name : test_isas())
      for (int cut : {0, 1, 8, 13}) {
        std::vector<float> got = scores;
        int n = int(got.size()) - cut;
        isa_named(name).soft_cap(got.data(), n, cap);
        INFO(name << " cap " << cap << " cut " << cut);
        CHECK(std::equal(got.begin(), got.begin() + n, want.begin(), [](float a, float b) { return std::memcmp(&a, &b, 4) == 0; }));
        CHECK(std::equal(got.begin() + n, got.end(), scores.begin() + n, [](float a, float b) { return std::memcmp(&a, &b, 4) == 0; }));
      }
  }
}

TEST_CASE("an ISA's cache rows have the bytes of the scalar ones, both ways") {
  Random random(9);
  std::vector<float> values = values_to_store(random);
  for (const std::string& name : test_isas()) {
    const CpuIsa& isa = isa_named(name);
    for (DType dtype : kCacheTypes) {
      RowType type = row_type(dtype);
      INFO(name << " " << info(dtype).name);
      std::vector<std::byte> want = cache_rows(dtype, values), got(want.size());
      isa.store_row[type](values.data(), got.data(), int64_t(values.size()));
      CHECK((got == want));
      if (dtype != DType::q8_0) {  // tails
        std::fill(got.begin(), got.end(), std::byte{7});
        isa.store_row[type](values.data(), got.data(), 21);
        size_t bytes = size_t(21 * info(dtype).bytes);
        CHECK(std::equal(got.begin(), got.begin() + long(bytes), want.begin()));
        CHECK(got[bytes] == std::byte{7});
      }
      if (!isa.load_row[type]) continue;
      // Every half and bfloat16 there is; blocks of every scale.
      std::vector<std::byte> rows(size_t(1) << 17);
      for (size_t i = 0; i < 65536; ++i) rows[2 * i] = std::byte(i & 255), rows[2 * i + 1] = std::byte(i >> 8);
      if (dtype == DType::q8_0) {
        rows.resize(65536 * sizeof(BlockQ8_0));
        for (size_t i = 0; i < rows.size(); ++i) rows[i] = std::byte(random.bits() & 255);
        for (size_t i = 0; i < 65536; ++i) reinterpret_cast<BlockQ8_0*>(rows.data())[i].d = uint16_t(i);
      }
      int64_t n = int64_t(rows.size()) / info(dtype).bytes * info(dtype).block;
      std::vector<float> floats_want(static_cast<size_t>(n)), floats_got(static_cast<size_t>(n));
      row_to_float(dtype, rows.data(), floats_want.data(), n);
      isa.load_row[type](rows.data(), floats_got.data(), n);
      CHECK((bytes_of(floats_got) == bytes_of(floats_want)));
    }
  }
}
