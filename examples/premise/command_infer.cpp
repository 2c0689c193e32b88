// premise infer: runs a model on named tensors.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "allocation_count.h"
#include "base/sha256.h"
#include "commands.h"
#include "failure.h"
#include "images.h"
#include "json_writer.h"
#include "run_times.h"
#include "session.h"
#include "tensors.h"
#include "terminal.h"

namespace {

struct InferFlags : ModelFlags {
  std::vector<std::string> outputs;
  ImageFlags images;
  int64_t repeat = 1, deadline_ms = 0;
};

struct OutputFile {
  std::string name, path;
};

std::vector<OutputFile> parse_outputs(const std::vector<std::string>& words) {
  std::vector<OutputFile> files;
  for (const std::string& word : words) {
    size_t equals = word.find('=');
    if (equals == word.npos || equals == 0 || equals + 1 == word.size()) fail_usage("no output", "--output " + word, "give NAME=FILE.npy");
    files.push_back({word.substr(0, equals), word.substr(equals + 1)});
  }
  return files;
}

void require_outputs(const Session& session, const std::vector<OutputFile>& files) {
  std::vector<std::string> names;
  for (const Port& port : model_ports(session, PRM_OUTPUT)) names.push_back(port.name);
  for (const OutputFile& file : files)
    if (std::find(names.begin(), names.end(), file.name) == names.end())
      fail_usage("the model has no such output", "--output " + file.name, printable(fmt::format("it has: {}", fmt::join(names, ", "))));
}

struct Result {
  double load_ms = 0, first_ms = 0;
  RunTimes times;
  int64_t allocations = 0;  // of the library, in the runs that are timed
};

Result run_all(const InferFlags& flags, TensorRun& run) {
  Result result;
  auto timed = [&] {
    int64_t began = prm_now_ns();
    run.run(flags.deadline_ms ? began + flags.deadline_ms * 1'000'000 : 0);
    return double(prm_now_ns() - began) / 1e6;
  };
  result.first_ms = timed();
  std::vector<double> ms;
  int64_t before = allocation_count();
  Progress progress(!flags.quiet);
  for (int64_t i = 0; i < flags.repeat; ++i) {
    progress.bar("runs", uint64_t(i), uint64_t(flags.repeat));
    ms.push_back(timed());
  }
  result.allocations = allocation_count() - before;
  result.times = run_times(std::move(ms));
  return result;
}

std::string result_json(const Session& session, const TensorRun& run, const Result& result) {
  JsonWriter json;
  json.begin_object().key("outputs").begin_object();
  for (const auto& [name, array] : run.outputs()) {
    json.key(name).begin_object().key("shape").list(array.shape).pair("dtype", dtype_name(array.dtype));
    json.pair("sha256", prm::sha256_hex(array.bytes.data(), array.bytes.size())).end_object();
  }
  json.end_object();
  write_times(json, result.times);
  json.pair("allocations", result.allocations).pair("load_ms", result.load_ms).pair("first_run_ms", result.first_ms);
  json.pair("isa", session.isa).pair("threads", session.threads).pair("peak_charged_bytes", peak_host_bytes(session)).pair("model", session.path);
  return json.end_object().text() + "\n";
}

std::string result_text(const TensorRun& run, const Result& result) {
  std::string text;
  for (const auto& [name, array] : run.outputs())
    text += fmt::format("{} {} [{}] sha256 {}\n", printable(name), dtype_name(array.dtype), fmt::join(array.shape, ", "), prm::sha256_hex(array.bytes.data(), array.bytes.size()));
  return text + fmt::format("{:.2f} ms median, {:.2f} at least, {:.2f} p99; {:.1f} ms to load, {:.2f} the first run\n", result.times.median, result.times.least, result.times.p99,
                            result.load_ms, result.first_ms);
}

int infer(const InferFlags& flags) {
  std::vector<OutputFile> files = parse_outputs(flags.outputs);
  std::vector<InputSpec> specs = parse_inputs(flags.inputs);
  std::vector<Pixels> images = read_images(flags.images);
  int64_t began = prm_now_ns();
  Session session = open_any_session(flags, Weights::loaded, {.shapes = spec_shapes(specs), .host = counting_host()});
  double load_ms = double(prm_now_ns() - began) / 1e6;
  require_outputs(session, files);
  prepare_images(session, flags.images, images, specs);
  TensorRun run(session, make_inputs(session, std::move(specs)));
  Result result = run_all(flags, run);
  result.load_ms = load_ms;
  for (const OutputFile& file : files)
    for (const auto& [name, array] : run.outputs())
      if (name == file.name) write_npy(file.path, array.dtype, array.shape, array.bytes.data());
  write_out(flags.json ? result_json(session, run, result) : result_text(run, result));
  return kDone;
}

}  // namespace

Command add_infer(CLI::App& program) {
  auto flags = std::make_shared<InferFlags>();
  CLI::App* app = program.add_subcommand("infer", "Run a model on tensors (ONNX)");
  add_model_flag(*app, *flags);
  add_input_flag(*app, *flags);
  add_image_flags(*app, flags->images);
  app->add_option("--output", flags->outputs, "Write an output here, as NumPy's .npy; bfloat16 becomes float32")->type_name("NAME=FILE.npy")->allow_extra_args(false);
  add_count(*app, "--repeat", flags->repeat, 1, 1 << 24, "Runs that are timed, behind a first one (default: 1)");
  add_count(*app, "--deadline-ms", flags->deadline_ms, 1, int64_t(1) << 40, "The most that a run may take (default: no bound)");
  add_thread_flags(*app, *flags);
  add_budget_flag(*app, *flags);
  add_output_flags(*app, *flags);
  app->footer(
      "Prints type, shape and sha256 of every output, and how long runs took. 'premise inspect' tells what a model takes;\n"
      "zeros and random (floats from 0 to 1, integers 0 and 1) make up inputs, of the model's shape where none is given.\n\n"
      "Examples:\n"
      "  premise infer model.onnx --input x=x.npy --output y=y.npy\n"
      "  premise infer model.onnx --input x=zeros:4x3 --repeat 100 --threads 1 --json\n"
      "  premise infer model.onnx --input x=random:1x3\n"
      "  premise infer classifier.onnx --image data=photo.ppm --mean 0.485,0.456,0.406 --deviation 0.229,0.224,0.225 --fit crop");
  return {app, [flags] { return infer(*flags); }};
}
