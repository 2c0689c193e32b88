// Drivers of the float kernels of tensors, for the device's tables.
#pragma once
#include "cpu/tensor_kernels.h"
#include "graph/device.h"

namespace prm {

#define PRM_TENSOR_TABLES(X) X(kTensorScalar) X(kTensorAvx2) X(kTensorAvx512)

bool accepts_tensor_unary(const KernelQuery&);
bool accepts_tensor_binary(const KernelQuery&);
bool accepts_tensor_softmax(const KernelQuery&);
bool accepts_tensor_normalize(const KernelQuery&);
bool accepts_tensor_reduce(const KernelQuery&);
bool accepts_tensor_matmul(const KernelQuery&);          // both as they lie
bool accepts_tensor_matmul_columns(const KernelQuery&);  // b [K, N] constant
bool accepts_tensor_matmul_rows(const KernelQuery&);     // b [N, K] constant
bool accepts_tensor_conv(const KernelQuery&);
template <const TensorKernels& table> void run_tensor_conv(const OpArgs&);
template <const TensorKernels& table> void run_tensor_unary(const OpArgs&);
template <const TensorKernels& table> void run_tensor_binary(const OpArgs&);
template <const TensorKernels& table> void run_tensor_softmax(const OpArgs&);
template <const TensorKernels& table> void run_tensor_normalize(const OpArgs&);
template <const TensorKernels& table> void run_tensor_reduce(const OpArgs&);
template <const TensorKernels& table> void run_tensor_matmul(const OpArgs&);
template <const TensorKernels& table> void run_tensor_matmul_columns(const OpArgs&);
template <const TensorKernels& table> void run_tensor_matmul_rows(const OpArgs&);
extern const Layout kColumnsLayout, kRowsLayout;

// clang-format off
#define PRM_TENSOR_KERNELS(table, label)                                                                                    \
    {"unary", label, accepts_tensor_unary, run_tensor_unary<table>},                                                       \
    {"binary", label, accepts_tensor_binary, run_tensor_binary<table>},                                                    \
    {"softmax", label, accepts_tensor_softmax, run_tensor_softmax<table>},                                                 \
    {"normalize", label, accepts_tensor_normalize, run_tensor_normalize<table>},                                           \
    {"reduce", label, accepts_tensor_reduce, run_tensor_reduce<table>},                                                    \
    {"matmul_nd", "columns", accepts_tensor_matmul_columns, run_tensor_matmul_columns<table>, {nullptr, &kColumnsLayout}}, \
    {"matmul_nd", "rows", accepts_tensor_matmul_rows, run_tensor_matmul_rows<table>, {nullptr, &kRowsLayout}},             \
    {"matmul_nd", label, accepts_tensor_matmul, run_tensor_matmul<table>},                                                 \
    {"conv", "patches", accepts_tensor_conv, run_tensor_conv<table>}
// clang-format on

}  // namespace prm
