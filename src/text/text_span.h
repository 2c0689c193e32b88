// Bytes of a text, from begin to end.
#pragma once
#include <cstddef>

namespace prm {

struct TextSpan {
  size_t begin, end;
};

}  // namespace prm
