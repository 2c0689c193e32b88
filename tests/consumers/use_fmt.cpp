// A guest in C++ that has an fmt of its own, and templates of the standard library that Premise instantiates too. Usage: see use.c.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <premise/premise.hpp>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::vector<std::string> arguments(argv, argv + argc);
  auto lock = std::make_shared<std::mutex>();
  std::lock_guard<std::mutex> locked(*lock);
  try {
    premise::engine engine;
    premise::model model(engine, arguments[1]);
    std::vector<int32_t> tokens;
    auto options = premise::init<prm_generate_options>();
    options.max_tokens = std::atoi(argv[3]);
    options.user = &tokens;
    options.on_token = [](void* user, int32_t token) -> int32_t {
      static_cast<std::vector<int32_t>*>(user)->push_back(token);
      return 0;
    };
    std::string said;
    model.generate(arguments[2], options, [&](std::string_view text) { said += text; });
    fmt::print("{} \n", fmt::join(tokens, " "));
    try {
      premise::model gone(engine, "gone.gguf");
    } catch (const premise::error& error) {
      fmt::print("{:s}: {}\n", error.status_name(), error.what());
    }
    fmt::print("{}", said);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{:>1}\n", error.what());
    return 1;
  }
}
