// Float kernels of tensors: AVX-512.
#include "cpu/kernels_tensor.h"

constexpr prm::TensorKernels prm::kTensorAvx512 = tensor_kernels();
