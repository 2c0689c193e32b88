// What NVIDIA's libraries are asked, each in a child process. The prototypes are ours: no header of theirs is needed to build.
#pragma once
#include "doctor_child.h"

void ask_cuda(const Teller& teller, void* library);  // init cuda_version count, and of each device N.name N.capability
void ask_nvml(const Teller& teller, void* library);  // init driver_version count, and N.name and the rest of GpuFacts
void ask_runtime(const Teller& teller, void* library);  // major minor
void ask_cublas(const Teller& teller, void* library);
void ask_cudnn(const Teller& teller, void* library);  // built_for too
void ask_nccl(const Teller& teller, void* library);
