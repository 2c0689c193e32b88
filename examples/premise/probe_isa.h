// The loops of the probes, one table per instruction set, each made in a unit of its own with that set's flags. Units of
// an instruction set include this header and <immintrin.h> alone, and all they share has internal linkage.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Reads [data, data + size), size a multiple of 64 KiB, data aligned to 4 KiB. The sum hangs on every byte, so nothing can
// be left out.
using ProbeReadFn = uint64_t (*)(const void* data, size_t size);
// Makes `rounds` rounds of independent multiply-adds on registers.
using ProbeComputeFn = uint64_t (*)(int64_t rounds);

struct ProbeCompute {
  const char* kind;
  ProbeComputeFn run;
  int64_t per_round;  // multiply-adds of one round
};

struct ProbeIsa {
  ProbeReadFn read_sequential;  // one stream, upwards
  ProbeReadFn read_two;         // both halves side by side
  ProbeReadFn read_pages;       // 16 pages side by side, a line of each in turn
  ProbeCompute int8[2];         // run null: none
  ProbeCompute fma;
};

// Null where this build has no such unit (another processor family).
const ProbeIsa* probe_plain();
const ProbeIsa* probe_avx2();
const ProbeIsa* probe_avxvnni();  // AVX2 and the 32-byte vpdpbusd
const ProbeIsa* probe_avx512();   // with VNNI
