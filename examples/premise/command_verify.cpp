// premise verify: are a model's files what they were, and its weights numbers? Writes the manifest that says what they were, too.
#include <fmt/format.h>

#include <memory>

#include "commands.h"
#include "failure.h"
#include "json_reader.h"
#include "json_writer.h"
#include "session.h"
#include "system.h"
#include "terminal.h"
#include "whole_file.h"

namespace {

constexpr size_t kMaxManifestBytes = size_t(64) << 20;

struct VerifyFlags : ModelFlags {
  std::string manifest, write;
  bool digests = false;
};

// Beside the model, whether it is a file or a folder.
std::string default_manifest(std::string model) {
  while (model.size() > 1 && (model.back() == '/' || model.back() == '\\')) model.pop_back();
  return model + ".manifest.json";
}

int32_t show_summing(void* user, const char*, uint64_t done, uint64_t total) {
  static_cast<Progress*>(user)->bar("summing", done, total);
  return 0;
}

std::string manifest_of(const Session& session, bool quiet) {
  size_t size = 0;
  prm_status status = prm_model_manifest(session.model.get(), nullptr, nullptr, 0, &size);
  if (status != PRM_STATUS_BUFFER_TOO_SMALL) check(status, session.path);
  std::string text(size + 1, '\0');
  Progress progress(!quiet);
  prm_control control = make_control();
  control.on_progress = show_summing;
  control.user = &progress;
  status = prm_model_manifest(session.model.get(), &control, text.data(), text.size(), &size);
  progress.clear();
  check(status, session.path);
  text.resize(size);
  return text;
}

// The library compares checksums; whether they are the same files, whoever wished to deceive, only digests tell.
void compare_digests(const Session& session, const std::string& manifest, bool quiet) {
  Json told = read_json(manifest), found = read_json(manifest_of(session, quiet));
  for (size_t i = 0; i < found["files"].items.size(); ++i) {
    const Json& file = found["files"].items[i];
    const std::string &ours = file["sha256"].spelling, &theirs = told["files"].items[i]["sha256"].spelling;
    if (ours == theirs) continue;
    fail_with(PRM_STATUS_DIGEST, "not what the manifest says", file["name"].spelling,
              fmt::format("its SHA-256 is {}, the manifest says {}: fetch it again", ours, theirs));
  }
}

struct Verified {
  uint64_t tensors = 0, bytes = 0, files = 0;
  std::string manifest;  // its path; "" where there is none
  double ms = 0;
};

Verified count_tensors(const Session& session) {
  Verified found;
  Json report = read_json(model_report(session, PRM_REPORT_INSPECT));
  for (const Json& tensor : report["tensors"].items) found.bytes += tensor["bytes"].integer();
  found.tensors = report["tensors"].items.size();
  return found;
}

Verified write_manifest(const VerifyFlags& flags) {
  Session session = open_session(flags, Weights::verified);
  std::string manifest = manifest_of(session, flags.quiet);
  write_whole_file(flags.write, manifest + "\n");
  Verified found = count_tensors(session);
  found.manifest = flags.write;
  found.files = read_json(manifest)["files"].items.size();
  return found;
}

Verified verify_model(const VerifyFlags& flags) {
  std::string path = flags.manifest.empty() ? default_manifest(flags.model) : flags.manifest, manifest;
  bool has_one = !flags.manifest.empty() || is_there(path);
  if (flags.digests && !has_one) fail_system("no manifest to compare with", path, ENOENT);
  if (has_one) manifest = read_input(path, kMaxManifestBytes);
  Session session = open_session(flags, Weights::verified, has_one ? manifest.c_str() : nullptr);
  if (flags.digests) compare_digests(session, manifest, flags.quiet);
  Verified found = count_tensors(session);
  if (has_one) {
    found.manifest = path;
    found.files = read_json(manifest)["files"].items.size();
  }
  return found;
}

std::string summary(const VerifyFlags& flags, const Verified& found) {
  std::string model = printable(flags.model), manifest = printable(found.manifest);
  if (!flags.write.empty())
    return fmt::format("written: {}: {} files with {} tensors, all weights are finite\n", manifest, found.files, found.tensors);
  if (!found.manifest.empty())
    return fmt::format("ok: {}: {} files with {} tensors are as {} says, all weights are finite\n", model, found.files, found.tensors,
                       manifest);
  return fmt::format("ok: {}: the weights of {} tensors are finite; there is no {} to compare checksums with\n", model, found.tensors,
                     printable(default_manifest(flags.model)));
}

int verify(const VerifyFlags& flags) {
  if (flags.model.empty()) fail_usage("no model", "PATH", "give the path of a model, a GGUF file or a folder with safetensors");
  if (!flags.write.empty() && (!flags.manifest.empty() || flags.digests))
    fail_usage("two tasks", "--write", "leave out --manifest and --sha256, or --write");
  try {
    int64_t start_ns = prm_now_ns();
    Verified found = flags.write.empty() ? verify_model(flags) : write_manifest(flags);
    found.ms = double(prm_now_ns() - start_ns) / 1e6;
    if (flags.json) {
      JsonWriter json;
      json.begin_object().pair("path", flags.model).pair("ok", true).key("manifest");
      found.manifest.empty() ? json.null() : json.value(found.manifest);
      json.pair("written", !flags.write.empty()).pair("sha256", flags.digests).pair("files", found.files);
      json.pair("tensors", found.tensors).pair("tensor_bytes", found.bytes).pair("ms", found.ms);
      write_out(json.end_object().text() + "\n");
    } else if (!flags.quiet) {
      write_out(summary(flags, found));
    }
  } catch (Failure& failure) {
    std::string fields = JsonWriter().begin_object().pair("path", flags.model).pair("ok", false).end_object().text();
    failure.extra_json = fields.substr(1, fields.size() - 2) + ",";
    throw;
  }
  return kDone;
}

}  // namespace

Command add_verify(CLI::App& program) {
  auto flags = std::make_shared<VerifyFlags>();
  CLI::App* app = program.add_subcommand("verify", "Check a model's files against a manifest, and its weights for NaN");
  app->add_option("PATH,-m,--model", flags->model, "The model, a GGUF file or a folder with safetensors")->type_name("PATH");
  app->add_option("--manifest", flags->manifest, "The manifest (default: PATH.manifest.json, where it is there)")->type_name("FILE");
  app->add_option("--write", flags->write, "Write the manifest of the model as it is now")->type_name("FILE");
  app->add_flag("--sha256", flags->digests, "Compare each file's SHA-256 as well, which takes longer");
  add_output_flags(*app, *flags);
  app->footer(
      "Reads all files. A manifest has a checksum of each tensor and of all else in each file, so that a bit that\n"
      "has changed is found, and the tensor named. Ends with 0 when all is well, 1 when it is not.\n\n"
      "Examples:\n"
      "  premise verify model.gguf --write model.gguf.manifest.json\n"
      "  premise verify model.gguf\n"
      "  premise verify model.gguf --manifest model.gguf.manifest.json --sha256 --json");
  return {app, [flags] { return verify(*flags); }};
}
