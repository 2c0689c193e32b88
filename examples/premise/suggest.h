// Near names for what was mistyped.
#pragma once
#include <string>
#include <string_view>
#include <vector>

// "did you mean 'inspect'?", or "" when nothing is near.
std::string suggest_name(std::string_view typed, const std::vector<std::string>& names);
