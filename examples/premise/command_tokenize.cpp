// premise tokenize: text to token ids, and back.
#include <algorithm>
#include <memory>

#include "commands.h"
#include "failure.h"
#include "json_writer.h"
#include "session.h"
#include "terminal.h"

namespace {

struct TokenizeFlags : ModelFlags {
  TextFlags text;
  std::string ids;
  bool has_ids = false, lines = false, special = false, no_begin = false;
};

uint32_t prompt_flags(const TokenizeFlags& flags) {
  return (flags.special ? uint32_t(PRM_PROMPT_SPECIAL) : 0) | (flags.no_begin ? uint32_t(PRM_PROMPT_NO_BOS) : 0);
}

int print_text(const TokenizeFlags& flags, const Session& session) {
  std::vector<int32_t> ids = parse_ids("--detokenize", flags.ids == "-" ? read_input("-") : flags.ids);
  uint32_t detokenize_flags = flags.special ? PRM_PROMPT_SPECIAL : 0;
  size_t size = 0;
  prm_status status = prm_detokenize(session.model.get(), ids.data(), ids.size(), detokenize_flags, nullptr, 0, &size);
  if (status != PRM_STATUS_BUFFER_TOO_SMALL) check(status, session.path);
  std::string text(size + 1, '\0');
  check(prm_detokenize(session.model.get(), ids.data(), ids.size(), detokenize_flags, text.data(), text.size(), &size),
        session.path);
  text.resize(size);
  if (flags.json) write_out(JsonWriter().begin_object().pair("text", text).end_object().text() + "\n");
  else write_out(out_is_terminal() ? printable(text, "\n\t") + "\n" : text);
  return kDone;
}

// Lines end at \n alone: a \r is text. Without --json one array a line, as they come.
int print_lines(const TokenizeFlags& flags, const Session& session, std::string_view text) {
  JsonWriter all;
  all.begin_object().key("lines").begin_array();
  std::string ready;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::vector<int32_t> ids = tokenize(session, text.substr(0, end), prompt_flags(flags));
    if (flags.json) all.list(ids);
    else ready += JsonWriter().list(ids).text() + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
    if (ready.size() < 65536 && !text.empty()) continue;
    write_out(ready);
    ready.clear();
  }
  if (flags.json) write_out(all.end_array().end_object().text() + "\n");
  return kDone;
}

int tokenize_text(const TokenizeFlags& flags) {
  bool has_text = flags.text.has_text || !flags.text.file.empty();
  if (flags.has_ids && (has_text || flags.lines))
    fail_usage("two tasks", "--detokenize", "give either a text or token ids");
  std::string text = flags.has_ids ? "" : read_text(flags.text);
  Session session = open_session(flags, Weights::left_out);
  if (flags.has_ids) return print_text(flags, session);
  if (flags.lines) return print_lines(flags, session, text);
  std::vector<int32_t> ids = tokenize(session, text, prompt_flags(flags));
  if (flags.json) write_out(JsonWriter().begin_object().key("ids").list(ids).end_object().text() + "\n");
  else write_out(JsonWriter().list(ids).text() + "\n");
  return kDone;
}

}  // namespace

Command add_tokenize(CLI::App& program) {
  auto flags = std::make_shared<TokenizeFlags>();
  CLI::App* app = program.add_subcommand("tokenize", "Turn text into token ids, or ids into text");
  add_model_flag(*app, *flags);
  add_text_flags(*app, flags->text);
  app->add_flag("--lines", flags->lines, "Each line by itself: one JSON array a line");
  app->add_flag("--special", flags->special, "Control tokens are recognised, and shown by --detokenize");
  app->add_flag("--no-bos", flags->no_begin, "Put no begin token in front");
  app->add_option_function<std::string>(
         "--detokenize",
         [f = flags.get()](const std::string& ids) {
           f->ids = ids;
           f->has_ids = true;
         },
         "Print the text of these token ids; - reads stdin")
      ->type_name("IDS");
  add_output_flags(*app, *flags);
  app->footer(
      "Examples:\n"
      "  premise tokenize -m model.gguf -p \"Hello world\"\n"
      "  premise tokenize -m model.gguf -f text.txt --lines --no-bos\n"
      "  premise tokenize -m model.gguf --detokenize 3,4,5 --json");
  return {app, [flags] { return tokenize_text(*flags); }};
}
