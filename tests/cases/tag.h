// What a case is for. small: tests everywhere, also emulated devices; model: shapes of the two real models, in tests too;
// bench: larger ones, for benches alone.
#pragma once

namespace prm::cases {

enum class Tag { small, model, bench };

}  // namespace prm::cases
