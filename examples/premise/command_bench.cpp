// premise bench: how fast a model runs here, beside what this machine could do at most.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "bench_rounds.h"
#include "bench_tensors.h"
#include "commands.h"
#include "failure.h"
#include "json_writer.h"
#include "probe.h"
#include "session.h"
#include "system.h"
#include "tensors.h"
#include "terminal.h"

namespace {

struct BenchFlags : TensorBenchFlags {
  int64_t prompt = 512, gen = 64, repeat = 3;
};

struct Result {
  double load_ms = 0, first_token_ms = 0;       // of the first round, nothing warm but the file
  double prefill_tok_s = 0, decode_tok_s = -1;  // medians
  double bytes_per_token = 0, share_read = -1, share_int8 = -1, peak_rss_mb = -1;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

Result measure(const BenchFlags& flags, const Session& session, double load_ms) {
  Result result;
  result.load_ms = load_ms;
  std::vector<int32_t> prompt = spread_ids(flags.prompt, session.info.vocabulary);
  std::vector<double> prefill, decode;
  Progress progress(!flags.quiet);
  for (int64_t i = 0; i <= flags.repeat; ++i) {
    progress.bar("rounds", uint64_t(i), uint64_t(flags.repeat + 1));
    Round round = run_round(session, prompt, flags.gen);
    if (i == 0) {
      result.first_token_ms = round.prefill_s * 1e3;
      continue;
    }
    prefill.push_back(double(flags.prompt) / round.prefill_s);
    if (flags.gen) decode.push_back(double(flags.gen) / round.decode_s);
  }
  result.prefill_tok_s = median(prefill);
  if (flags.gen) result.decode_tok_s = median(decode);
  return result;
}

void hold_against(Result& result, const BenchFlags& flags, const Traffic& traffic, const Ceilings& ceilings) {
  result.bytes_per_token = bytes_per_token(traffic, flags.prompt, flags.gen);
  if (flags.gen) result.share_read = result.bytes_per_token * result.decode_tok_s / (ceilings.read_gbs * 1e9);
  if (traffic.prompt_macs > 0)
    result.share_int8 = 2 * traffic.prompt_macs * result.prefill_tok_s / (ceilings.int8_gops * 1e9);
}

JsonWriter& write_machine(JsonWriter& json, const Session& session, const Ceilings& ceilings) {
  return json.pair("isa", session.isa)
      .pair("cpu", processor_name(session))
      .pair("threads", session.threads)
      .pair("read_gbs_probe", ceilings.read_gbs)
      .pair("int8_gops_probe", ceilings.int8_gops)
      .pair("fma_gflops_probe", ceilings.fma_gflops)
      .pair("read_pattern", ceilings.read_pattern)
      .pair("int8_kind", ceilings.int8_kind);
}

std::string result_json(const BenchFlags& flags, const Session& session, const Result& result,
                        const Ceilings& ceilings) {
  JsonWriter json;
  json.begin_object()
      .pair("prefill_tok_s", result.prefill_tok_s)
      .measured("decode_tok_s", result.decode_tok_s)
      .key("batch")
      .begin_object()  // one sequence at a time in this release
      .end_object()
      .pair("load_ms", result.load_ms)
      .pair("first_token_ms", result.first_token_ms)
      .measured("peak_rss_mb", result.peak_rss_mb);
  write_machine(json, session, ceilings)
      .pair("bytes_per_token", result.bytes_per_token)
      .measured("share_read", result.share_read)
      .measured("share_int8", result.share_int8)
      .pair("prompt", flags.prompt)
      .pair("gen", flags.gen)
      .pair("repeat", flags.repeat)
      .pair("model", session.path);
  return json.end_object().text() + "\n";
}

std::string result_table(const BenchFlags& flags, const Session& session, const Result& result,
                         const Ceilings& ceilings) {
  auto share = [](double part, const char* of) {
    return part < 0 ? std::string() : fmt::format("{:>5.1f} % of {}", part * 100, of);
  };
  std::string text = fmt::format("{:<12} {}, {}, {} thread{}\n", "machine", processor_name(session), session.isa,
                                 session.threads, session.threads == 1 ? "" : "s");
  text += fmt::format("{:<12} {:>9.1f} GB/s read ({})\n", "ceilings", ceilings.read_gbs, ceilings.read_pattern);
  text += fmt::format("{:<12} {:>9.1f} Gop/s int8 ({})\n", "", ceilings.int8_gops, ceilings.int8_kind);
  text += fmt::format("{:<12} {:>9.1f} Gflop/s fma\n", "", ceilings.fma_gflops);
  text +=
      fmt::format("{:<12} {:>9.1f} ms, first token after {:.1f} ms\n", "load", result.load_ms, result.first_token_ms);
  text += fmt::format("{:<12} {:>9.1f} tok/s {}\n", fmt::format("prefill {}", flags.prompt), result.prefill_tok_s,
                      share(result.share_int8, "int8"));
  if (flags.gen)
    text += fmt::format("{:<12} {:>9.1f} tok/s {}, {:.1f} MB a token\n", fmt::format("decode {}", flags.gen),
                        result.decode_tok_s, share(result.share_read, "read"), result.bytes_per_token / 1e6);
  if (result.peak_rss_mb > 0) text += fmt::format("{:<12} {:>9.1f} MB at most\n", "memory", result.peak_rss_mb);
  return text;
}

// One answer a line, so that rounds of several programs can take turns.
void serve(const BenchFlags& flags, const Session& session) {
  Traffic traffic = read_traffic(session);
  for (std::string line; std::getline(std::cin, line);) {
    JsonWriter json;
    json.begin_object();
    if (line == "machine") {
      write_machine(json, session, probe_ceilings(session.threads))
          .pair("bytes_per_token", bytes_per_token(traffic, flags.prompt, flags.gen))
          .measured("prompt_macs", traffic.prompt_macs);
    } else {
      Round round = run_round(session, parse_ids("stdin", line), flags.gen);
      json.pair("prefill_s", round.prefill_s)
          .pair("decode_s", round.decode_s)
          .pair("prefill_cpu_s", round.prefill_cpu_s)
          .pair("decode_cpu_s", round.decode_cpu_s)
          .key("ids")
          .list(round.ids);
    }
    write_out(json.end_object().text() + "\n");
  }
}

int bench(BenchFlags& flags) {
  if (flags.serve && flags.json) fail_usage("two forms of answer", "--serve and --json", "give one of them");
  if (!flags.context) flags.context = flags.prompt + flags.gen + 1;
  int64_t began = prm_now_ns();
  std::vector<InputSpec> specs = parse_inputs(flags.inputs);
  Session session = open_any_session(flags, Weights::loaded, {.shapes = spec_shapes(specs)});
  double load_ms = double(prm_now_ns() - began) / 1e6;
  if (takes_tensors(session)) return bench_tensors(flags, session, load_ms);
  if (flags.serve) {
    serve(flags, session);
    return kDone;
  }
  Result result = measure(flags, session, load_ms);
  result.peak_rss_mb = peak_rss_mb();  // before the probes take their buffer
  Ceilings ceilings = probe_ceilings(session.threads);
  hold_against(result, flags, read_traffic(session), ceilings);
  write_out(flags.json ? result_json(flags, session, result, ceilings)
                       : result_table(flags, session, result, ceilings));
  return kDone;
}

}  // namespace

Command add_bench(CLI::App& program) {
  auto flags = std::make_shared<BenchFlags>();
  CLI::App* app = program.add_subcommand("bench", "Measure speed, beside what this machine can do at most");
  add_model_flag(*app, *flags);
  add_count(*app, "--prompt", flags->prompt, 1, 1 << 20, "Tokens of the prompt (default: 512)");
  add_count(*app, "--gen", flags->gen, 0, 1 << 20, "Tokens to generate behind it (default: 64)");
  add_count(*app, "--repeat", flags->repeat, 1, 1000, "Rounds, of which the median counts (default: 3)");
  add_input_flag(*app, *flags);
  add_count(*app, "--runs", flags->runs, 1, 1 << 24, "Runs of a model that takes tensors (default: for about a second)");
  app->add_flag("--serve", flags->serve,
                "One round for each line of token ids on stdin, one JSON object a line; the line 'machine' asks for "
                "the ceilings. Of a model that takes tensors: as many runs as the line says; 'load' tells how long it took to open");
  add_compute_flags(*app, *flags);
  add_output_flags(*app, *flags);
  app->footer(
      "The ceilings are measured in the same process: memory read (the best of several access patterns on one and on "
      "all\n"
      "threads), 8-bit multiply-adds and float32 fused multiply-adds, two operations each. Decoding is held against "
      "the\n"
      "first (weights and cache that a token reads), the prompt against the second. The time of the prompt ends with "
      "the\n"
      "first token. Greedy; end tokens are passed over; one round to warm up. A model that takes tensors (ONNX) is run on random values,\n"
      "of the shapes of --input, with 1 for an extent that nobody tells.\n\n"
      "Examples:\n"
      "  premise bench model.gguf --prompt 32 --gen 8 --repeat 1\n"
      "  premise bench -m model.gguf --prompt 16 --gen 4 --threads 1 --json\n"
      "  premise bench model.onnx --input x=random:8x3 --runs 20 --json\n"
      "  printf '2,10,11\\n2,12\\n' | premise bench -m model.gguf --prompt 8 --gen 4 --serve");
  return {app, [flags] { return bench(*flags); }};
}
