// premise logits: the model's raw output for given token ids, [T, V] float32, with a checksum to compare by.
#include <fmt/format.h>

#include <memory>

#include "base/sha256.h"
#include "commands.h"
#include "failure.h"
#include "json_writer.h"
#include "npy_file.h"
#include "session.h"
#include "terminal.h"

namespace {

struct LogitsFlags : ModelFlags {
  std::string ids, file, out;
};

int print_logits(const LogitsFlags& flags) {
  if (flags.ids.empty() == flags.file.empty())
    fail_usage("token ids", "--ids and -f", "give exactly one: --ids 1,2,3 or -f FILE");
  std::vector<int32_t> ids =
      flags.file.empty() ? parse_ids("--ids", flags.ids) : parse_ids("-f", read_input(flags.file));
  Session session = open_session(flags, Weights::loaded);
  int64_t T = int64_t(ids.size()), V = session.info.vocabulary;
  std::unique_ptr<float[]> logits(new float[size_t(T * V)]);
  run_tokens(session, ids, logits.get());
  if (!flags.out.empty()) write_npy(flags.out, {T, V}, logits.get());

  std::vector<int32_t> largest;
  for (int64_t t = 0; t < T; ++t) largest.push_back(index_of_largest(logits.get() + t * V, V));
  std::string digest = prm::sha256_hex(logits.get(), size_t(T * V) * sizeof(float));
  if (!flags.json) {
    write_out(fmt::format("sha256 {}\nargmax {}\n", digest, JsonWriter().list(largest).text()));
    return kDone;
  }
  JsonWriter json;
  json.begin_object().pair("sha256", digest).key("argmax").list(largest).key("shape").list(std::vector<int64_t>{T, V});
  json.pair("dtype", "float32").pair("isa", session.isa).pair("threads", session.threads).pair("model", session.path);
  write_out(json.end_object().text() + "\n");
  return kDone;
}

}  // namespace

Command add_logits(CLI::App& program) {
  auto flags = std::make_shared<LogitsFlags>();
  CLI::App* app = program.add_subcommand("logits", "Write a model's logits for given token ids");
  add_model_flag(*app, *flags);
  app->add_option("--ids", flags->ids, "Token ids, such as 1,2,3")->type_name("IDS");
  app->add_option("-f,--file", flags->file, "The ids are in this file; - reads stdin")->type_name("FILE");
  app->add_option("-o,--out", flags->out, "Write [T, V] float32 here, as NumPy's .npy")->type_name("OUT.npy");
  add_compute_flags(*app, *flags);
  add_output_flags(*app, *flags);
  app->footer(
      "Prints sha256, over the floats as they lie in memory, and argmax, one id a position.\n\n"
      "Examples:\n"
      "  premise logits -m model.gguf --ids 1,2,3 -o out.npy\n"
      "  premise logits -m model.gguf -f ids.txt --threads 1 --json");
  return {app, [flags] { return print_logits(*flags); }};
}
