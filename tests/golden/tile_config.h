// Put before llama.cpp's AMX file: GCC before 14 takes _tile_loadconfig to read 8 of its 64 bytes and drops the stores of the
// others, which ends in SIGILL. Here all of them are stored first.
#pragma once
#ifdef __AMX_TILE__
#include <immintrin.h>

inline void load_whole_tile_config(const void *config) {
  __asm__ volatile("" ::"r"(config) : "memory");
  _tile_loadconfig(config);
}
#define _tile_loadconfig load_whole_tile_config
#endif
