#include "bench_tensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <iostream>

#include "arguments.h"
#include "failure.h"
#include "json_writer.h"
#include "run_times.h"
#include "system.h"
#include "tensors.h"
#include "terminal.h"

namespace {

constexpr double kEnoughMs = 1000;
constexpr size_t kLeastRuns = 3, kMostRuns = 100000;

struct Result {
  double first_ms = 0, peak_rss_mb = -1;
  std::vector<double> ms;
};

double timed_ms(TensorRun& run) {
  int64_t began = prm_now_ns();
  run.run();
  return double(prm_now_ns() - began) / 1e6;
}

Result measure(const TensorBenchFlags& flags, TensorRun& run) {
  Result result;
  result.first_ms = timed_ms(run);
  size_t most = flags.runs ? size_t(flags.runs) : kMostRuns;
  Progress progress(!flags.quiet);
  for (double spent = 0; result.ms.size() < most && (flags.runs || result.ms.size() < kLeastRuns || spent < kEnoughMs);) {
    progress.bar("runs", result.ms.size(), uint64_t(flags.runs));
    result.ms.push_back(timed_ms(run));
    spent += result.ms.back();
  }
  result.peak_rss_mb = peak_rss_mb();
  return result;
}

// One answer a line, so that runs of several programs can take turns.
void serve(TensorRun& run, const Session& session, double load_ms) {
  double first_ms = timed_ms(run);
  for (std::string line; std::getline(std::cin, line);) {
    JsonWriter json;
    json.begin_object();
    if (line == "machine") {
      json.pair("isa", session.isa).pair("cpu", processor_name(session)).pair("threads", session.threads);
    } else if (line == "load") {
      json.pair("load_s", (load_ms + first_ms) / 1e3);
    } else {
      int count = 0;
      auto [end, wrong] = std::from_chars(line.data(), line.data() + line.size(), count);
      if (wrong != std::errc() || end != line.data() + line.size() || count < 1) fail_usage("no number of runs", "stdin", "give a line like 20");
      std::vector<double> seconds(static_cast<size_t>(count));
      for (double& one : seconds) one = timed_ms(run) / 1e3;
      json.key("s").list(seconds);
    }
    write_out(json.end_object().text() + "\n");
  }
}

}  // namespace

int bench_tensors(const TensorBenchFlags& flags, const Session& session, double load_ms) {
  std::vector<NamedArray> inputs = make_inputs(session, parse_inputs(flags.inputs), "random");
  std::vector<std::pair<std::string, std::vector<int64_t>>> shapes;
  for (const NamedArray& input : inputs) shapes.push_back({input.name, input.array.shape});
  TensorRun run(session, std::move(inputs));
  if (flags.serve) {
    serve(run, session, load_ms);
    return 0;
  }
  Result result = measure(flags, run);
  RunTimes times = run_times(result.ms);
  if (flags.json) {
    JsonWriter json;
    json.begin_object().pair("runs_s", 1000 / times.median);
    write_times(json, times);
    json.pair("runs", uint64_t(result.ms.size())).pair("load_ms", load_ms).pair("first_run_ms", result.first_ms).measured("peak_rss_mb", result.peak_rss_mb);
    json.pair("isa", session.isa).pair("cpu", processor_name(session)).pair("threads", session.threads).key("shapes").begin_object();
    for (const auto& [name, shape] : shapes) json.key(name).list(shape);
    write_out(json.end_object().pair("model", session.path).end_object().text() + "\n");
    return 0;
  }
  std::string text = fmt::format("{:<12} {}, {}, {} thread{}\n", "machine", processor_name(session), session.isa, session.threads, session.threads == 1 ? "" : "s");
  for (const auto& [name, shape] : shapes) text += fmt::format("{:<12} {} [{}]\n", "input", name, fmt::join(shape, ", "));
  text += fmt::format("{:<12} {:>9.1f} ms, first run {:.2f} ms\n", "load", load_ms, result.first_ms);
  text += fmt::format("{:<12} {:>9.1f} a second: {:.3f} ms median, {:.3f} at least, {:.3f} p99, of {}\n", "runs", 1000 / times.median, times.median, times.least, times.p99,
                      result.ms.size());
  if (result.peak_rss_mb > 0) text += fmt::format("{:<12} {:>9.1f} MB at most\n", "memory", result.peak_rss_mb);
  write_out(text);
  return 0;
}
