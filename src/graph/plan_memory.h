// Where the values of a plan lie.
#pragma once
#include "graph/plan.h"

namespace prm {

// Of launches that stand: first and last use of every value, its place in the arena of its side, and the bytes of both sides.
void lay_out_memory(Plan& plan);

}  // namespace prm
