// Premise beside llama.cpp on one text, teacher-forced, as llama-perplexity walks it:
//
//   compare MODEL TEXT [--ctx 512] [--chunks N] [--threads T] [--self 1]
//
// Both tokenize the whole text and must agree. Windows of ctx tokens, the first of each replaced by BOS where the file adds
// one; the logits of positions ctx/2 .. ctx-2 are scored on the token that follows. One JSON object on stdout, progress
// on stderr. llama.cpp: F16 cache, flash attention off.
//
// --self 1 puts llama.cpp with an F32 cache in the place of Premise: how far llama.cpp is from itself when only the rounding
// of the cache changes, which is the floor under any comparison with it.
#include "llama_side.h"

#include <premise/premise.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <thread>

namespace {

using Ids = std::vector<int32_t>;

void check(prm_status status) {
  if (status) throw std::runtime_error(std::string("premise: ") + prm_status_name(status) + ": " + prm_last_error());
}

struct Ours {
  prm_engine *engine = nullptr;
  prm_model *model = nullptr;

  Ours(const std::string &path, int32_t context, int32_t threads) {
    try {
      prm_engine_options engine_options = PRM_INIT(prm_engine_options);
      engine_options.threads = threads - 1;
      check(prm_engine_open(PRM_VERSION, &engine_options, &engine));
      prm_model_options model_options = PRM_INIT(prm_model_options);
      model_options.context = context;
      check(prm_model_open(engine, path.c_str(), &model_options, nullptr, &model));
    } catch (...) {
      close();
      throw;
    }
  }
  ~Ours() { close(); }
  Ours(const Ours &) = delete;
  Ours &operator=(const Ours &) = delete;

  void close() {
    prm_model_close(model);
    prm_engine_close(engine);
  }

  Ids tokenize(const std::string &text) const {
    prm_prompt prompt = PRM_INIT(prm_prompt);
    prompt.text = prm_text{text.data(), text.size()};
    Ids ids(3 * text.size() + 8);
    size_t count = 0;
    check(prm_tokenize(model, &prompt, ids.data(), ids.size(), &count));
    ids.resize(count);
    return ids;
  }

  // All positions' logits, [T, V].
  void run(const Ids &window, std::vector<float> &logits) const {
    Ids tokens = window;
    prm_tensor input{}, output{};
    input.name = "tokens";
    input.data = tokens.data();
    input.bytes = tokens.size() * sizeof(int32_t);
    input.dtype = PRM_DTYPE_I32;
    input.rank = 2;
    input.shape[0] = 1;
    input.shape[1] = static_cast<int64_t>(tokens.size());
    output.name = "logits";
    output.data = logits.data();
    output.bytes = logits.size() * sizeof(float);
    check(prm_run(model, &input, 1, nullptr, &output, 1));
    const int64_t columns = static_cast<int64_t>(logits.size() / tokens.size());
    const bool fits = output.dtype == PRM_DTYPE_F32 && output.rank == 3 && output.shape[0] == 1 &&
                      output.shape[1] == input.shape[1] && output.shape[2] == columns;
    if (!fits) throw std::runtime_error("premise: the logits are not [1, T, V] float32");
  }
};

// exp for x <= 0, relative error about 1e-7; written so that compilers vectorize it.
inline float exp_negative(float x) {
  x = x < -87.0f ? -87.0f : x;
  const float shifted = x * 1.44269504f + 12582912.0f;  // rounds to an integer in the low bits
  const float n = shifted - 12582912.0f;
  const float r = (x - n * 0.693145752f) - n * 1.42860677e-6f;
  float p = 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const uint32_t exponent = std::bit_cast<uint32_t>(shifted) << 23;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(p) + exponent);
}

struct Score {
  double nll_ours = 0, nll_peer = 0, kl = 0;
  bool same_top = false;
};

Score score(const float *ours, const float *peer, int32_t vocabulary, int32_t next) {
  const int32_t top_ours = static_cast<int32_t>(std::max_element(ours, ours + vocabulary) - ours);
  const int32_t top_peer = static_cast<int32_t>(std::max_element(peer, peer + vocabulary) - peer);
  const float max_ours = ours[top_ours], max_peer = peer[top_peer];

  constexpr int32_t lanes = 16;
  double sum_ours[lanes] = {}, sum_peer[lanes] = {}, gap[lanes] = {};
  const auto add = [&](int32_t id, int32_t lane) {
    const float weight = exp_negative(peer[id] - max_peer);
    sum_ours[lane] += double(exp_negative(ours[id] - max_ours));
    sum_peer[lane] += double(weight);
    gap[lane] += double(weight * (peer[id] - ours[id]));
  };
  const int32_t whole = vocabulary / lanes * lanes;
  for (int32_t id = 0; id < whole; id += lanes)
    for (int32_t lane = 0; lane < lanes; ++lane) add(id + lane, lane);
  for (int32_t id = whole; id < vocabulary; ++id) add(id, id - whole);
  for (int32_t lane = 1; lane < lanes; ++lane) {
    sum_ours[0] += sum_ours[lane];
    sum_peer[0] += sum_peer[lane];
    gap[0] += gap[lane];
  }

  Score result;
  const double log_ours = double(max_ours) + std::log(sum_ours[0]), log_peer = double(max_peer) + std::log(sum_peer[0]);
  result.nll_ours = log_ours - double(ours[next]);
  result.nll_peer = log_peer - double(peer[next]);
  result.kl = gap[0] / sum_peer[0] - log_peer + log_ours;
  result.same_top = top_ours == top_peer;
  if (!std::isfinite(result.nll_ours) || !std::isfinite(result.nll_peer) || !std::isfinite(result.kl))
    throw std::runtime_error("a logit is not finite");
  return result;
}

Ids tokens_of_both(const llama_vocab *vocab, const Ours &ours, const std::string &text) {
  const Ids theirs = golden::tokenize(vocab, text);
  const Ids mine = ours.tokenize(text);
  if (mine == theirs) return mine;
  const size_t shorter = std::min(mine.size(), theirs.size());
  size_t at = 0;
  while (at < shorter && mine[at] == theirs[at]) ++at;
  throw std::runtime_error("the tokenizers disagree from token " + std::to_string(at) + " on; ours: " +
                           (at < mine.size() ? std::to_string(mine[at]) : "end") +
                           ", llama.cpp: " + (at < theirs.size() ? std::to_string(theirs[at]) : "end"));
}

// All positions' logits of llama.cpp, [T, V].
void run_peer(llama_context *peer, const Ids &window, int32_t vocabulary, std::vector<float> &logits) {
  golden::forget(peer);
  golden::decode(peer, window, 0, 0);
  for (size_t i = 0; i < window.size(); ++i)
    std::copy_n(llama_get_logits_ith(peer, static_cast<int32_t>(i)), vocabulary,
                logits.begin() + static_cast<ptrdiff_t>(i) * vocabulary);
}

int compare(const golden::Arguments &arguments) {
  const int32_t context = arguments.number("--ctx", 512);
  const int32_t threads = arguments.number("--threads", 2);
  const std::string path = arguments.words.at(0);
  const std::string text = golden::read_file(arguments.words.at(1));
  if (context < 4) throw std::runtime_error("--ctx: at least 4");

  const golden::Model model = golden::open_model(path);
  const llama_vocab *vocab = llama_model_get_vocab(model.get());
  const int32_t vocabulary = llama_vocab_n_tokens(vocab);
  golden::ContextOptions options;
  options.tokens = context;
  options.threads = threads;
  const golden::Context peer = golden::open_context(model.get(), options);
  const Ours ours(path, context, threads);
  golden::Context other;
  if (arguments.number("--self", 0)) {
    options.cache = GGML_TYPE_F32;
    other = golden::open_context(model.get(), options);
  }

  const Ids tokens = tokens_of_both(vocab, ours, text);
  const int32_t available = static_cast<int32_t>(tokens.size()) / context;
  if (available < 1) throw std::runtime_error(arguments.words.at(1) + ": shorter than one window");
  const int32_t chunks = std::min(arguments.number("--chunks", available), available);

  const int32_t first = context / 2, per_chunk = context - 1 - first;
  std::vector<float> logits(static_cast<size_t>(context) * static_cast<size_t>(vocabulary));
  std::vector<Score> scores(static_cast<size_t>(per_chunk));
  double nll_ours = 0, nll_peer = 0, kl = 0, max_kl = 0;
  int64_t scored = 0, same_top = 0;

  for (int32_t chunk = 0; chunk < chunks; ++chunk) {
    const auto begin = tokens.begin() + static_cast<ptrdiff_t>(chunk) * context;
    Ids window(begin, begin + context);
    if (llama_vocab_get_add_bos(vocab)) window[0] = llama_vocab_bos(vocab);
    if (other) run_peer(other.get(), window, vocabulary, logits);
    else ours.run(window, logits);
    golden::forget(peer.get());
    golden::decode(peer.get(), window, 0, static_cast<size_t>(first));

    std::vector<const float *> theirs;  // fetched on this thread: the getter is not made for several
    for (int32_t i = 0; i < per_chunk; ++i) theirs.push_back(llama_get_logits_ith(peer.get(), first + i));
    std::vector<std::exception_ptr> troubles(static_cast<size_t>(threads));
    std::vector<std::thread> workers;
    for (int32_t worker = 0; worker < threads; ++worker)
      workers.emplace_back([&, worker] {
        try {
          for (int32_t i = worker; i < per_chunk; i += threads) {
            const auto index = static_cast<size_t>(i), position = static_cast<size_t>(first + i);
            const float *row = logits.data() + position * static_cast<size_t>(vocabulary);
            scores[index] = score(row, theirs[index], vocabulary, window[position + 1]);
          }
        } catch (...) {
          troubles[static_cast<size_t>(worker)] = std::current_exception();
        }
      });
    for (std::thread &worker : workers) worker.join();
    for (const std::exception_ptr &trouble : troubles)
      if (trouble) std::rethrow_exception(trouble);

    for (const Score &one : scores) {
      nll_ours += one.nll_ours;
      nll_peer += one.nll_peer;
      kl += one.kl;
      max_kl = std::max(max_kl, one.kl);
      same_top += one.same_top;
      ++scored;
    }
    const double n = double(scored);
    std::fprintf(stderr, "compare: %d/%d  perplexity %.4f ours, %.4f llama.cpp; mean KL %.2e, top-1 %.4f\n", chunk + 1, chunks,
                 std::exp(nll_ours / n), std::exp(nll_peer / n), kl / n, double(same_top) / n);
  }

  const double n = double(scored);
  std::printf("{\"tokens\":%zu,\"ctx\":%d,\"chunks\":%d,\"scored\":%lld,\"nll_ours\":%.8g,\"nll_peer\":%.8g,\"ppl_ours\":%.8g,"
              "\"ppl_peer\":%.8g,\"ratio\":%.8g,\"mean_kl\":%.6g,\"max_kl\":%.6g,\"top1_agree\":%.6g}\n",
              tokens.size(), context, chunks, static_cast<long long>(scored), nll_ours / n, nll_peer / n, std::exp(nll_ours / n),
              std::exp(nll_peer / n), std::exp((nll_ours - nll_peer) / n), kl / n, max_kl, double(same_top) / n);
  return 0;
}

}  // namespace

int main(int count, char **values) {
  return golden::guarded_main("compare", [&] {
    const golden::Arguments arguments = golden::parse_arguments(count, values);
    if (arguments.words.size() == 2) return compare(arguments);
    std::fputs("usage: compare MODEL TEXT [--ctx 512] [--chunks N] [--threads T] [--self 1]\n", stderr);
    return 2;
  });
}
