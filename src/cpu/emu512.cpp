// The same kernels as avx512.cpp over a vector of plain C++: they are tested on machines without AVX-512. In builds with
// tests only.
#define PRM_VEC512_EMULATED
#include "cpu/kernels512.h"
#include "cpu/kernels_tiles.h"

constexpr prm::CpuIsa prm::kEmu512Isa = table512("emu512");
constexpr prm::RowTable prm::kEmuRows = kRowTable;
