#include "tensor_fixtures.h"

#include <string.h>

#include "fixtures.h"

const float affine_x[AFFINE_N * AFFINE_C] = { 1, 2, 3, -1, -2, -3 };
const float affine_y[AFFINE_N * AFFINE_C] = { 0, 4, 10, 0, 0, 0 };
const int64_t affine_k[AFFINE_N * AFFINE_C] = { -1, 4, 10, -3, -4, -8 };

prm_model *open_onnx(prm_engine *engine, message file, const prm_model_options *given) {
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_model *model = NULL;
    if (given) options = *given;
    options.data = file.data;
    options.data_size = file.size;
    prm_model_open(engine, NULL, &options, NULL, &model);
    return model;
}

prm_model *open_onnx_alone(message file, const prm_model_options *given) {
    prm_engine *engine = open_engine(1);
    prm_model *model = open_onnx(engine, file, given);
    prm_engine_close(engine);
    return model;
}

prm_tensor tensor_of(const char *name, prm_dtype dtype, void *data, uint64_t size, int32_t rank, int64_t first, int64_t second) {
    prm_tensor t;
    memset(&t, 0, sizeof t);
    t.name = name;
    t.dtype = dtype;
    t.data = data;
    t.bytes = size;
    t.rank = rank;
    t.shape[0] = first;
    t.shape[1] = second;
    return t;
}

prm_tensor room_for(const char *name, void *data, uint64_t size) { return tensor_of(name, PRM_DTYPE_ANY, data, size, 0, 0, 0); }

prm_tensor affine_input(void) { return tensor_of("x", PRM_DTYPE_F32, (void *)affine_x, sizeof affine_x, 2, AFFINE_N, AFFINE_C); }
