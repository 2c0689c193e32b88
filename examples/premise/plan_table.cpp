#include "plan_table.h"

#include <fmt/format.h>

#include "failure.h"
#include "json_writer.h"
#include "session.h"
#include "synth_flag.h"

namespace {

constexpr int kContexts[] = {4096, 8192, 32768};
constexpr uint64_t kGiB = uint64_t(1) << 30;
constexpr uint64_t kCards[] = {12, 24, 48}, kComputers[] = {16, 32, 64};  // GiB
constexpr uint64_t kCardKept = 1, kComputerKept = 2;                       // GiB of these that others have

// One model with one context.
struct Case {
  std::shared_ptr<const SynthFile> model;
  int context;
  uint64_t file_weights = 0;       // as they lie in the file
  prm_plan f16 = {}, q8_0 = {};    // by the type of the cache

  uint64_t video_bytes(const prm_plan& plan) const { return file_weights + plan.cache_bytes + plan.scratch_bytes; }
};

prm_plan plan_of(const std::shared_ptr<const SynthFile>& model, int context, const char* kv) {
  ModelFlags flags;
  flags.synth = model->model().name;
  flags.context = context;
  flags.kv = kv;
  flags.threads = 1;
  flags.quiet = true;
  Session session = open_any_session(flags, Weights::planned, {.synth = model});
  prm_plan plan = PRM_INIT(prm_plan);
  check(prm_model_plan(session.model.get(), nullptr, &plan, nullptr, 0, nullptr), session.path);
  return plan;
}

std::vector<Case> plan_cases() {
  std::vector<Case> cases;
  for (const char* shape : {"qwen2-7b", "qwen2-14b", "qwen2-32b"})
    for (const char* type : {"f16", "q8_0", "q4_k_m"}) {
      auto model = std::make_shared<const SynthFile>(parse_synth("--table", fmt::format("{}-{}", shape, type)));
      for (int context : kContexts) {
        Case one{model, context};
        for (const SynthTensor& tensor : model->tensors()) one.file_weights += tensor.bytes;
        one.f16 = plan_of(model, context, "f16");
        one.q8_0 = plan_of(model, context, "q8_0");
        cases.push_back(std::move(one));
      }
    }
  return cases;
}

// The layers of the end that have room on a card, with their part of an F16 cache, beside the scratch.
uint32_t layers_on_card(const Case& one, uint64_t room) {
  uint32_t layers = one.model->model().shape->layers, fitting = 0;
  std::vector<uint64_t> bytes(layers, one.f16.cache_bytes / layers);
  for (const SynthTensor& tensor : one.model->tensors())
    if (tensor.layer >= 0) bytes[size_t(tensor.layer)] += tensor.bytes;
  uint64_t taken = one.f16.scratch_bytes;
  while (fitting < layers && taken + bytes[layers - 1 - fitting] <= room) taken += bytes[layers - 1 - fitting++];
  return fitting;
}

std::string on_card(const Case& one, uint64_t card) {
  uint64_t room = (card - kCardKept) * kGiB;
  if (one.video_bytes(one.f16) <= room) return "all";
  if (one.video_bytes(one.q8_0) <= room) return "all, Q8_0";
  uint32_t layers = one.model->model().shape->layers;
  return fmt::format("{} of {}", layers_on_card(one, room), layers);
}

std::string in_memory(const Case& one, uint64_t computer) {
  uint64_t room = (computer - kComputerKept) * kGiB;
  if (one.f16.host_bytes <= room) return "yes";
  return one.q8_0.host_bytes <= room ? "Q8_0" : "no";
}

std::string gib(uint64_t bytes) { return fmt::format("{:.2f}", double(bytes) / double(kGiB)); }

constexpr const char* kIntroduction = R"(# Sizing

What language models of 7, 14 and 32 billion parameters take, by the type of their weights, the context and the type of the KV
cache. `premise plan --table` writes this file. The models have the shapes of Qwen2.5 7B, 14B and 32B, with random weights
(`premise synth`): memory depends on shapes and types, not on what the weights are. Figures are GiB (2^30 bytes).

Of a model of your own, `premise plan MODEL --ctx N --kv TYPE` tells the same.
)";

constexpr const char* kCpu = R"(
## On the CPU

Exact: the plan of the library with AVX2 or AVX-512, for one conversation, prompts in steps of 512 tokens, one thread (each further
one takes some bytes more). "weights" are as the kernels read them; "peak RAM" is the most that the engine ever holds, its
objects and scratch included. To the byte:

    premise plan --synth qwen2-7b-q4_k_m --ctx 8192 --kv f16 --threads 1

A computer of N GB fits what peaks at no more than N - 2 GiB: the rest is the system's. *Q8_0*: with a Q8_0 cache alone.

)";

constexpr const char* kGpu = R"(
## On a graphics card

Estimates: this release computes on the CPU. They come from the same plans:

    peak VRAM = weights as they lie in the file + KV cache + scratch of a step
    room      = N GiB of a card of N GB - 1 GiB for CUDA's own context, its kernels and the display
    a layer   = its tensors as they lie in the file + KV cache (F16) / layers

*all*: the peak is within the room; *all, Q8_0*: with a Q8_0 cache alone. Else so many layers, from the last one on, as fit the
room beside the scratch; the other layers, the embedding table and the output matrix stay in RAM.

)";

std::string model_cells(const Case& one) {
  const SynthModel& model = one.model->model();
  std::string shape = model.shape->name, type = model.name.substr(shape.size() + 1);
  return fmt::format("| {} | {} | {}k ", shape, type, one.context / 1024);
}

std::string cpu_table(const std::vector<Case>& cases) {
  std::string text = "| model | type | context | weights | KV F16 | KV Q8_0 | peak RAM, KV F16 | peak RAM, KV Q8_0 |";
  for (uint64_t computer : kComputers) text += fmt::format(" {} GB |", computer);
  text += "\n|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Case& one : cases) {
    text += model_cells(one);
    for (uint64_t bytes : {one.f16.weight_bytes, one.f16.cache_bytes, one.q8_0.cache_bytes, one.f16.host_bytes, one.q8_0.host_bytes}) text += "| " + gib(bytes) + " ";
    for (uint64_t computer : kComputers) text += "| " + in_memory(one, computer) + " ";
    text += "|\n";
  }
  return text;
}

std::string gpu_table(const std::vector<Case>& cases) {
  std::string text = "| model | type | context | weights in the file | peak VRAM, KV F16 | peak VRAM, KV Q8_0 |";
  for (uint64_t card : kCards) text += fmt::format(" layers on {} GB |", card);
  text += "\n|---|---|---|---|---|---|---|---|---|\n";
  for (const Case& one : cases) {
    text += model_cells(one);
    for (uint64_t bytes : {one.file_weights, one.video_bytes(one.f16), one.video_bytes(one.q8_0)}) text += "| " + gib(bytes) + " ";
    for (uint64_t card : kCards) text += "| " + on_card(one, card) + " ";
    text += "|\n";
  }
  return text;
}

void write_plan(JsonWriter& json, const Case& one, const char* kv, const prm_plan& plan) {
  json.begin_object().pair("model", one.model->model().name).pair("context", one.context).pair("kv", kv);
  json.pair("host_bytes", plan.host_bytes).pair("weights_bytes", plan.weight_bytes).pair("kv_bytes", plan.cache_bytes);
  json.pair("scratch_bytes", plan.scratch_bytes).pair("object_bytes", plan.object_bytes);
  json.pair("file_weights_bytes", one.file_weights).pair("estimated_device_bytes", one.video_bytes(plan)).end_object();
}

}  // namespace

std::string sizing_document() {
  std::vector<Case> cases = plan_cases();
  return kIntroduction + (kCpu + cpu_table(cases)) + kGpu + gpu_table(cases);
}

std::string sizing_json() {
  JsonWriter json;
  json.begin_object().key("plans").begin_array();
  for (const Case& one : plan_cases()) {
    write_plan(json, one, "f16", one.f16);
    write_plan(json, one, "q8_0", one.q8_0);
  }
  return json.end_array().end_object().text() + "\n";
}
