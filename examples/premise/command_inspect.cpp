// premise inspect: what is in a model file, without reading its weights.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "commands.h"
#include "failure.h"
#include "json_reader.h"
#include "json_writer.h"
#include "session.h"
#include "tensors.h"
#include "terminal.h"

namespace {

struct InspectFlags : ModelFlags {
  bool graph = false, tensors = false;
};

std::string bytes_text(uint64_t bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double size = double(bytes);
  size_t unit = 0;
  for (; size >= 1024 && unit < 4; ++unit) size /= 1024;
  return unit ? fmt::format("{:.1f} {}", size, units[unit]) : fmt::format("{} B", bytes);
}

std::string count_text(uint64_t count) {
  if (count < 1'000'000) return fmt::format("{}", count);
  return count < 1'000'000'000 ? fmt::format("{:.1f} M", double(count) / 1e6)
                               : fmt::format("{:.2f} G", double(count) / 1e9);
}

std::string shape_text(const Json& shape) {
  if (shape.kind != Json::array) return "of any shape";
  std::string text;
  for (const Json& extent : shape.items) text += (text.empty() ? "" : ", ") + printable(extent.spelling);
  return "[" + text + "]";
}

// A value on one line: long texts and arrays are cut.
std::string value_text(const Json& value) {
  constexpr size_t kShown = 72;
  if (value.kind != Json::array) {
    std::string text = printable(value.spelling);
    if (text.size() <= kShown) return text;
    size_t end = kShown;
    while (end && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return fmt::format("{}... ({} bytes)", text.substr(0, end), value.spelling.size());
  }
  std::string text;
  for (const Json& item : value.items) {
    text += (text.empty() ? "" : ", ") + value_text(item);
    if (text.size() > kShown) return fmt::format("[{} elements]", value.items.size());
  }
  return "[" + text + "]";
}

std::string tensors_text(const Json& tensors) {
  size_t widest = 0;
  for (const Json& tensor : tensors.items) widest = std::max(widest, printable(tensor["name"].spelling).size());
  std::string text;
  for (const Json& tensor : tensors.items)
    text += fmt::format("{:<{}}  {:<5} {:>10}  {}\n", printable(tensor["name"].spelling), widest,
                        tensor["type"].spelling, bytes_text(tensor["bytes"].integer()), shape_text(tensor["shape"]));
  return text;
}

std::string io_text(const char* title, const Json& list) {
  std::string text;
  for (const Json& one : list.items)
    text += fmt::format("{:<13} {} {} {}\n", title, printable(one["name"].spelling), shape_text(one["shape"]),
                        one["dtype"].spelling);
  return text;
}

std::string counts_text(const char* title, const Json& counts) {
  std::string text = fmt::format("{:<13}", title);
  for (size_t i = 0; i < counts.keys.size(); ++i) text += fmt::format(" {} {}", printable(counts.keys[i]), counts.items[i].spelling);
  return text + "\n";
}

std::string summary_text(const Session& session, const Json& report) {
  struct Share {
    uint64_t count = 0, bytes = 0;
  };
  std::map<std::string, Share> types;
  Share all;
  for (const Json& tensor : report["tensors"].items) {
    uint64_t bytes = tensor["bytes"].integer();
    Share& share = types[tensor["type"].spelling];
    ++share.count, ++all.count;
    share.bytes += bytes, all.bytes += bytes;
  }
  std::string text = fmt::format("{:<13} {}\n{:<13} {}\n{:<13} {}\n", "model", printable(session.path), "kind",
                                 report["kind"].spelling, "architecture", printable(report["arch"].spelling));
  text += fmt::format("{:<13} {}\n", "parameters", count_text(session.info.parameters));
  if (!takes_tensors(session)) {
    text += fmt::format("{:<13} {} tokens, opened with {} unless --ctx says more\n", "context",
                        report["context"].spelling, session.info.context);
    text += fmt::format("{:<13} {} tokens\n", "vocabulary", session.info.vocabulary);
    text += fmt::format("{:<13} {}\n", "width", session.info.width);
  }
  text += fmt::format("{:<13} {}, {}\n", "tensors", all.count, bytes_text(all.bytes));
  for (const auto& [type, share] : types)
    text += fmt::format("  {:<11} {:>4}, {}\n", type, share.count, bytes_text(share.bytes));
  text += io_text("input", report["inputs"]) + io_text("output", report["outputs"]);
  if (takes_tensors(session)) text += counts_text("operators", report["operators"]);
  text += counts_text("ops", report["ops"]);
  if (!report["unplanned"].spelling.empty())
    text += fmt::format("{:<13} no: {}; extents that are open are 1 unless --input NAME=zeros:SHAPE tells them\n", "planned", printable(report["unplanned"].spelling));
  const Json& metadata = report["metadata"];
  text += "metadata\n";
  for (size_t i = 0; i < metadata.keys.size(); ++i)
    text += fmt::format("  {} = {}\n", printable(metadata.keys[i]), value_text(metadata.items[i]));
  return text;
}

std::string graph_json(std::string_view graph) {
  JsonWriter json;
  json.begin_object().key("graph").begin_array();
  while (!graph.empty()) {
    size_t end = std::min(graph.find('\n'), graph.size());
    json.value(graph.substr(0, end));
    graph.remove_prefix(std::min(end + 1, graph.size()));
  }
  return json.end_array().end_object().text();
}

int inspect(const InspectFlags& flags) {
  std::vector<InputSpec> specs = parse_inputs(flags.inputs);
  Session session = open_any_session(flags, Weights::left_out, {.shapes = spec_shapes(specs)});
  if (flags.graph) {
    std::string graph = model_report(session, PRM_REPORT_GRAPH);
    if (flags.json) graph = graph_json(graph);
    if (!graph.ends_with('\n')) graph += '\n';
    write_out(graph);
    return kDone;
  }
  std::string report = model_report(session, PRM_REPORT_INSPECT);
  if (flags.json) write_out(report + "\n");
  else if (flags.tensors) write_out(tensors_text(read_json(report)["tensors"]));
  else write_out(summary_text(session, read_json(report)));
  return kDone;
}

}  // namespace

Command add_inspect(CLI::App& program) {
  auto flags = std::make_shared<InspectFlags>();
  CLI::App* app = program.add_subcommand("inspect", "Show what is in a model file");
  add_model_flag(*app, *flags);
  app->add_flag("--graph", flags->graph, "The graph, one line a node");
  app->add_flag("--tensors", flags->tensors, "The tensors, one line each");
  add_input_flag(*app, *flags);
  add_output_flags(*app, *flags);
  app->footer(
      "Reads the header alone, so that it is quick for any size. The graph of an ONNX file is that for the shapes of --input, with 1\n"
      "for an extent that neither they nor the file tell.\n\n"
      "Examples:\n"
      "  premise inspect model.gguf\n"
      "  premise inspect -m model.gguf --tensors\n"
      "  premise inspect -m model.gguf --graph\n"
      "  premise inspect model.onnx --graph --input x=zeros:8x3\n"
      "  premise inspect -m model.gguf --json");
  return {app, [flags] { return inspect(*flags); }};
}
