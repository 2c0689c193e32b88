#include "base/format_message.h"

#include <iterator>

namespace prm {

void format_into(fmt::memory_buffer& text, fmt::string_view format, fmt::format_args arguments) {
  fmt::vformat_to(std::back_inserter(text), format, arguments);
}

}  // namespace prm
