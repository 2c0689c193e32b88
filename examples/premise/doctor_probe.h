// Asks the machine. One source a system; where there is no answer the fact says so, and nothing that a library does on its way in ends
// the program.
#pragma once
#include <cstdint>
#include <string>

#include "doctor_facts.h"

struct ProbeOptions {
  std::string folder;         // whose disk is looked at
  int64_t timeout_ms = 10000; // that one library may take to answer
};

MachineFacts probe_machine(const ProbeOptions& options);
// What the engine makes of the CPU. Last: AMX is asked for, which is for the whole process and for good.
void probe_engine(HostFacts& host);

// On Linux. Tests set PREMISE_DOCTOR_ROOT to a folder that stands for / in all that is read of /proc, /sys, /dev and of the folders
// of libraries; ROOT/statvfs then has the bytes of the disk, and those that are free.
std::string doctor_root();
void probe_host(HostFacts& host, const ProbeOptions& options);
void probe_gpu(GpuStackFacts& gpu, const ProbeOptions& options);
// The first line of a file, or all of it; "" where it cannot be read.
std::string first_line(const std::string& path);
std::string text_of(const std::string& path);
