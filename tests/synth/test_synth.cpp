// Models of random weights (examples/premise/synth_*): the same bytes however they are read, and numbers as they are meant.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <thread>

#include "formats/gguf.h"
#include "quant/format.h"
#include "support/catch.h"
#include "support/random.h"
#include "synth_file.h"

using namespace prm;

namespace {

SynthModel model_of(const std::string& name) {
  SynthModel model;
  INFO(name);
  REQUIRE(find_synth_model(name, model));
  return model;
}

std::vector<uint8_t> bytes_of(const SynthFile& file, uint64_t offset, size_t size) {
  std::vector<uint8_t> bytes(size);
  file.read(offset, size, bytes.data());
  return bytes;
}

// Not by CHECK itself: it would spell out millions of bytes that differ.
bool same(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) { return a == b; }

// Reads `size` bytes from `begin` on in pieces of odd sizes, in any order, on three threads at once.
std::vector<uint8_t> in_pieces(const SynthFile& file, uint64_t begin, size_t size, uint64_t seed) {
  std::vector<std::pair<size_t, size_t>> pieces;
  test::Random random(seed);
  for (size_t at = 0; at < size;) {
    size_t n = std::min<size_t>(size - at, size_t(1 + random.below(random.below(4) ? 97 : 70001)));
    pieces.push_back({at, n});
    at += n;
  }
  for (size_t i = pieces.size(); i > 1; --i) std::swap(pieces[i - 1], pieces[size_t(random.below(int64_t(i)))]);
  std::vector<uint8_t> bytes(size);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      for (size_t i = t; i < pieces.size(); i += 3) file.read(begin + pieces[i].first, pieces[i].second, bytes.data() + pieces[i].first);
    });
  for (std::thread& thread : threads) thread.join();
  return bytes;
}

DType dtype_of(const SynthBlocks& blocks) {
  int i = 0;
  while (kDTypes[i].gguf != int(blocks.gguf)) ++i;
  return DType(i);
}

// Mean and deviation of a tensor's first values, which its bytes stand for.
std::pair<double, double> measure(const SynthBlocks& blocks, const uint8_t* bytes, size_t count) {
  std::vector<float> values(count);
  row_to_float(dtype_of(blocks), bytes, values.data(), int64_t(count));
  double mean = std::accumulate(values.begin(), values.end(), 0.0) / double(count), squares = 0;
  for (float value : values) squares += (double(value) - mean) * (double(value) - mean);
  return {mean, std::sqrt(squares / double(count))};
}

void check_numbers(const std::string& name) {
  SynthFile file(model_of(name));
  const SynthTensor& last = file.tensors().back();
  uint64_t begin = file.size() - (last.offset + last.bytes + 31) / 32 * 32;
  for (const SynthTensor& tensor : file.tensors()) {
    const SynthBlocks& blocks = *tensor.blocks;
    size_t whole = size_t(std::min<uint64_t>(tensor.bytes, 400000) / blocks.bytes), count = whole * blocks.values;
    std::vector<uint8_t> bytes = bytes_of(file, begin + tensor.offset, whole * blocks.bytes);
    auto [mean, deviation] = measure(blocks, bytes.data(), count);
    INFO(name << " " << tensor.name << " " << blocks.name << ": mean " << mean << ", deviation " << deviation);
    CHECK(weights_are_finite(dtype_of(blocks), bytes.data(), bytes.size()));
    double wanted = tensor.deviation > 0 ? tensor.deviation : 0.1 / std::sqrt(3);
    double noise = 5 / std::sqrt(double(count));
    CHECK(std::abs(mean - tensor.center) < wanted * (noise + 0.01));
    CHECK(std::abs(deviation / wanted - 1) < noise + 0.03);
  }
}

}  // namespace

TEST_CASE("a made-up model is the same bytes in pieces of any size and order, on several threads") {
  uint64_t seed = 1;
  for (const char* name : {"qwen2-tiny-q4_k_m", "qwen2-tiny-q8_0:9", "llama-tiny-f16"}) {
    INFO(name);
    SynthFile file(model_of(name));
    std::vector<uint8_t> whole = bytes_of(file, 0, size_t(file.size()));
    CHECK(same(in_pieces(file, 0, whole.size(), ++seed), whole));
  }
  SynthFile large(model_of("qwen2-0.5b-q4_k_m"));  // Q5_0 and Q8_0 beside the k-quants
  uint64_t begin = large.size() / 2;
  CHECK(same(in_pieces(large, begin, 3000001, ++seed), bytes_of(large, begin, 3000001)));
}

TEST_CASE("names and seeds make different models, the same ones the same") {
  auto bytes = [](const char* name) {
    SynthFile file(model_of(name));
    return bytes_of(file, file.size() - 100000, 100000);
  };
  CHECK(same(bytes("qwen2-tiny-q8_0"), bytes("qwen2-tiny-q8_0:1")));
  CHECK(!same(bytes("qwen2-tiny-q8_0"), bytes("qwen2-tiny-q8_0:2")));
  SynthFile file(model_of("qwen2-tiny-q8_0"));
  std::vector<std::vector<uint8_t>> heads;  // of tensors
  uint64_t begin = file.size() - (file.tensors().back().offset + file.tensors().back().bytes + 31) / 32 * 32;
  for (const SynthTensor& tensor : file.tensors()) heads.push_back(bytes_of(file, begin + tensor.offset, 64));
  std::sort(heads.begin(), heads.end());
  CHECK(std::adjacent_find(heads.begin(), heads.end()) == heads.end());
  SynthModel model;
  for (const char* wrong : {"", "qwen2-tiny", "qwen2-tiny-q8_0:", "qwen2-tiny-q8_0:x", "qwen2-tiny-q8_0:1x", "qwen2-tiny-q8_0:-1", "qwen2-tiny-q4_0", "Qwen2-tiny-q8_0"})
    CHECK(!find_synth_model(wrong, model));
}

TEST_CASE("the reader of GGUF files finds the tensors where they lie, inside the file") {
  for (const std::string& name : synth_names()) {
    if (name.find("tiny") == name.npos) continue;
    INFO(name);
    SynthFile file(model_of(name));
    std::vector<uint8_t> whole = bytes_of(file, 0, size_t(file.size()));
    ModelFile read = read_gguf(borrow_memory(whole.data(), whole.size(), name));
    REQUIRE(read.tensors.size() == file.tensors().size());
    for (size_t i = 0; i < read.tensors.size(); ++i) {
      const SynthTensor& tensor = file.tensors()[i];
      CHECK(std::string_view(read.tensors[i].name) == tensor.name);
      CHECK(read.tensors[i].data.bytes() == tensor.bytes);
      CHECK(read.tensors[i].data.dtype == dtype_of(*tensor.blocks));
    }
  }
}

TEST_CASE("values have no mean and the deviation that was asked for, in every type") {
  for (const char* name : {"qwen2-tiny-q4_k_m", "qwen2-tiny-q8_0", "llama-tiny-f16", "qwen2-0.5b-q4_k_m"}) check_numbers(name);
}

TEST_CASE("Q4_K_M has the types of llama.cpp's files") {
  std::map<std::string, std::string> types;
  uint64_t bytes = 0;
  for (const SynthTensor& tensor : list_tensors(model_of("qwen2-7b-q4_k_m"))) types[tensor.name] = tensor.blocks->name, bytes += tensor.bytes;
  CHECK(types["token_embd.weight"] == "Q4_K");
  CHECK(types["output.weight"] == "Q6_K");
  CHECK(types["blk.0.attn_v.weight"] == "Q6_K");
  CHECK(types["blk.3.attn_v.weight"] == "Q4_K");
  CHECK(types["blk.5.ffn_down.weight"] == "Q6_K");  // the first eighth of 28 layers is 3: then 5, 8, 11 ...
  CHECK(types["blk.6.ffn_down.weight"] == "Q4_K");
  CHECK(types["blk.27.ffn_down.weight"] == "Q6_K");
  CHECK(types["blk.5.attn_output.weight"] == "Q4_K");
  CHECK(types["blk.5.ffn_norm.weight"] == "F32");
  for (const SynthTensor& tensor : list_tensors(model_of("qwen2-0.5b-q4_k_m"))) types[tensor.name] = tensor.blocks->name;
  CHECK(types["token_embd.weight"] == "Q8_0");  // tied, in rows of 896
  CHECK(types["blk.3.attn_q.weight"] == "Q5_0");
  CHECK(types["blk.3.ffn_down.weight"] == "Q4_K");
  CHECK(bytes / 1000000 == 4677);
}
