// What this machine can do at most, measured in this process: the ceilings that speeds are held against.
#pragma once
#include <string>

struct Ceilings {
  double read_gbs = 0;                  // memory read, 10^9 bytes a second
  double int8_gops = 0;                 // exact 8-bit multiply-adds, 10^9 operations a second; a multiply-add is two
  double fma_gflops = 0;                // float32 fused multiply-adds, likewise
  std::string read_pattern, int8_kind;  // those that won: "2 threads, two streams", "vpdpbusd, 64 bytes"
};

// Takes about a second with 256 MiB of buffer. Each figure is the best of several ways and passes on one and on
// `threads` threads: others on the machine can only lower it.
Ceilings probe_ceilings(int threads);
