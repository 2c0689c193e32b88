// Streams a model's answer, in C++; ends by itself after ten seconds. Usage: generate_cpp MODEL.gguf PROMPT [TOKENS]
#include <cstdio>
#include <cstdlib>
#include <premise/premise.hpp>

int main(int argc, char **argv) {
  if (argc < 3 || argc > 4) {
    std::fprintf(stderr, "usage: %s MODEL.gguf PROMPT [TOKENS]\n", argv[0]);
    return 2;
  }
  try {
    premise::model model(premise::engine(), argv[1]);
    auto options = premise::init<prm_generate_options>();
    options.max_tokens = argc > 3 ? std::atoi(argv[3]) : 64;
    premise::control control;
    control.deadline_ns = premise::deadline_after(std::chrono::seconds(10));
    auto print = [](std::string_view text) { return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && !std::fflush(stdout); };
    prm_request_info info = model.generate(argv[2], options, print, control);
    std::fprintf(stderr, "\n%lld tokens\n", static_cast<long long>(info.generated_tokens));
  } catch (const premise::error &error) {
    std::fprintf(stderr, "%s: %s: %s\n", argv[0], error.status_name(), error.what());
    return 1;
  }
}
