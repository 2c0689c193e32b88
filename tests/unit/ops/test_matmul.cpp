#include <cmath>

#include "cases/matmul.h"
#include "cpu/cpu_device.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "quant/format.h"
#include "support/blocks.h"
#include "support/catch.h"
#include "support/isas.h"
#include "support/run_graph.h"

using namespace prm;
using namespace prm::test;

namespace {

struct MatmulData {
  std::vector<std::byte> weights;
  std::vector<float> x;
};

MatmulData make_data(const cases::MatmulCase& c, uint64_t seed) {
  Random random(seed);
  MatmulData data{random_weights(c.type, c.N, c.K, 1.0f, random), {}};
  for (int64_t i = 0; i < c.T * c.K; ++i) data.x.push_back(random.uniform());
  return data;
}

Graph make_graph(const cases::MatmulCase& c, MatmulData& data) {
  Graph g;
  ValueId x = g.input("x", DType::f32, {g.symbol("T"), c.K});
  ValueId w = g.constant("w", Tensor(c.type, {c.N, c.K}, data.weights.data()), nullptr);
  g.outputs = {matmul(g, x, w, "y")};
  return quantize_activations(g);
}

std::vector<float> floats(const std::vector<std::byte>& bytes) {
  std::vector<float> out(bytes.size() / 4);
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

}  // namespace

TEST_CASE("matmul of every type keeps within its bound of the reference on every ISA") {
  BareDevice bare;
  for (const cases::MatmulCase& c : cases::kMatmul) {
    if (c.tag == cases::Tag::bench) continue;
    MatmulData data = make_data(c, uint64_t(c.K * 31 + c.N));
    Graph graph = make_graph(c, data);
    GraphRun run{{{"T", c.T}}, {{"x", bytes_of(data.x)}}, {}};
    const QuantFormat* format = find_format(c.type);
    std::vector<float> truth = floats(run_graph(graph, bare, run)), row(size_t(c.K));
    for (const std::string& isa : test_isas()) {
      auto device = open_cpu(isa);
      std::vector<float> got = floats(run_graph(graph, *device, run));
      int64_t wrong = 0;
      for (int64_t n = 0; n < c.N; ++n) {
        row_to_float(c.type, data.weights.data() + size_t(n) * Tensor(c.type, {1, c.K}).bytes(), row.data(), c.K);
        for (int64_t t = 0; t < c.T; ++t) {
          double magnitude = 0;
          for (int64_t k = 0; k < c.K; ++k) magnitude += std::fabs(double(row[size_t(k)]) * double(data.x[size_t(t * c.K + k)]));
          size_t i = size_t(t * c.N + n);
          // The scaled part and minimums of a format that has them nearly cancel: their magnitudes count, not their difference's.
          double slack = format && format->has_min ? 4 : 1;
          wrong += !(std::fabs(double(got[i]) - double(truth[i])) <= slack * cases::matmul_bound(c.K / info(c.type).block, magnitude + 1e-30));
        }
      }
      INFO(isa << " " << info(c.type).name << " T " << c.T << " N " << c.N << " K " << c.K);
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("matmul gives the same bytes on every ISA, for every cut of the work, and for each token alone") {
  for (const cases::MatmulCase& c : cases::kMatmul) {
    if (c.tag == cases::Tag::bench) continue;
    MatmulData data = make_data(c, uint64_t(c.K * 7 + c.N));
    Graph graph = make_graph(c, data);
    GraphRun run{{{"T", c.T}}, {{"x", bytes_of(data.x)}}, {}};
    auto scalar = open_cpu("scalar");
    std::vector<std::byte> truth = run_graph(graph, *scalar, run);
    for (const std::string& isa : test_isas()) {
      auto device = open_cpu(isa);
      INFO(isa << " " << info(c.type).name << " T " << c.T << " N " << c.N << " K " << c.K);
      CHECK(run_graph(graph, *device, run) == truth);
      ThreadPool pool(2, 10);
      Work work;
      work.pool = &pool, work.cut = 1, work.reverse = true;
      CHECK(run_graph(graph, *device, run, work) == truth);
      std::vector<float> last(data.x.end() - c.K, data.x.end());
      std::vector<std::byte> alone = run_graph(graph, *device, {{{"T", 1}}, {{"x", bytes_of(last)}}, {}});
      CHECK(alone == std::vector<std::byte>(truth.end() - c.N * 4, truth.end()));
    }
  }
}

// Every value of a block at an end of its range, all activations at 127 or -127: what is summed in 16 bits is largest there.
TEST_CASE("matmul of the largest values gives the same bytes on every ISA") {
  for (const QuantFormat* format : quant_formats())
    for (int fill : {0x00, 0xff, 0x0f, 0xf0, 0x77, 0x88, 0x7f, 0x80})
      for (int alternate : {0, 1}) {
        cases::MatmulCase c{cases::Tag::small, format->type, 13, 16, 512};
        Random random(uint64_t(fill) + 1);
        MatmulData data{random_weights(c.type, c.N, c.K, 1.0f, random, fill), {}};
        for (int64_t i = 0; i < c.T * c.K; ++i) data.x.push_back(alternate && i % 2 ? -3.0f : 3.0f);
        Graph graph = make_graph(c, data);
        GraphRun run{{{"T", c.T}}, {{"x", bytes_of(data.x)}}, {}};
        std::vector<std::byte> truth = run_graph(graph, *open_cpu("scalar"), run);
        for (const std::string& isa : test_isas()) {
          INFO(isa << " " << info(c.type).name << " filled with " << fill << (alternate ? ", signs in turn" : ""));
          CHECK(run_graph(graph, *open_cpu(isa), run) == truth);
          std::vector<float> first(data.x.begin(), data.x.begin() + c.K);
          std::vector<std::byte> alone = run_graph(graph, *open_cpu(isa), {{{"T", 1}}, {{"x", bytes_of(first)}}, {}});
          CHECK(alone == std::vector<std::byte>(truth.begin(), truth.begin() + c.N * 4));
        }
      }
}

TEST_CASE("matmul survives infinities and NaN in the activations") {
  for (DType type : {DType::f32, DType::f16, DType::q8_0, DType::q4_k}) {
    cases::MatmulCase c{cases::Tag::small, type, 2, 16, 256};
    MatmulData data = make_data(c, 5);
    data.x[3] = INFINITY, data.x[300] = NAN;
    Graph graph = make_graph(c, data);
    GraphRun run{{{"T", c.T}}, {{"x", bytes_of(data.x)}}, {}};
    for (const std::string& isa : test_isas()) {
      auto device = open_cpu(isa);
      CHECK(run_graph(graph, *device, run).size() == 2 * 16 * 4);
    }
  }
}
