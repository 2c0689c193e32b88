// The AVX-512 instruction set: F, BW, DQ, VL and VNNI.
#include "cpu/kernels512.h"

constexpr prm::CpuIsa prm::kAvx512Isa = table512("avx512");
