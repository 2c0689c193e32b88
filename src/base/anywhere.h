// Functions that kernels of CUDA call, too. Without includes: ISA-specific files read it.
#pragma once
#ifdef __CUDACC__
#define PRM_ANYWHERE __host__ __device__
#else
#define PRM_ANYWHERE
#endif
