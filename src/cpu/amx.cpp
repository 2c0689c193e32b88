// AMX with integers, beside AVX-512. The assembler's names are used: intrinsics want the numbers of tiles as literals.
#include "cpu/isa.h"
#include "cpu/vec512.h"
#include "cpu/kernels_tiles.h"

constexpr prm::RowTable prm::kAmxRows = kRowTable;
