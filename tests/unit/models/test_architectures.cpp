// What an architecture makes of a file: the graph that it builds, and the file that it refuses, by name.
#include <map>

#include "formats/gguf.h"
#include "models/architecture.h"
#include "ops/ops.h"
#include "support/catch.h"
#include "support/tiny_model.h"

using namespace prm;
using namespace prm::test;

namespace {

struct BuiltModel {
  std::string bytes;
  ModelFile file;
  DecoderConfig config;
  Graph graph;

  explicit BuiltModel(std::string file_bytes, int64_t opened_context = 0) : bytes(std::move(file_bytes)) {
    file = read_gguf(borrow_memory(bytes.data(), bytes.size(), "tiny"));
    config = read_decoder_config(file);
    if (opened_context) config.opened_context = opened_context;
    graph = find_architecture(file).build(file, config);
  }
  Vector<Node> nodes(const Op& op) const {
    Vector<Node> found;
    for (const Node& n : graph.nodes)
      if (n.op == &op) found.push_back(n);
    return found;
  }
  RopeTableAttr table() const { return nodes(kRopeTable)[0].attr.as<RopeTableAttr>(); }
};

// The message that opening `bytes` ends with; empty when it opens.
std::string refusal(const std::string& bytes) {
  try {
    BuiltModel model(bytes);
  } catch (const Error& error) {
    return error.message;
  }
  return "";
}

// The file with another number under a key, behind which stand its type and four bytes.
std::string with_u32(std::string bytes, const std::string& key, uint32_t value) {
  size_t at = bytes.find(key);
  REQUIRE(at != std::string::npos);
  std::memcpy(bytes.data() + at + key.size() + 4, &value, sizeof value);
  return bytes;
}
std::string with_f32(std::string bytes, const std::string& key, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return with_u32(std::move(bytes), key, bits);
}
// The file with another name of as many letters in the first place.
std::string renamed(std::string bytes, const std::string& from, const std::string& to) {
  size_t at = bytes.find(from);
  REQUIRE((at != std::string::npos && from.size() == to.size()));
  bytes.replace(at, from.size(), to);
  return bytes;
}

void says(const std::string& message, const std::string& part) {
  INFO(message << " | " << part);
  CHECK(message.find(part) != std::string::npos);
}

TinyModel tiny(const std::string& arch) {
  return {.arch = arch, .layers = 2, .width = 64, .heads = 4, .kv_heads = 2, .head_dim = 16, .ffn = 64, .vocabulary = 275, .context = 512, .types = {DType::f32}};
}

}  // namespace

TEST_CASE("llama rotates neighbours, and divides frequencies by the factors that a file brings") {
  TinyModel m = tiny("llama");
  BuiltModel plain(make_tiny_model(m));
  for (const Node& n : plain.nodes(kRope)) CHECK(n.attr.as<RopeAttr>().pairing == Pairing::neighbours);
  CHECK((plain.nodes(kRope).size() == 4 && plain.nodes(kRopeTable)[0].in.size() == 1));
  m.scaling = "factors";
  BuiltModel divided(make_tiny_model(m));
  Node table = divided.nodes(kRopeTable)[0];
  REQUIRE(table.in.size() == 2);
  CHECK(divided.graph[table.in[1]].name == "rope_freqs.weight");
  for (const Node& n : BuiltModel(make_tiny_model(tiny("qwen2"))).nodes(kRope)) CHECK(n.attr.as<RopeAttr>().pairing == Pairing::halves);
}

TEST_CASE("positions are scaled as the metadata says: linear, YaRN's ramp and magnitude, or not at all") {
  TinyModel m = tiny("llama");
  RopeTableAttr none = BuiltModel(make_tiny_model(m)).table();
  CHECK((none.position_scale == 1 && none.ramp_high < 0 && none.magnitude == 1 && none.dims == 16));
  m.scaling = "linear";
  RopeTableAttr linear = BuiltModel(make_tiny_model(m)).table();
  CHECK((linear.position_scale == 0.25 && linear.ramp_high < 0 && linear.magnitude == 1));
  m.scaling = "yarn";
  m.original_context = 64;
  std::string bytes = make_tiny_model(m);
  RopeTableAttr yarn = BuiltModel(bytes).table();
  // Pairs that turn 32 times and once in 64 tokens, base 1e6: 16 ln(64 / (2 pi beta)) / (2 ln 1e6) = -0.66 and 1.34.
  CHECK((yarn.position_scale == 0.25 && yarn.ramp_low == 0 && yarn.ramp_high == 2));
  CHECK(std::fabs(yarn.magnitude - (1 + 0.1 * std::log(4.0))) < 1e-12);
  m.scaling.clear();
  m.rotated = 12;
  CHECK(BuiltModel(make_tiny_model(m)).table().dims == 12);
}

TEST_CASE("contradictory or missing metadata is refused by key") {
  TinyModel m = tiny("llama");
  std::string good = make_tiny_model(m);
  CHECK(refusal(good).empty());
  says(refusal(with_u32(good, "llama.attention.head_count_kv", 3)), "4 query heads are no multiple of 3 kv heads");
  says(refusal(with_u32(good, "llama.attention.value_length", 8)), "value heads of another size");
  says(refusal(with_u32(good, "llama.attention.key_length", 15)), "the head size is 15");
  says(refusal(with_u32(good, "llama.attention.key_length", 2048)), "heads of 2048 values are not supported, 1024 at most are");
  says(refusal(renamed(good, "llama.block_count", "llama.block_kount")), "'llama.block_count' is missing");
  says(refusal(renamed(good, "llama.feed_forward_length", "llama.feed_forward_lenght")), "'llama.feed_forward_length' is missing");
  says(refusal(with_f32(good, "llama.rope.freq_base", 0.5f)), "'llama.rope.freq_base' is 0.5");
  says(refusal(with_f32(good, "llama.rope.freq_base", std::nanf(""))), "'llama.rope.freq_base' is nan");
  m.rotated = 12;
  std::string partial = make_tiny_model(m);
  says(refusal(with_u32(partial, "llama.rope.dimension_count", 18)), "'llama.rope.dimension_count' is 18, expected 2 to 16");
  says(refusal(with_u32(partial, "llama.rope.dimension_count", 7)), "an odd number");
  m.rotated = 0, m.scaling = "yarn";
  std::string yarn = make_tiny_model(m);
  says(refusal(renamed(yarn, "yarn", "twin")), "RoPE scaling 'twin' is not supported");
  says(refusal(with_f32(yarn, "llama.rope.scaling.factor", 1e-9f)), "'llama.rope.scaling.factor' is");
  says(refusal(with_f32(yarn, "llama.rope.scaling.factor", INFINITY)), "'llama.rope.scaling.factor' is inf");
  says(refusal(with_u32(yarn, "llama.rope.scaling.original_context_length", 0)), "'llama.rope.scaling.original_context_length' is 0");
}

TEST_CASE("tensors that are missing, of a wrong shape or of no use are refused by name") {
  TinyModel m = tiny("llama");
  std::string good = make_tiny_model(m);
  says(refusal(renamed(good, "blk.1.attn_k.weight", "blk.1.attn_x.weight")), "tensor 'blk.1.attn_k.weight' [32, 64] is missing");
  says(refusal(renamed(good, "blk.0.ffn_gate.weight", "blk.0.ffn_gale.weight")), "tensor 'blk.0.ffn_gate.weight' [64, 64] is missing");
  says(refusal(with_u32(good, "llama.block_count", 1)), "tensor 'blk.1.attn_norm.weight' has no place in architecture 'llama'");
  says(refusal(with_u32(good, "llama.feed_forward_length", 96)), "tensor 'blk.0.ffn_gate.weight' is [64, 64], expected [96, 64]");
}

TEST_CASE("qwen3 normalizes the heads of q and k in front of their rotation, and takes no biases") {
  BuiltModel model(make_tiny_model(tiny("qwen3")));
  for (const Node& n : model.nodes(kRope)) {
    const Node& before = model.graph.nodes[size_t(model.graph[n.in[0]].producer)];
    CHECK((before.op == &kRmsNorm && model.graph[before.in[1]].shape == Shape{16}));
  }
  std::string bytes = make_tiny_model(tiny("qwen3"));
  says(refusal(renamed(bytes, "blk.1.attn_k_norm.weight", "blk.1.attn_x_norm.weight")), "tensor 'blk.1.attn_k_norm.weight' [16] is missing");
}

TEST_CASE("gemma2 caps scores and logits, and every second layer sees a window") {
  TinyModel m = tiny("gemma2");
  m.layers = 4;
  std::string bytes = make_tiny_model(m);
  BuiltModel model(bytes);
  Vector<Node> attention = model.nodes(kAttention);
  REQUIRE((attention.size() == 4 && model.nodes(kSoftCap).size() == 1));
  for (size_t layer = 0; layer < 4; ++layer) {
    auto attr = attention[layer].attr.as<AttentionAttr>();
    CHECK((attr.soft_cap == 50 && attr.window == (layer % 2 ? 0 : m.window) && attr.scale == 0.25f));
  }
  CHECK(model.graph[model.graph.outputs[0]].name == "logits");
  CHECK(model.nodes(kSoftCap)[0].attr.as<SoftCapAttr>().cap == 30);
}

TEST_CASE("phi3 reads q, k, v and gate, up out of the rows of one tensor each") {
  TinyModel m = tiny("phi3");
  m.rotated = 12, m.scaling = "longrope", m.original_context = 256;
  std::string bytes = make_tiny_model(m);
  BuiltModel model(bytes);
  const Tensor& whole = model.file.find_tensor("blk.0.attn_qkv.weight")->data;
  std::map<std::string, Tensor> weights;
  for (const Node& n : model.nodes(kMatmul)) weights[std::string(n.name.c_str())] = model.graph[n.in[1]].data;
  int64_t row = 64;
  for (auto [name, rows] : {std::pair{"blk.0.attn_q", 64}, {"blk.0.attn_k", 32}, {"blk.0.attn_v", 32}}) {
    CHECK((weights[name].dim[0] == rows && weights[name].data == whole.row<std::byte>(row - 64)));
    row += rows;
  }
  CHECK(weights["blk.1.ffn_up"].data == weights["blk.1.ffn_gate"].row<std::byte>(64));
  CHECK(model.table().dims == 12);
  CHECK(std::fabs(model.table().magnitude - 1.19) < 1e-6);
  says(refusal(with_u32(bytes, "phi3.feed_forward_length", 96)), "tensor 'blk.0.ffn_up.weight' is [128, 64], expected [192, 64]");
  says(refusal(with_u32(bytes, "phi3.attention.head_count_kv", 4)), "tensor 'blk.0.attn_qkv.weight' is [128, 64], expected [192, 64]");
}

TEST_CASE("LongRoPE's factors follow the context that a model is opened for, and come in pairs") {
  TinyModel m = tiny("phi3");
  m.scaling = "longrope", m.original_context = 256;
  std::string bytes = make_tiny_model(m);
  auto factors = [&](int64_t opened) {
    BuiltModel model(bytes, opened);
    return std::string(model.graph[model.nodes(kRopeTable)[0].in[1]].name.c_str());
  };
  CHECK(factors(0) == "rope_factors_long.weight");  // the trained context, 512
  CHECK(factors(257) == "rope_factors_long.weight");
  CHECK(factors(256) == "rope_factors_short.weight");
  says(refusal(renamed(bytes, "rope_factors_long.weight", "rope_factors_lang.weight")), "'rope_factors_long.weight' one is missing");
}

TEST_CASE("experts come with the numbers that they need, in tensors of one expert after another") {
  TinyModel m = tiny("qwen3moe");
  m.experts = 4, m.ffn = 32;
  std::string good = make_tiny_model(m);
  CHECK((BuiltModel(good).nodes(kMoeMatmul).size() == 6 && BuiltModel(good).nodes(kMoeRoute).size() == 2));
  says(refusal(make_tiny_model(tiny("qwen3moe"))), "'qwen3moe.expert_count' is missing");
  says(refusal(with_u32(good, "qwen3moe.expert_used_count", 5)), "'qwen3moe.expert_used_count' is 5, expected 1 to 4");
  says(refusal(with_u32(good, "qwen3moe.expert_count", 3)), "tensor 'blk.0.ffn_gate_inp.weight' is [4, 64], expected [3, 64]");
  says(refusal(with_u32(good, "qwen3moe.expert_feed_forward_length", 16)), "tensor 'blk.0.ffn_gate_exps.weight' is [4, 32, 64], expected [4, 16, 64]");
  m.arch = "llama";
  BuiltModel mixtral(make_tiny_model(m));
  CHECK(mixtral.nodes(kMoeRoute)[0].attr.as<RouteAttr>().renormalize == 1);
  m.arch = "qwen2moe";
  BuiltModel shared(make_tiny_model(m));
  CHECK((shared.nodes(kMoeRoute)[0].attr.as<RouteAttr>().renormalize == 0 && shared.nodes(kMoeCombine)[0].in.size() == 4));
}

TEST_CASE("factors that would throw angles off are refused by tensor and place") {
  TinyModel m = tiny("llama");
  m.scaling = "factors";
  std::string bytes = make_tiny_model(m);
  ModelFile file = read_gguf(borrow_memory(bytes.data(), bytes.size(), "tiny"));
  uint64_t at = file.find_tensor("rope_freqs.weight")->offset;
  for (float wrong : {0.0f, -1.0f, 1e-20f, INFINITY, std::nanf("")}) {
    std::string broken = bytes;
    std::memcpy(broken.data() + at + 4 * 5, &wrong, 4);
    says(refusal(broken), "tensor 'rope_freqs.weight' holds ");
    says(refusal(broken), " at 5: frequencies are divided by it");
  }
}
