// premise plan: what a model will need, before a byte of its weights is read.
#include <fmt/format.h>

#include <memory>

#include "commands.h"
#include "failure.h"
#include "json_reader.h"
#include "plan_table.h"
#include "session.h"
#include "tensors.h"
#include "terminal.h"

namespace {

std::string plan_report(const Session& session, const ModelFlags& flags, prm_plan& plan) {
  prm_plan_options options = PRM_INIT(prm_plan_options);
  options.host_bytes = uint64_t(flags.max_host_bytes);
  std::string text(16384, '\0');
  size_t size = 0;
  check(prm_model_plan(session.model.get(), &options, &plan, text.data(), text.size(), &size), session.path);
  text.resize(size);
  return text;
}

std::string mebibytes(uint64_t bytes) { return fmt::format("{:>10.1f} MiB", double(bytes) / 1048576.0); }

void write_table(const ModelFlags& flags, const prm_plan& plan, const std::string& report) {
  std::string text = fmt::format("{}  in all, at the peak ({} bytes)\n", mebibytes(plan.host_bytes), plan.host_bytes);
  text += fmt::format("{}  weights\n{}  KV cache\n", mebibytes(plan.weight_bytes), mebibytes(plan.cache_bytes));
  if (plan.device_bytes) text += fmt::format("{}  in the GPU's memory, beside that ({} bytes)\n", mebibytes(plan.device_bytes), plan.device_bytes);
  text += fmt::format("{}  scratch of a step\n{}  tokenizer and graph\n", mebibytes(plan.scratch_bytes), mebibytes(plan.object_bytes));
  if (flags.max_host_bytes)
    text += fmt::format("{} {} bytes\n", plan.fits ? "fits in" : "does not fit in", flags.max_host_bytes);
  Json parsed = read_json(report);
  for (const Json& line : parsed["advice"].items) text += fmt::format("advice: {}\n", line.spelling);
  write_out(text);
}

struct PlanFlags : ModelFlags {
  bool table = false;
};

int plan_table(const PlanFlags& flags) {
  if (!flags.model.empty() || !flags.synth.empty()) fail_usage("a table of one model", "--table", "leave the model out: the table has models of its own");
  write_out(flags.json ? sizing_json() : sizing_document());
  return kDone;
}

int plan_model(const PlanFlags& flags) {
  if (flags.table) return plan_table(flags);
  std::vector<InputSpec> specs = parse_inputs(flags.inputs);
  Session session = open_any_session(flags, Weights::planned, {.shapes = spec_shapes(specs)});
  prm_plan plan = PRM_INIT(prm_plan);
  std::string report = plan_report(session, flags, plan);
  if (flags.json) write_out(report + "\n");
  else write_table(flags, plan, report);
  return kDone;
}

}  // namespace

Command add_plan(CLI::App& program) {
  auto flags = std::make_shared<PlanFlags>();
  CLI::App* app = program.add_subcommand("plan", "Tell the memory that a model will need, before it is loaded");
  add_model_flag(*app, *flags);
  add_compute_flags(*app, *flags);
  add_count(*app, "--sessions", flags->sessions, 0, 4096, "Conversations that are open at once; the cache holds so many contexts, one at least");
  add_input_flag(*app, *flags);
  app->add_flag("--table", flags->table, "Instead of one model's: the figures of 7B, 14B and 32B models, as docs/sizing.md has them");
  add_output_flags(*app, *flags);
  app->footer(
      "The figure is exact: 'premise run' with the same flags charges as many bytes, and runs within them; 'premise infer' likewise\n"
      "with inputs of the shapes of --input.\n\n"
      "Examples:\n"
      "  premise plan model.gguf\n"
      "  premise plan model.gguf --max-host-bytes 4G\n"
      "  premise plan --synth qwen2-7b-q4_k_m --ctx 8K\n"
      "  premise plan model.onnx --input x=zeros:64x3\n"
      "  premise plan model.gguf --ctx 128 --kv f32 --json");
  return {app, [flags] { return plan_model(*flags); }};
}
