// Float kernels of tensors: AVX2 and FMA.
#define PRM_VEC512_AVX2
#include "cpu/kernels_tensor.h"

constexpr prm::TensorKernels prm::kTensorAvx2 = tensor_kernels();
