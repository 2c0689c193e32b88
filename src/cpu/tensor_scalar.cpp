// Float kernels of tensors: Plain C++: for any machine, and what the others' bytes are held against.
#define PRM_VEC512_EMULATED
#include "cpu/kernels_tensor.h"

constexpr prm::TensorKernels prm::kTensorScalar = tensor_kernels();
