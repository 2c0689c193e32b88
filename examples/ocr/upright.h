// Which way up lines are.
#pragma once
#include "network.h"

// True for each line that is upside down, as far as the network is sure.
std::vector<bool> find_upside_down(const Network& classifier, const std::vector<Image>& lines, const premise::control& control);
