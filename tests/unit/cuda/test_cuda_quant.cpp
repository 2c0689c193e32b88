// Products of quantized weights, each kernel of the family for itself: the bytes of the CPU's scalar kernel, which kernel runs and however
// many tokens there are.
#include "ops/ops.h"
#include "passes/passes.h"
#include "quant/format.h"
#include "quant_layout.h"
#include "quant_pack.h"
#include "support/blocks.h"
#include "support/catch.h"
#include "support/emulated_cuda.h"
#include "support/random.h"
#include "support/run_graph.h"

using namespace prm;
using namespace prm::test;

namespace {

enum class Kind { decode, walking, small, middle, large };

struct Product {
  DType type;
  int64_t T, N, K;
  std::vector<std::byte> weights, packed, activations;
  std::vector<float> x;

  Product(DType of, int64_t tokens, int64_t rows, int64_t values, int fill = -1) : type(of), T(tokens), N(rows), K(values) {
    Random random(uint64_t(T * 31 + N * 7 + K));
    weights = random_weights(type, N, K, 1.0f, random, fill);
    for (int64_t i = 0; i < T * K; ++i) x.push_back(fill < 0 ? random.uniform() : i % 2 ? -3.0f : 3.0f);
    Tensor plain(type, {N, K}, weights.data());
    packed.resize(kQuantTiles.bytes(plain));
    kQuantTiles.pack(plain, packed.data(), {});
    DType blocks = find_format(type)->activation;
    int64_t row = K / info(blocks).block * info(blocks).bytes;
    activations.resize(size_t(T * row));
    for (int64_t t = 0; t < T; ++t) (blocks == DType::a8 ? quantize_a8 : quantize_a8k)(x.data() + t * K, activations.data() + t * row, K);
  }

  std::vector<std::byte> truth() {
    Graph g;
    ValueId in = g.input("x", DType::f32, {T, K});
    g.outputs = {matmul(g, in, g.constant("w", Tensor(type, {N, K}, weights.data()), nullptr), "y")};
    return run_graph(quantize_activations(g), *open_cpu("scalar"), {{}, {{"x", bytes_of(x)}}, {}});
  }

  std::vector<std::byte> by(Kind kind) const {
    std::vector<float> y(size_t(T * N), -1.0f);
    QuantMatmul m{type, packed.data(), activations.data(), y.data(), T, N, K, int32_t(k_parts(K))};
    if (kind == Kind::decode || kind == Kind::walking) launch_quant_decode(nullptr, m, kind == Kind::decode ? 1000 : 1);
    else launch_quant_tiles(nullptr, m, kind == Kind::small ? QuantTiles::of_32_32 : kind == Kind::middle ? QuantTiles::of_64_64 : QuantTiles::of_128_64);
    return bytes_of(y);
  }
};

void check(Product&& product, std::initializer_list<Kind> kinds) {
  std::vector<std::byte> truth = product.truth();
  for (Kind kind : kinds) {
    INFO(info(product.type).name << " T " << product.T << " N " << product.N << " K " << product.K << " kernel " << int(kind));
    CHECK(product.by(kind) == truth);
  }
}

}  // namespace

TEST_CASE("cuda: every kernel of products has the bytes of the CPU, in every format") {
  for (const TypeLayout& one : kQuantLayouts) {
    int64_t K = one.layout.unit == 32 ? 864 : 768;  // three parts of nine units, or of one
    check({one.type, 1, 37, 2304}, {Kind::decode, Kind::walking, Kind::small});
    check({one.type, 8, 37, K}, {Kind::decode, Kind::small, Kind::middle, Kind::large});
  }
}

TEST_CASE("cuda: every kernel of products multiplies the largest values as the CPU does") {
  for (const TypeLayout& one : kQuantLayouts)
    for (int fill : {0x00, 0xff, 0x7f, 0x80}) check({one.type, 3, 5, 512, fill}, {Kind::decode, Kind::small});
  check({DType::q6_k, 3, 5, 512, 0x80}, {Kind::large});
}

TEST_CASE("cuda: parts of a sum over K begin and end inside of tiles as on the CPU") {
  for (int64_t K : {32, 64, 96, 160, 288, 544, 896, 1056, 1312, 1568, 1824, 2080, 4864}) check({DType::q8_0, 2, 5, K}, {Kind::decode, Kind::small});
  for (int64_t K : {256, 512, 768, 1024, 1280, 1536, 1792, 2048, 4864}) check({DType::q4_k, 2, 5, K}, {Kind::decode, Kind::small});
  for (int64_t K : {160, 896}) check({DType::q5_1, 2, 5, K}, {Kind::middle, Kind::large});
  check({DType::q2_k, 2, 5, 2304}, {Kind::large});
}

TEST_CASE("cuda: products of any number of tokens and rows have the bytes of the CPU") {
  for (int64_t T : {1, 2, 5, 7}) check({DType::q5_k, T, 150, 512}, {Kind::decode, Kind::walking});
  for (int64_t N : {1, 15, 16, 17, 127, 128, 129, 300}) check({DType::q4_0, 3, N, 64}, {Kind::decode, Kind::walking, Kind::small});
  for (int64_t T : {9, 17, 64, 65, 130}) check({DType::q3_k, T, 33, 256}, {Kind::small, Kind::large});
  for (int64_t T : {65, 130}) check({DType::q8_0, T, 131, 32}, {Kind::small, Kind::middle, Kind::large});
}

TEST_CASE("cuda: products are the same in every order of threads and blocks, by every kernel") {
  Product long_sums(DType::q4_k, 2, 37, 2304), many(DType::iq4_nl, 33, 37, 288);
  std::vector<std::byte> long_truth = long_sums.truth(), many_truth = many.truth();
  in_all_orders([&] {
    CHECK(long_sums.by(Kind::decode) == long_truth);
    CHECK(long_sums.by(Kind::walking) == long_truth);
    CHECK(long_sums.by(Kind::small) == long_truth);
    CHECK(many.by(Kind::small) == many_truth);
    CHECK(many.by(Kind::middle) == many_truth);
    CHECK(many.by(Kind::large) == many_truth);
  });
}

TEST_CASE("cuda: packed weights take hardly more bytes than in their files") {
  for (const TypeLayout& one : kQuantLayouts) {
    double in_file = double(info(one.type).bytes) / info(one.type).block, packed = double(one.layout.tile_bytes()) / (16 * one.layout.tile_values());
    INFO(info(one.type).name << ": " << packed / in_file);
    CHECK(packed < in_file * (one.type == DType::q2_k ? 1.2 : 1.06));  // Q2_K has scales of 4 bits
  }
}
