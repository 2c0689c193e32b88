// The order in which a page is read.
#pragma once
#include <vector>

#include "page.h"

// Top to bottom, and left to right in a row; numbers the rows from 0. A page that is askew, or turned, is read as its lines run.
void put_in_order(std::vector<Line>& lines);
