// premise synth: a model of the shape of a real one, of random weights, as a file; or made and thrown away, for its speed and digest.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "base/sha256.h"
#include "commands.h"
#include "failure.h"
#include "json_writer.h"
#include "synth_file.h"
#include "synth_flag.h"
#include "system.h"
#include "terminal.h"
#include "whole_file.h"

namespace {

struct SynthFlags : OutputFlags {
  std::string name, out;
  bool force = false, digest = false;
};

struct Made {
  double seconds = 0;
  std::string sha256;  // where it was asked for
};

// A disk that is too small is told before it is full. Where the system does not say, writing will.
void require_room(const std::string& path, uint64_t size) {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::path(std::u8string(path.begin(), path.end())).parent_path();
  auto room = std::filesystem::space(folder.empty() ? "." : folder, error);
  if (!error && room.available < size)
    fail_in_file(PRM_STATUS_IO, "no room", path, fmt::format("it would have {} bytes, the disk has {} left: give -o on another one", size, room.available));
}

// Beside the file that it will be, so that what stood there stays until all is written.
class NewFile {
 public:
  explicit NewFile(const std::string& path) : path_(path), beside_(path + ".new"), file_(open_file(beside_, "wb")) {
    if (!file_) fail_system("cannot write", path_, errno);
  }
  ~NewFile() {
    if (file_) std::fclose(file_);
    if (!done_) remove_file(beside_);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  void write(const std::vector<uint8_t>& bytes, size_t size) {
    if (std::fwrite(bytes.data(), 1, size, file_) != size) fail_system("cannot write", path_, errno);
  }
  void finish() {
    bool written = flush_file(file_);
    int code = written ? 0 : errno;
    if (std::fclose(file_) && !code) code = errno;
    file_ = nullptr;
    if (!code && !replace_file(beside_, path_)) code = errno;
    if (code) fail_system("cannot write", path_, code);
    done_ = true;
  }

 private:
  std::string path_, beside_;
  std::FILE* file_;
  bool done_ = false;
};

// Piece by piece into the file (NULL: nowhere) and the digest.
Made make_model(const SynthFlags& flags, const SynthFile& model, NewFile* file) {
  std::vector<uint8_t> piece(size_t(4) << 20);
  prm::Sha256 sum;
  Progress progress(!flags.quiet);
  int64_t began = prm_now_ns();
  for (uint64_t at = 0; at < model.size();) {
    auto size = size_t(std::min<uint64_t>(piece.size(), model.size() - at));
    model.read(at, size, piece.data());
    if (file) file->write(piece, size);
    if (flags.digest) sum.add(piece.data(), size);
    at += size;
    progress.bar(file ? "writing" : "making", at, model.size());
    if (interrupted()) fail_interrupted(flags.out.empty() ? flags.name : flags.out);
  }
  if (file) file->finish();
  Made made;
  made.seconds = double(prm_now_ns() - began) / 1e9;
  char hex[prm::kSha256HexSize];
  if (flags.digest) sum.finish(hex), made.sha256.assign(hex, sizeof hex);
  return made;
}

std::string result_json(const SynthFlags& flags, const SynthFile& model, const Made& made) {
  JsonWriter json;
  json.begin_object().pair("model", model.model().name).pair("seed", model.model().seed).key("path");
  flags.out.empty() ? json.null() : json.value(flags.out);
  json.pair("bytes", model.size()).pair("tensors", uint64_t(model.tensors().size())).key("sha256");
  made.sha256.empty() ? json.null() : json.value(made.sha256);
  json.pair("seconds", made.seconds).pair("gb_per_s", double(model.size()) / 1e9 / made.seconds);
  return json.end_object().text() + "\n";
}

int synth(const SynthFlags& flags) {
  if (flags.name.empty()) fail_usage("no model", "NAME", "give one, such as qwen2-7b-q4_k_m");
  SynthFile model(parse_synth("NAME", flags.name));
  std::unique_ptr<NewFile> file;
  if (!flags.out.empty()) {
    if (!flags.force && is_there(flags.out)) fail_usage("there is a file already", flags.out, "give another -o, or --force to replace it");
    require_room(flags.out, model.size());
    file = std::make_unique<NewFile>(flags.out);
  }
  Made made = make_model(flags, model, file.get());
  if (flags.json) {
    write_out(result_json(flags, model, made));
  } else if (!flags.quiet || !made.sha256.empty()) {
    std::string text = fmt::format("{}: {} bytes in {} tensors, {:.1f} s, {:.2f} GB/s\n", file ? "written: " + printable(flags.out) : "made: " + model.model().name,
                                   model.size(), model.tensors().size(), made.seconds, double(model.size()) / 1e9 / made.seconds);
    if (!made.sha256.empty()) text += "sha256 " + made.sha256 + "\n";
    write_out(text);
  }
  return kDone;
}

}  // namespace

Command add_synth(CLI::App& program) {
  auto flags = std::make_shared<SynthFlags>();
  CLI::App* app = program.add_subcommand("synth", "Write a model of random weights in the shape of a real one");
  app->add_option("NAME", flags->name, "Shape and type, such as qwen2-7b-q4_k_m; NAME:SEED takes another seed than 1")->type_name("");
  app->add_option("-o,--out", flags->out, "Write a GGUF file here; without it the bytes are made and thrown away")->type_name("FILE");
  app->add_flag("--force", flags->force, "Replace a file that is there");
  app->add_flag("--sha256", flags->digest, "Tell the digest of all bytes");
  add_output_flags(*app, *flags);
  app->footer(
      "Shapes: qwen2-0.5b, qwen2-1.5b, qwen2-7b, qwen2-14b, qwen2-32b (Qwen2.5), llama-8b (Llama 3), and for tests qwen2-tiny and\n"
      "llama-tiny. Types: q4_k_m, q8_0, f16. A model has the size, the tensors and types, and so the memory and the speed of the real\n"
      "one, without a download; what it says is noise. The same name and seed are the same bytes everywhere. All commands that take -m\n"
      "take --synth NAME as well, and then read the same bytes without a file.\n\n"
      "Examples:\n"
      "  premise synth qwen2-tiny-q8_0\n"
      "  premise synth llama-tiny-q4_k_m:7 -o tiny.gguf --force\n"
      "  premise run --synth qwen2-tiny-q4_k_m -p \"the hand\" -n 8\n"
      "  premise synth qwen2-tiny-f16 --sha256 --json");
  return {app, [flags] { return synth(*flags); }};
}
