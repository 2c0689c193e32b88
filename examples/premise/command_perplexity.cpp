// premise perplexity: how well a model predicts a text. Windows of ctx tokens that do not overlap; the first token of each
// is the model's begin token where the file asks for one; predictions count from the middle of a window on, so that each
// has at least half a window before it. (As llama-perplexity counts.)
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <thread>

#include "commands.h"
#include "failure.h"
#include "json_writer.h"
#include "session.h"
#include "terminal.h"

namespace {

struct PerplexityFlags : ModelFlags {
  std::string file;
  int64_t windows = 0;
};

// -log softmax(logits)[token]
double negative_log_likelihood(const float* logits, int64_t V, int32_t token) {
  double most = double(logits[index_of_largest(logits, V)]), sum = 0;
  for (int64_t i = 0; i < V; ++i) sum += std::exp(double(logits[i]) - most);
  return std::log(sum) - (double(logits[token]) - most);
}

// Of a window's counted tokens. Threads share the positions; the sum is in their order.
double window_nll(const Session& session, const std::vector<int32_t>& window, const float* logits) {
  int64_t V = session.info.vocabulary;
  size_t begin = window.size() / 2, end = window.size() - 1;
  std::vector<double> nll(window.size());
  auto work = [&](size_t first) {
    for (size_t t = begin + first; t < end; t += size_t(session.threads))
      nll[t] = negative_log_likelihood(logits + int64_t(t) * V, V, window[t + 1]);
  };
  std::vector<std::jthread> helpers;
  for (int i = 1; i < session.threads; ++i) helpers.emplace_back(work, size_t(i));
  work(0);
  helpers.clear();
  return std::accumulate(nll.begin(), nll.end(), 0.0);
}

int perplexity(PerplexityFlags flags) {
  if (flags.file.empty()) fail_usage("no text", "-f", "give -f FILE");
  size_t ctx = size_t(flags.context);
  std::string text = read_input(flags.file);
  Session session = open_session(flags, Weights::loaded);
  std::vector<int32_t> tokens = tokenize(session, text, 0);
  size_t windows = tokens.size() / ctx;
  if (!windows)
    fail_with(
        PRM_STATUS_INVALID_ARGUMENT, "the text is too short", flags.file,
        fmt::format("it has {} tokens, a window needs {}: give a longer text or a smaller --ctx", tokens.size(), ctx));
  if (flags.windows) windows = std::min(windows, size_t(flags.windows));

  std::unique_ptr<float[]> logits(new float[ctx * size_t(session.info.vocabulary)]);
  Progress progress(!flags.quiet);
  double nll = 0;
  size_t counted = 0;
  int64_t start_ns = prm_now_ns();
  for (size_t w = 0; w < windows; ++w) {
    std::vector<int32_t> window(tokens.begin() + int64_t(w * ctx), tokens.begin() + int64_t((w + 1) * ctx));
    if (session.info.begin_token >= 0) window[0] = session.info.begin_token;
    run_tokens(session, window, logits.get());
    nll += window_nll(session, window, logits.get());
    counted += ctx - 1 - ctx / 2;
    double left_s = double(prm_now_ns() - start_ns) / 1e9 / double(w + 1) * double(windows - w - 1);
    progress.line(fmt::format("window {} of {}: perplexity {:.4f} so far, {:.0f} s left", w + 1, windows,
                              std::exp(nll / double(counted)), left_s));
  }
  progress.clear();
  double seconds = double(prm_now_ns() - start_ns) / 1e9, mean = nll / double(counted);
  if (flags.json) {
    JsonWriter json;
    json.begin_object()
        .pair("perplexity", std::exp(mean))
        .pair("nll", mean)
        .pair("tokens", uint64_t(counted))
        .pair("ctx", uint64_t(ctx))
        .pair("chunks", uint64_t(windows))
        .pair("seconds", seconds)
        .pair("isa", session.isa)
        .pair("threads", session.threads);
    write_out(json.pair("model", session.path).end_object().text() + "\n");
    return kDone;
  }
  write_out(fmt::format("perplexity: {:.4f}\n", std::exp(mean)));
  if (!flags.quiet)
    write_talk(fmt::format("nll {:.5f} over {} tokens, {} windows of {} in {:.1f} s, {}, {} threads\n", mean, counted,
                           windows, ctx, seconds, session.isa, session.threads));
  return kDone;
}

}  // namespace

Command add_perplexity(CLI::App& program) {
  auto flags = std::make_shared<PerplexityFlags>();
  CLI::App* app = program.add_subcommand("perplexity", "Measure how well a model predicts a text");
  add_model_flag(*app, *flags);
  app->add_option("-f,--file", flags->file, "The text; - reads stdin")->type_name("FILE");
  add_count(*app, "--chunks", flags->windows, 1, 1 << 30, "Windows to measure, at most (default: all)");
  add_compute_flags(*app, *flags);
  add_output_flags(*app, *flags);
  flags->context = 512;
  app->footer(
      "--ctx is the window here: 4 or more tokens (default: 512).\n\n"
      "Examples:\n"
      "  premise perplexity -m model.gguf -f text.txt --ctx 64\n"
      "  premise perplexity -m model.gguf -f text.txt --ctx 64 --chunks 2 --json");
  return {app, [flags] {
            if (flags->context < 4)
              fail_usage("out of range", fmt::format("--ctx {}", flags->context), "give a window of 4 or more tokens");
            return perplexity(*flags);
          }};
}
