// A guest in C++ without exceptions and RTTI: the C functions, and handles of premise.hpp that own the results. Usage: see use.c.
#include <premise/premise.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "this guest is built with -fno-exceptions -fno-rtti"
#endif

static int tell(prm_status status) {
  std::fprintf(stderr, "%s: %s\n", prm_status_name(status), prm_last_error());
  return 1;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  prm_engine* opened_engine = nullptr;
  if (prm_status status = prm_engine_open(PRM_VERSION, nullptr, &opened_engine)) return tell(status);
  premise::engine engine(opened_engine);
  prm_model* opened_model = nullptr;
  if (prm_status status = prm_model_open(engine.get(), argv[1], nullptr, nullptr, &opened_model)) return tell(status);
  premise::model model(opened_model);

  std::string said;
  prm_prompt prompt = premise::text_prompt(argv[2]);
  auto options = premise::init<prm_generate_options>();
  options.max_tokens = std::atoi(argv[3]);
  options.user = &said;
  options.on_text = [](void* user, const char* text, size_t size) -> int32_t {
    static_cast<std::string*>(user)->append(text, size);
    return 0;
  };
  options.on_token = [](void*, int32_t token) -> int32_t { return std::printf("%d ", int(token)) < 0; };
  if (prm_status status = prm_generate(model.get(), &prompt, &options, nullptr, nullptr)) return tell(status);

  prm_model* gone = nullptr;
  prm_status status = prm_model_open(engine.get(), "gone.gguf", nullptr, nullptr, &gone);
  std::printf("\n%s: %s\n%s", prm_status_name(status), prm_last_error(), said.c_str());
  return 0;
}
