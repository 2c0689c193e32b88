/* What tests of tensor models share: the affine model (onnx_bytes.h) in memory, its input and its outputs. */
#ifndef PREMISE_TESTS_TENSOR_FIXTURES_H
#define PREMISE_TESTS_TENSOR_FIXTURES_H

#include <premise/premise.h>

#include "onnx_bytes.h"

enum { AFFINE_N = 2, AFFINE_C = 3 };
extern const float affine_x[AFFINE_N * AFFINE_C], affine_y[AFFINE_N * AFFINE_C];
extern const int64_t affine_k[AFFINE_N * AFFINE_C];

/* NULL on failure; the file must stay. given may be NULL. */
prm_model *open_onnx(prm_engine *engine, message file, const prm_model_options *given);
/* The same on an engine of its own, which is closed already. */
prm_model *open_onnx_alone(message file, const prm_model_options *given);
prm_tensor tensor_of(const char *name, prm_dtype dtype, void *data, uint64_t size, int32_t rank, int64_t first, int64_t second);
prm_tensor room_for(const char *name, void *data, uint64_t size);
prm_tensor affine_input(void);

#endif
