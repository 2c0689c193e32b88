// What Premise is supported on, stated once: checks compare with it, `premise doctor --help` prints it.
#pragma once
#include <string>

struct LibraryNeed {
  const char* id;
  const char* title;
  int major, minor;       // the least version that works
  const char* files[4];   // what it is called, that of the supported major first; others are recognised
  const char* package;    // what to install
};

// Made of NVIDIA's own version functions, so that what is older is named too.
inline constexpr LibraryNeed kRuntimeNeed = {"cuda_runtime", "CUDA runtime", 13, 0, {"libcudart.so.13", "libcudart.so.12", "libcudart.so.11.0", "libcudart.so.10.2"}, "the CUDA toolkit 13.0 or later (cuda-cudart-13-0)"};
inline constexpr LibraryNeed kCublasNeed = {"cublas", "cuBLAS", 13, 0, {"libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "libcublas.so.10"}, "cuBLAS of the CUDA toolkit 13.0 or later (libcublas-13-0)"};
inline constexpr LibraryNeed kCudnnNeed = {"cudnn", "cuDNN", 9, 0, {"libcudnn.so.9", "libcudnn.so.8", "libcudnn.so.7", nullptr}, "cuDNN 9 for CUDA 13 (libcudnn9-cuda-13)"};
inline constexpr LibraryNeed kNcclNeed = {"nccl", "NCCL", 2, 27, {"libnccl.so.2", nullptr, nullptr, nullptr}, "NCCL 2.27 or later for CUDA 13 (libnccl2)"};

inline constexpr int kLeastDriver = 580;                       // the first that runs CUDA 13
inline constexpr int kLeastCuda = 13000;                       // as cuDriverGetVersion counts
inline constexpr int kKernelArchitectures[] = {80, 86, 89, 90, 120};  // compute capability times ten, as nvcc compiles cuda/*.cu for
inline constexpr int kLeastLinux[] = {5, 4};
inline constexpr double kAmpleMemory = 16e9, kAmpleDisk = 10e9, kLeastDisk = 1e9;  // bytes
inline constexpr int kAmpleCores = 2;

// All of it in one sentence.
std::string supported_versions();
