// The header compiles as C++11, 14, 17 and 20, and its macros work where the book uses them.
#include <premise/premise.h>

#include <cstddef>
#include <type_traits>

static_assert(std::is_standard_layout<prm_tensor>::value && std::is_trivially_copyable<prm_model_options>::value, "plain structs");
static_assert(std::is_same<decltype(prm_version()), int32_t>::value, "declared");

std::size_t premise_header_cxx() {
  prm_engine_options options = PRM_INIT(prm_engine_options);
  prm_prompt prompt = PRM_INIT(prm_prompt);
  prompt.text = PRM_TEXT("text");
  options.threads = PRM_THREADS_ALL;
  return options.struct_size + prompt.text.size;
}
