// The library as the commands use it: handles that close themselves, a model opened as the flags say.
#pragma once
#include <premise/premise.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "synth_file.h"

struct CloseHandle {
  void operator()(prm_engine* engine) const { prm_engine_close(engine); }
  void operator()(prm_model* model) const { prm_model_close(model); }
};
using EngineHandle = std::unique_ptr<prm_engine, CloseHandle>;
using ModelHandle = std::unique_ptr<prm_model, CloseHandle>;

struct Session {
  std::shared_ptr<const SynthFile> synth;  // with --synth: what the engine reads, so that it goes last
  EngineHandle engine;
  ModelHandle model;
  std::string path, isa, device;  // path: as the user named the model; device: where it computes
  prm_model_info info;
  int threads = 0;  // that compute, the caller included
};

// left_out: reports and tokens only, on the calling thread; verified: left out too, but all of them read and checked; planned: left
// out, in an engine as for loaded ones.
enum class Weights { loaded, left_out, verified, planned };

struct OpenExtras {
  const char* manifest_json = nullptr;
  std::vector<prm_tensor> shapes = {};  // of inputs, to plan for
  const prm_host* host = nullptr;
  int64_t deadline_ns = 0;              // on prm_now_ns(); 0: none
  std::shared_ptr<const SynthFile> synth = nullptr;  // what --synth names, where it was made already
};
// A model of any kind.
Session open_any_session(const ModelFlags& flags, Weights weights, const OpenExtras& extras = {});
// One of text.
Session open_session(const ModelFlags& flags, Weights weights, const char* manifest_json = nullptr);
bool takes_tensors(const Session& session);  // rather than text
// A control that Ctrl-C fires; deadline_ms counts from now, 0 = none.
prm_control make_control(int64_t deadline_ms = 0);
const char* finish_name(int32_t finish);  // as JSON has it

uint64_t peak_host_bytes(const Session& session);
std::string model_report(const Session& session, prm_report what);
std::string processor_name(const Session& session);
std::vector<int32_t> tokenize(const Session& session, std::string_view text, uint32_t prompt_flags);
// The text that a token adds; "" for control tokens.
std::string token_text(const Session& session, int32_t token);
// Logits [T, V] float32 of every position, into room for them.
void run_tokens(const Session& session, const std::vector<int32_t>& ids, float* logits);
// The lowest index among the largest values.
int32_t index_of_largest(const float* values, int64_t count);
