// premise.hpp compiles as C++17 and C++20, with exceptions and without, and handles are what they say.
#include <premise/premise.hpp>

static_assert(!std::is_copy_constructible_v<premise::engine> && !std::is_copy_assignable_v<premise::model>, "one owner");
static_assert(std::is_nothrow_move_constructible_v<premise::model> && std::is_nothrow_move_assignable_v<premise::cancel>, "moves are free");
static_assert(sizeof(premise::engine) == sizeof(prm_engine *) && sizeof(premise::model) == sizeof(prm_model *), "no state beside the handle");
static_assert(!std::is_convertible_v<prm_model *, premise::model>, "taking over is spelled out");

premise::model premise_header_hpp(premise::engine engine, const char *path) {
  prm_model *opened = nullptr;
  if (prm_model_open(engine.get(), path, nullptr, nullptr, &opened) != PRM_STATUS_OK) return premise::model(nullptr);
  return premise::model(opened);
}
