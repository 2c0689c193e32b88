#include "failure.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "json_writer.h"
#include "terminal.h"

namespace {

struct Words {
  prm_status status;
  const char* what;
  const char* fix;  // when the library's sentence ends without one
};
constexpr Words kWords[] = {
    {PRM_STATUS_INVALID_ARGUMENT, "not accepted", ""},
    {PRM_STATUS_UNSUPPORTED, "not supported", "use a model that this release reads"},
    {PRM_STATUS_NOT_FOUND, "not found", ""},
    {PRM_STATUS_VERSION_MISMATCH, "the library does not fit this program", ""},
    {PRM_STATUS_BAD_FILE, "malformed file", "fetch it again, or compare its checksum"},
    {PRM_STATUS_IO, "cannot read", ""},
    {PRM_STATUS_DIGEST, "not what the manifest says", ""},
    {PRM_STATUS_LIMIT, "over a limit", ""},
    {PRM_STATUS_OUT_OF_MEMORY, "out of memory", "close other programs, or give a smaller --ctx"},
    {PRM_STATUS_OUT_OF_DEVICE_MEMORY, "out of the GPU's memory", "give fewer --gpu-layers, or a smaller --ctx"},
    {PRM_STATUS_CANCELLED, "cancelled", "run it again"},
    {PRM_STATUS_DEADLINE, "the deadline has passed", "give a larger --deadline-ms"},
    {PRM_STATUS_DEVICE_UNAVAILABLE, "device not available", ""},
    {PRM_STATUS_DEVICE_LOST, "the GPU was lost", "run 'premise doctor'"},
    {PRM_STATUS_NUMERIC, "NaN or infinity", "the model's file may be damaged: compare its checksum"},
    {PRM_STATUS_CONTEXT_FULL, "the prompt is too long", "give a larger --ctx, or a shorter prompt"},
    {PRM_STATUS_INTERNAL, "a bug of the library, contained", "please report it"},
};

const Words& words_of(prm_status status) {
  for (const Words& words : kWords)
    if (words.status == status) return words;
  return kWords[std::size(kWords) - 1];
}

[[noreturn]] void fail_as(ExitCode exit_code, prm_status status, std::string what, std::string where, std::string fix) {
  Failure failure;
  failure.exit_code = exit_code;
  failure.status = status;
  failure.message = fmt::format("{}: {}: {}", what, where, fix);
  failure.item = where;
  failure.what_failed = std::move(what);
  failure.where = std::move(where);
  failure.fix = std::move(fix);
  throw failure;
}

}  // namespace

void fail_with(prm_status status, std::string what, std::string where, std::string fix) {
  fail_as(kFailed, status, std::move(what), std::move(where), std::move(fix));
}

void fail_usage(std::string what, std::string where, std::string fix) {
  fail_as(kWrongUsage, PRM_STATUS_INVALID_ARGUMENT, std::move(what), std::move(where), std::move(fix));
}

void fail_system(const std::string& what, const std::string& file, int code) {
  bool missing = code == ENOENT;
  fail_in_file(missing ? PRM_STATUS_NOT_FOUND : PRM_STATUS_IO, what, file,
               missing ? "no such file: check the path" : std::strerror(code));
}

void fail_in_file(prm_status status, std::string what, const std::string& file, std::string why) try {
  fail_with(status, std::move(what), file, std::move(why));
} catch (Failure& failure) {
  failure.file = file;
  failure.item.clear();
  throw;
}

void fail_interrupted(const std::string& file) {
  Failure failure;
  failure.exit_code = kInterrupted;
  failure.status = PRM_STATUS_CANCELLED;
  failure.what_failed = failure.message = "interrupted";
  failure.where = failure.file = file;
  throw failure;
}

void fail_from_library(prm_status status, const std::string& file) {
  if (status == PRM_STATUS_CANCELLED && interrupted()) fail_interrupted(file);
  prm_error_info info = PRM_INIT(prm_error_info);
  prm_error_query(&info);
  const Words& words = words_of(status);
  Failure failure;
  failure.status = status;
  failure.message = info.message;
  failure.file = file;
  if (info.subject != file) failure.item = info.subject;
  failure.what_failed = words.what;
  // The sentence often opens with the thing at fault: the line names it once.
  std::string_view subject = info.subject, rest = failure.message;
  failure.where = subject.empty() || (rest.starts_with(subject) && !file.empty()) ? file : subject;
  if (rest.starts_with(failure.where + ": ")) rest.remove_prefix(failure.where.size() + 2);
  failure.fix = rest;
  if (*words.fix && rest.find(": ") == rest.npos) failure.fix += fmt::format(": {}", words.fix);
  throw failure;
}

void print_failure(const Failure& failure, bool as_json) {
  if (as_json) {
    JsonWriter json;
    json.begin_object().pair("status", prm_status_name(failure.status)).pair("code", failure.status);
    json.pair("message", printable(failure.message)).pair("file", failure.file).pair("item", failure.item).end_object();
    write_out(fmt::format("{{{}\"error\":{}}}\n", failure.extra_json, json.text()));
    return;
  }
  std::string line = failure.what_failed;
  if (!failure.where.empty()) line += ": " + failure.where;
  if (!failure.fix.empty()) line += ": " + failure.fix;
  write_talk(fmt::format("{}premise:{} {}\n", talk_style("\x1b[31m"), talk_style("\x1b[0m"), printable(line)));
}

std::string printable(std::string_view text, std::string_view kept) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if ((byte < 0x20 && kept.find(text[i]) == kept.npos) || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {  // C1 controls, which terminals obey too
      out += fmt::format("\\x{:02x}", next);
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}
