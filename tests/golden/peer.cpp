// Asks llama.cpp: greedy ids, token ids, logits, speed. Its answers are the goldens of this folder.
//
//   peer greedy   MODEL PROMPTS.json N [--threads T]            one JSON line per prompt
//   peer tokenize MODEL LINES [--special on|off]                one JSON array (or null) per line
//   peer tokenize-time MODEL TEXT                               one JSON object: tokens, and the best of five times
//   peer words    PATTERNS.json LINES                           per name one JSON array: ends of the words of each text
//   peer logits   MODEL IDS OUT.npy [--threads T]               [T, V] float32, F32 cache
//   peer speed    MODEL [--prompt N] [--gen N] [--threads T]    one JSON object
//   peer serve    MODEL [--prompt N] [--gen N] [--threads T] [--flash on|off] [--repack on|off]
//                                                               one JSON object per line of stdin
//   peer first-token MODEL TEXT [--ctx N] [--threads T] [--repack on|off]
//                                                               the text of one greedy token, and no more
//   peer quantize MODEL OUT TYPE [--threads T]                  every matrix in one type: q4_1, q3_k, ...
#include "llama_side.h"

#include <nlohmann/json.hpp>
#include <unicode.h>

#include <algorithm>
#include <ctime>
#include <iostream>

namespace {

using golden::Arguments;
using Json = nlohmann::ordered_json;

const char *usage =
    "usage:\n"
    "  peer greedy   MODEL PROMPTS.json N [--threads T]\n"
    "  peer tokenize MODEL LINES [--special on|off]\n"
    "  peer tokenize-time MODEL TEXT\n"
    "  peer words    PATTERNS.json LINES\n"
    "  peer logits   MODEL IDS OUT.npy [--threads T]\n"
    "  peer speed    MODEL [--prompt N] [--gen N] [--threads T]\n"
    "  peer serve    MODEL [--prompt N] [--gen N] [--threads T] [--flash on|off] [--repack on|off]\n"
    "  peer first-token MODEL TEXT [--ctx N] [--threads T] [--repack on|off]\n"
    "  peer quantize MODEL OUT TYPE [--threads T]\n";

// The largest logit (the lowest id among equals) and its distance to the second.
struct Top {
  llama_token id = 0;
  float margin = 0;
};

Top top_of(const float *logits, int32_t vocabulary) {
  Top top;
  float second = -INFINITY;
  for (int32_t id = 1; id < vocabulary; ++id) {
    if (logits[id] > logits[top.id]) {
      second = logits[top.id];
      top.id = id;
    } else {
      second = std::max(second, logits[id]);
    }
  }
  top.margin = logits[top.id] - second;
  return top;
}

// The same id at little cost, since it stands inside what is timed.
llama_token quick_top(const float *logits, int32_t vocabulary) {
  constexpr int32_t lanes = 16;
  float most[lanes];
  std::fill(most, most + lanes, -INFINITY);
  int32_t id = 0;
  for (; id + lanes <= vocabulary; id += lanes)
    for (int32_t i = 0; i < lanes; ++i) most[i] = logits[id + i] > most[i] ? logits[id + i] : most[i];
  for (; id < vocabulary; ++id) most[0] = std::max(most[0], logits[id]);
  const float top = *std::max_element(most, most + lanes);
  return static_cast<llama_token>(std::find(logits, logits + vocabulary, top) - logits);
}

// Prompts: a JSON array of strings or of {"text": ..., "special": true}. F16 cache, flash attention off. Generation goes
// on after an end token, so every line has N ids; "stop" is the index of the first such token, or N.
int greedy(const Arguments &arguments) {
  const int32_t wanted = Arguments::to_number("N", arguments.words.at(3));
  const Json prompts = Json::parse(golden::read_file(arguments.words.at(2)));
  const golden::Model model = golden::open_model(arguments.words.at(1));
  const llama_vocab *vocab = llama_model_get_vocab(model.get());
  const int32_t vocabulary = llama_vocab_n_tokens(vocab);

  for (const Json &prompt : prompts) {
    const bool plain = prompt.is_string();
    const std::string text = plain ? prompt.get<std::string>() : prompt.at("text").get<std::string>();
    const bool special = !plain && prompt.value("special", false);
    const std::vector<llama_token> prompt_ids = golden::tokenize(vocab, text, special);
    if (prompt_ids.empty()) throw std::runtime_error("an empty prompt");

    golden::ContextOptions options;
    options.tokens = static_cast<int32_t>(prompt_ids.size()) + wanted;
    options.threads = arguments.number("--threads", 2);
    const golden::Context context = golden::open_context(model.get(), options);
    golden::decode(context.get(), prompt_ids, 0, prompt_ids.size() - 1);

    Json line = {{"prompt", text}, {"prompt_ids", prompt_ids}, {"ids", Json::array()}, {"margins", Json::array()}};
    if (special) line["special"] = true;
    int32_t stop = wanted;
    auto position = static_cast<int32_t>(prompt_ids.size());
    for (int32_t made = 0; made < wanted; ++made) {
      const Top top = top_of(llama_get_logits_ith(context.get(), -1), vocabulary);
      line["ids"].push_back(top.id);
      if (stop == wanted && llama_vocab_is_eog(vocab, top.id)) stop = made;
      line["margins"].push_back(std::round(double(top.margin) * 1e5) / 1e5);
      if (made + 1 < wanted) golden::decode(context.get(), {top.id}, position++, 0);
    }
    line["stop"] = stop;
    std::cout << line.dump() << std::endl;
  }
  return 0;
}

// Raw bytes, one text per line, '\n' between them.
std::vector<std::string> read_lines(const std::string &path) {
  const std::string bytes = golden::read_file(path);
  std::vector<std::string> lines;
  for (size_t at = 0; at < bytes.size();) {
    const size_t end = std::min(bytes.find('\n', at), bytes.size());
    lines.push_back(bytes.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// null: llama.cpp refused the line by an exception.
int tokenize(const Arguments &arguments) {
  const golden::Model model = golden::open_model(arguments.words.at(1), true);
  const llama_vocab *vocab = llama_model_get_vocab(model.get());
  const bool special = arguments.on("--special", false);
  std::string out;
  for (const std::string &line : read_lines(arguments.words.at(2))) {
    try {
      out += Json(golden::tokenize(vocab, line, special)).dump();
    } catch (const std::exception &error) {
      std::fprintf(stderr, "peer: a line of %zu bytes: %s\n", line.size(), error.what());
      out += "null";
    }
    out += '\n';
  }
  std::cout << out;
  return 0;
}

int tokenize_time(const Arguments &arguments) {
  const std::string text = golden::read_file(arguments.words.at(2));
  const golden::Model model = golden::open_model(arguments.words.at(1), true);
  size_t tokens = 0;
  double best = INFINITY;
  for (int round = 0; round < 5; ++round) {
    const int64_t start = llama_time_us();
    tokens = golden::tokenize(llama_model_get_vocab(model.get()), text).size();
    best = std::min(best, double(llama_time_us() - start) * 1e-6);
  }
  std::cout << Json{{"bytes", text.size()}, {"tokens", tokens}, {"seconds", best}}.dump() << std::endl;
  return 0;
}

// PATTERNS.json: {name: [regular expression of each pass]}. A text is two neighbouring lines with a line break of some kind
// between them. Ends count bytes of it as llama.cpp reads it: what is no UTF-8 is U+FFFD. null: it refused the text.
int words(const Arguments &arguments) {
  const Json patterns = Json::parse(golden::read_file(arguments.words.at(1)));
  const std::vector<std::string> lines = read_lines(arguments.words.at(2));
  const std::vector<std::string> breaks = {"\n", " \n", "\n\n ", "\r\n", "\n  "};
  for (const auto &[name, passes] : patterns.items()) {
    Json all = Json::array();
    for (size_t i = 0; i + 1 < lines.size(); ++i) {
      const std::string text = lines[i] + breaks[i % breaks.size()] + lines[i + 1];
      try {
        Json ends = Json::array();
        size_t end = 0;
        for (const std::string &word : unicode_regex_split(text, passes.get<std::vector<std::string>>(), false))
          if (!word.empty()) ends.push_back(end += word.size());
        all.push_back(ends);
      } catch (const std::exception &) {
        all.push_back(nullptr);
      }
    }
    std::cout << all.dump() << std::endl;
  }
  return 0;
}

void write_npy(const std::string &path, const std::vector<float> &values, size_t rows, size_t columns) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " +
                       std::to_string(columns) + "), }";
  header.resize((header.size() + 10 + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  header += '\n';
  std::ofstream out(path, std::ios::binary);
  out.write("\x93NUMPY\x01\x00", 8);
  const char size[2] = {static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  out.write(size, 2);
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  out.write(reinterpret_cast<const char *>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  out.close();
  if (!out) throw std::runtime_error(path + ": cannot write");
}

// IDS: a text file of ids, separated by commas. F32 cache, flash attention off, all tokens in one call.
int logits(const Arguments &arguments) {
  const std::string text = golden::read_file(arguments.words.at(2));
  std::vector<llama_token> ids;
  for (const Json &id : Json::parse("[" + text + "]")) ids.push_back(id.get<llama_token>());
  if (ids.empty()) throw std::runtime_error("no ids in " + arguments.words.at(2));

  const golden::Model model = golden::open_model(arguments.words.at(1));
  const int32_t vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model.get()));
  golden::ContextOptions options;
  options.tokens = static_cast<int32_t>(ids.size());
  options.threads = arguments.number("--threads", 2);
  options.cache = GGML_TYPE_F32;
  const golden::Context context = golden::open_context(model.get(), options);
  golden::decode(context.get(), ids, 0, 0);

  std::vector<float> all;
  for (size_t i = 0; i < ids.size(); ++i) {
    const float *row = llama_get_logits_ith(context.get(), static_cast<int32_t>(i));
    all.insert(all.end(), row, row + vocabulary);
  }
  write_npy(arguments.words.at(3), all, ids.size(), static_cast<size_t>(vocabulary));
  return 0;
}

std::string version_text() { return std::string("llama.cpp ") + llama_version() + " (" PEER_PACKAGE ")"; }

double seconds_since(int64_t start_us) { return double(llama_time_us() - start_us) * 1e-6; }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Flash attention on, F16 cache, one round to warm up, then the median of three.
int speed(const Arguments &arguments) {
  const int32_t prompt = arguments.number("--prompt", 128);
  const int32_t gen = arguments.number("--gen", 32);
  const int32_t threads = arguments.number("--threads", 2);
  const golden::Model model = golden::open_model(arguments.words.at(1));
  const int32_t vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model.get()));
  golden::ContextOptions options;
  options.tokens = prompt + gen;
  options.threads = threads;
  options.flash_attention = true;
  const golden::Context context = golden::open_context(model.get(), options);

  uint32_t state = 1;
  std::vector<llama_token> ids(static_cast<size_t>(prompt));
  for (llama_token &id : ids) {
    state = state * 1664525u + 1013904223u;
    id = static_cast<llama_token>((state >> 8) % static_cast<uint32_t>(vocabulary));
  }
  std::vector<double> prefill, decode;
  for (int round = 0; round < 4; ++round) {
    golden::forget(context.get());
    int64_t start = llama_time_us();
    golden::decode(context.get(), ids, 0, ids.size() - 1);
    const double prefill_s = seconds_since(start);
    start = llama_time_us();
    for (int32_t i = 0; i < gen; ++i) {
      const Top top = top_of(llama_get_logits_ith(context.get(), -1), vocabulary);
      golden::decode(context.get(), {top.id}, prompt + i, 0);
    }
    const double decode_s = seconds_since(start);
    if (round == 0) continue;
    prefill.push_back(prompt / prefill_s);
    decode.push_back(gen / decode_s);
  }
  const Json line = {{"prefill_tok_s", median(prefill)},
                     {"decode_tok_s", median(decode)},
                     {"prefill_samples", prefill},
                     {"decode_samples", decode},
                     {"prompt", prompt},
                     {"gen", gen},
                     {"threads", threads},
                     {"version", version_text()},
                     {"system", llama_print_system_info()}};
  std::cout << line.dump() << std::endl;
  return 0;
}

double cpu_seconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

// Wall and CPU seconds of what stands between go() and stop().
struct Stopwatch {
  double wall = 0, cpu = 0;
  void go() {
    wall -= double(llama_time_us()) * 1e-6;
    cpu -= cpu_seconds();
  }
  void stop() {
    wall += double(llama_time_us()) * 1e-6;
    cpu += cpu_seconds();
  }
};

// Rounds on demand, so that those of several programs can take turns. A line of token ids, apart by commas, is a prompt:
// its time ends with the choice of the first token, then --gen steps follow. F16 cache, greedy, over end tokens. margins:
// how far each id was ahead of the next. The line "machine" asks who answers.
int serve(const Arguments &arguments) {
  const int32_t gen = arguments.number("--gen", 64);
  const bool flash = arguments.on("--flash", true), repack = arguments.on("--repack", true);
  const golden::Model model = golden::open_model(arguments.words.at(1), false, repack);
  const int32_t vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model.get()));
  golden::ContextOptions options;
  options.tokens = arguments.number("--prompt", 512) + gen + 1;
  options.threads = arguments.number("--threads", 2);
  options.flash_attention = flash;
  const golden::Context context = golden::open_context(model.get(), options);

  for (std::string line; std::getline(std::cin, line);) {
    if (line == "machine") {
      const std::string flags = std::string("threads ") + std::to_string(options.threads) + ", flash attention " +
                                (flash ? "on" : "off") + ", repack " + (repack ? "on" : "off") + ", F16 cache, native build";
      const Json answer = {{"version", version_text()},
                           {"flags", flags},
                           {"system", llama_print_system_info()},
                           {"default_threads", llama_context_default_params().n_threads}};
      std::cout << answer.dump() << std::endl;
      continue;
    }
    std::vector<llama_token> prompt;
    for (const Json &id : Json::parse("[" + line + "]")) prompt.push_back(id.get<llama_token>());
    golden::forget(context.get());
    Stopwatch prefill, decode;
    Json ids = Json::array(), margins = Json::array();
    llama_token token = 0;
    for (int32_t step = 0; step <= gen; ++step) {
      Stopwatch &watch = step ? decode : prefill;
      watch.go();
      if (step) golden::decode(context.get(), {token}, static_cast<int32_t>(prompt.size()) + step - 1, 0);
      else golden::decode(context.get(), prompt, 0, prompt.size() - 1);
      const float *logits = llama_get_logits_ith(context.get(), -1);
      token = quick_top(logits, vocabulary);
      watch.stop();
      ids.push_back(token);
      margins.push_back(std::round(double(top_of(logits, vocabulary).margin) * 1e5) / 1e5);
    }
    const Json answer = {{"prefill_s", prefill.wall},  {"decode_s", decode.wall}, {"prefill_cpu_s", prefill.cpu},
                         {"decode_cpu_s", decode.cpu}, {"ids", ids},              {"margins", margins}};
    std::cout << answer.dump() << std::endl;
  }
  return 0;
}

int first_token(const Arguments &arguments) {
  const golden::Model model = golden::open_model(arguments.words.at(1), false, arguments.on("--repack", true));
  const llama_vocab *vocab = llama_model_get_vocab(model.get());
  const std::vector<llama_token> ids = golden::tokenize(vocab, arguments.words.at(2));
  if (ids.empty()) throw std::runtime_error("an empty prompt");
  golden::ContextOptions options;
  options.tokens = arguments.number("--ctx", 512);
  options.threads = arguments.number("--threads", 2);
  options.flash_attention = true;
  const golden::Context context = golden::open_context(model.get(), options);
  golden::decode(context.get(), ids, 0, ids.size() - 1);
  const llama_token token = quick_top(llama_get_logits_ith(context.get(), -1), llama_vocab_n_tokens(vocab));
  char piece[256];
  const int32_t size = llama_token_to_piece(vocab, token, piece, sizeof piece, 0, true);
  std::cout.write(piece, std::max(size, 0)) << std::flush;
  return 0;
}

// Every matrix in one type, but for routers of experts. llama.cpp names kinds of files; where those have matrices of several
// types it is told "pure".
int quantize(const Arguments &arguments) {
  struct Kind {
    const char *type;
    llama_ftype file;
  };
  constexpr Kind kinds[] = {
      {"f32", LLAMA_FTYPE_ALL_F32},          {"f16", LLAMA_FTYPE_MOSTLY_F16},       {"bf16", LLAMA_FTYPE_MOSTLY_BF16},
      {"q4_0", LLAMA_FTYPE_MOSTLY_Q4_0},     {"q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},     {"q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},
      {"q5_1", LLAMA_FTYPE_MOSTLY_Q5_1},     {"q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},     {"q2_k", LLAMA_FTYPE_MOSTLY_Q2_K},
      {"q3_k", LLAMA_FTYPE_MOSTLY_Q3_K_M},   {"q4_k", LLAMA_FTYPE_MOSTLY_Q4_K_M},   {"q5_k", LLAMA_FTYPE_MOSTLY_Q5_K_M},
      {"q6_k", LLAMA_FTYPE_MOSTLY_Q6_K},     {"iq4_nl", LLAMA_FTYPE_MOSTLY_IQ4_NL}, {"iq4_xs", LLAMA_FTYPE_MOSTLY_IQ4_XS},
      {"mxfp4", LLAMA_FTYPE_MOSTLY_MXFP4_MOE},
  };
  const std::string &type = arguments.words.at(3);
  const auto *kind = std::find_if(std::begin(kinds), std::end(kinds), [&](const Kind &one) { return type == one.type; });
  if (kind == std::end(kinds)) throw std::runtime_error("no type '" + type + "'");
  llama_log_set(golden::log_errors_only, nullptr);
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.ftype = kind->file;
  params.nthread = arguments.number("--threads", 2);
  params.pure = true;
  if (llama_model_quantize(arguments.words.at(1).c_str(), arguments.words.at(2).c_str(), &params))
    throw std::runtime_error(arguments.words.at(1) + ": llama.cpp cannot write it as " + type);
  return 0;
}

}  // namespace

int main(int count, char **values) {
  return golden::guarded_main("peer", [&] {
    const Arguments arguments = golden::parse_arguments(count, values);
    const size_t given = arguments.words.size();
    const std::string command = given ? arguments.words[0] : "";
    if (command == "greedy" && given == 4) return greedy(arguments);
    if (command == "tokenize" && given == 3) return tokenize(arguments);
    if (command == "tokenize-time" && given == 3) return tokenize_time(arguments);
    if (command == "words" && given == 3) return words(arguments);
    if (command == "logits" && given == 4) return logits(arguments);
    if (command == "speed" && given == 2) return speed(arguments);
    if (command == "serve" && given == 2) return serve(arguments);
    if (command == "first-token" && given == 3) return first_token(arguments);
    if (command == "quantize" && given == 4) return quantize(arguments);
    std::fputs(usage, stderr);
    return 2;
  });
}
