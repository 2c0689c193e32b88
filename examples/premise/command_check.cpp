// premise check: does this file or folder load and run? Kind by content, default limits, one step.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>

#include "commands.h"
#include "failure.h"
#include "json_writer.h"
#include "session.h"
#include "system.h"
#include "tensors.h"
#include "terminal.h"

namespace {

struct CheckFlags : ModelFlags {};

// Whatever is in a small file, it is answered soon and with little memory.
// (What the library holds contains inputs and outputs, which the program holds as well.)
#ifdef __SANITIZE_ADDRESS__
constexpr int64_t kTimes = 10;  // what a sanitizer takes
#else
constexpr int64_t kTimes = 1;
#endif
constexpr int64_t kSmallFile = 1 << 20, kSmallBytes = 112 << 20, kSmallNs = kTimes * 700'000'000, kPatienceNs = kTimes * 150'000'000;

// "gguf", "safetensors" (such a file, or a folder), "onnx", or "unknown", which the library has the last word on.
std::string kind_of(const std::string& path, int64_t& size) {
  if (is_folder(path)) return "safetensors";
  std::FILE* file = open_file(path, "rb");
  if (!file) fail_system("cannot read", path, errno);
  char head[9] = {};
  size_t n = std::fread(head, 1, sizeof head, file);
  int code = std::ferror(file) ? errno : 0;
  size = std::fseek(file, 0, SEEK_END) ? 0 : std::ftell(file);
  std::fclose(file);
  if (code) fail_system("cannot read", path, code);
  if (std::string_view(head, n).starts_with("GGUF")) return "gguf";
  if (n == sizeof head && !head[6] && !head[7] && head[8] == '{') return "safetensors";
  return n && head[0] == 8 ? "onnx" : "unknown";
}

// Ends the program with an answer where a call that should listen to its deadline does not come back.
class Watchdog {
 public:
  Watchdog(int64_t deadline_ns, Failure failure, bool as_json) {
    if (deadline_ns)
      thread_ = std::thread([this, deadline_ns, failure = std::move(failure), as_json] {
        std::unique_lock lock(mutex_);
        if (done_.wait_for(lock, std::chrono::nanoseconds(deadline_ns + kPatienceNs - prm_now_ns()), [this] { return is_done_; })) return;
        print_failure(failure, as_json);
        std::_Exit(kFailed);
      });
  }
  ~Watchdog() {
    {
      std::lock_guard lock(mutex_);
      is_done_ = true;
    }
    done_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool is_done_ = false;
  std::thread thread_;
};

// Zeros for every input, with `open` for extents that are open; those of the first axis are 1.
std::vector<InputSpec> zeros(const Session& session, int64_t open) {
  std::vector<InputSpec> specs;
  for (const Port& port : model_ports(session, PRM_INPUT)) {
    InputSpec spec{port.name, {}, "zeros", true, port.shape, {}};
    for (size_t i = 0; i < spec.shape.size(); ++i)
      if (spec.shape[i] < 0) spec.shape[i] = i ? open : 1;
    size_t bytes = array_bytes(port.dtype, spec.shape, port.name);
    if (bytes > size_t(kSmallBytes))
      fail_with(PRM_STATUS_LIMIT, "too large to be tried", "input '" + port.name + "'", fmt::format("it has {} bytes: give inputs to 'premise infer'", bytes));
    specs.push_back(spec);
  }
  return specs;
}

// Where extents that are open cannot be 1, something larger may do.
void run_on_zeros(const Session& session, int64_t deadline_ns) {
  try {
    TensorRun(session, make_inputs(session, zeros(session, 1))).run(deadline_ns);
  } catch (const Failure& failure) {
    if (failure.status != PRM_STATUS_BAD_FILE && failure.status != PRM_STATUS_UNSUPPORTED) throw;
    try {
      TensorRun(session, make_inputs(session, zeros(session, 64))).run(deadline_ns);
    } catch (const Failure&) {
      throw failure;
    }
  }
}

void run_one_step(const Session& session) {
  std::unique_ptr<float[]> logits(new float[size_t(session.info.vocabulary)]);
  run_tokens(session, {std::max(session.info.begin_token, 0)}, logits.get());
}

Failure too_slow(const std::string& path) {
  Failure failure;
  failure.status = PRM_STATUS_DEADLINE;
  failure.what_failed = "too slow for its size";
  failure.where = failure.file = path;
  failure.fix = "a file below 1 MiB has to load and run within a second: try 'premise infer'";
  failure.message = failure.what_failed + ": " + failure.fix;
  return failure;
}

int check_file(const CheckFlags& flags) {
  if (flags.model.empty() && flags.synth.empty()) fail_usage("no file", "PATH", "give the path of a model file");
  std::string kind = "unknown", path = flags.synth.empty() ? flags.model : flags.synth;
  try {
    int64_t size = 0, start_ns = prm_now_ns(), deadline_ns = 0;
    kind = flags.synth.empty() ? kind_of(path, size) : "gguf";
    CheckFlags within = flags;
    if ((kind == "onnx" || kind == "unknown") && size < kSmallFile) within.max_host_bytes = kSmallBytes, deadline_ns = start_ns + kSmallNs;
    Watchdog watchdog(deadline_ns, too_slow(path), flags.json);
    Session session = open_any_session(within, Weights::loaded, {.deadline_ns = deadline_ns});
    if (takes_tensors(session)) {
      kind = "onnx";
      run_on_zeros(session, deadline_ns);
    } else {
      run_one_step(session);
    }
    double ms = double(prm_now_ns() - start_ns) / 1e6;
    if (flags.json) {
      JsonWriter json;
      json.begin_object()
          .pair("path", path)
          .pair("kind", kind)
          .pair("ok", true)
          .pair("arch", session.info.architecture)
          .pair("parameters", session.info.parameters)
          .pair("ms", ms)
          .pair("peak_charged_bytes", peak_host_bytes(session));
      write_out(json.end_object().text() + "\n");
    } else {
      write_out(
          fmt::format("ok: {}: {}, {}, loads and runs\n", printable(path), kind, session.info.architecture));
    }
  } catch (Failure& failure) {
    std::string fields =
        JsonWriter().begin_object().pair("path", path).pair("kind", kind).pair("ok", false).end_object().text();
    failure.extra_json = fields.substr(1, fields.size() - 2) + ",";
    throw;
  }
  return kDone;
}

}  // namespace

Command add_check(CLI::App& program) {
  auto flags = std::make_shared<CheckFlags>();
  CLI::App* app = program.add_subcommand("check", "Check that a model loads and runs one step");
  app->add_option("PATH,-m,--model", flags->model, "The file (GGUF, ONNX), or a folder with safetensors")->type_name("PATH");
  add_synth_flag(*app, *flags);
  add_count(*app, "--threads", flags->threads, 1, 1025,
            "Threads that compute (default: all that this process may use)");
  add_output_flags(*app, *flags);
  app->footer(
      "Ends with 0 when the file is good, 1 when it is not. One step is a token, or an inference on zeros, with 1 for extents that are\n"
      "open. A file below 1 MiB that is no GGUF file is given a second, and 112 MiB for what the library holds.\n\n"
      "Examples:\n"
      "  premise check model.gguf\n"
      "  premise check model.onnx\n"
      "  premise check model.gguf --json");
  return {app, [flags] { return check_file(*flags); }};
}
