// What was read, for people and for programs.
#pragma once
#include <string>
#include <vector>

#include "page.h"

struct PageAnswer {
  std::string path;
  int64_t width = 0, height = 0;
  std::vector<Line> lines;
  std::string error;  // why nothing was read
};

// A line of text with its score a line.
std::string as_text(const PageAnswer& page);
// {"pages": [...]}, in one line.
std::string as_json(const std::vector<PageAnswer>& pages);
