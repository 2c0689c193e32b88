// Joins the pieces of lines that the network broke.
#pragma once
#include <vector>

#include "regions.h"

// `regions` are the middles of lines; `growth` times their shrinking grows them to whole lines. Those of a height that then
// overlap beside each other are one: lines that are apart do not.
void join_broken_lines(std::vector<Region>& regions, double growth);
