/* Wrong calls of what tensor models have. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "abuse.h"
#include "fixtures.h"
#include "tensor_fixtures.h"

static prm_tensor described;

static void of_descriptions(const victims *on, prm_model *tensors) {
    const prm_tensor before = described;
    WRONG(prm_model_tensor, "model is NULL", INVALID_ARGUMENT, prm_model_tensor(NULL, PRM_INPUT, 0, &described));
    WRONG(prm_model_tensor, "model is closed", INVALID_ARGUMENT, prm_model_tensor(on->closed_model, PRM_INPUT, 0, &described));
    WRONG(prm_model_tensor, "model is garbage", INVALID_ARGUMENT, prm_model_tensor(GARBAGE(prm_model), PRM_INPUT, 0, &described));
    WRONG(prm_model_tensor, "model is an engine", INVALID_ARGUMENT, prm_model_tensor((prm_model *)on->engine, PRM_INPUT, 0, &described));
    WRONG(prm_model_tensor, "out is NULL", INVALID_ARGUMENT, prm_model_tensor(tensors, PRM_INPUT, 0, NULL));
    WRONG(prm_model_tensor, "direction 2", INVALID_ARGUMENT, prm_model_tensor(tensors, 2, 0, &described));
    WRONG(prm_model_tensor, "direction INT32_MIN", INVALID_ARGUMENT, prm_model_tensor(tensors, INT32_MIN, 0, &described));
    WRONG(prm_model_tensor, "index -1", NOT_FOUND, prm_model_tensor(tensors, PRM_INPUT, -1, &described));
    WRONG(prm_model_tensor, "index INT32_MAX", NOT_FOUND, prm_model_tensor(tensors, PRM_OUTPUT, INT32_MAX, &described));
    WRONG(prm_model_tensor, "the second input of a text model", NOT_FOUND, prm_model_tensor(on->model, PRM_INPUT, 1, &described));
    HOLDS(prm_model_tensor, "nothing was written", !memcmp(&before, &described, sizeof described));
}

static void of_shapes(const victims *on) {
    message file = affine_model();
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_tensor shape = tensor_of("x", PRM_DTYPE_ANY, NULL, 0, 2, 2, 3), fresh = shape;
    prm_model *model = NULL;
    options.data = file.data;
    options.data_size = file.size;
    options.shapes = &shape;
    options.shape_count = 1;
#define OF_SHAPES(what, expected) \
    do { \
        WRONG(prm_model_open, what, expected, prm_model_open(on->engine, NULL, &options, NULL, &model)); \
        HOLDS(prm_model_open, what, !model); \
        shape = fresh; \
    } while (0)
    shape.rank = INT32_MAX;
    OF_SHAPES("a shape of rank INT32_MAX", INVALID_ARGUMENT);
    shape.rank = -1;
    OF_SHAPES("a shape of rank -1", INVALID_ARGUMENT);
    shape.shape[0] = INT64_MIN;
    OF_SHAPES("an extent of INT64_MIN", INVALID_ARGUMENT);
    shape.shape[0] = INT64_MAX;
    OF_SHAPES("an extent of INT64_MAX", LIMIT);
    options.shape_count = SIZE_MAX;
    OF_SHAPES("SIZE_MAX shapes", INVALID_ARGUMENT);
    options.shape_count = 0;
    OF_SHAPES("shapes without a count", INVALID_ARGUMENT);
    options.shape_count = 1;
    free(file.data);
}

static void of_runs(prm_model *tensors) {
    static float got[AFFINE_N * AFFINE_C];
    prm_tensor in = affine_input(), out = room_for("y", got, sizeof got), many[4];
    size_t i;
    for (i = 0; i < 4; ++i) many[i] = out;
    many[3].name = NULL;
    WRONG(prm_run, "inputs of a tensor model are NULL", INVALID_ARGUMENT, prm_run(tensors, NULL, 1, NULL, &out, 1));
    WRONG(prm_run, "outputs of a tensor model are NULL", INVALID_ARGUMENT, prm_run(tensors, &in, 1, NULL, NULL, 1));
    WRONG(prm_run, "a fourth output by position", NOT_FOUND, prm_run(tensors, &in, 1, NULL, many, 4));
    out.flags = 1;
    WRONG(prm_run, "an output with flags", INVALID_ARGUMENT, prm_run(tensors, &in, 1, NULL, &out, 1));
    out = room_for("y", got, sizeof got);
    out.dtype = PRM_DTYPE_BLOCK + 8;
    WRONG(prm_run, "an output in blocks", INVALID_ARGUMENT, prm_run(tensors, &in, 1, NULL, &out, 1));
    out.dtype = INT32_MIN;
    WRONG(prm_run, "an output of type INT32_MIN", INVALID_ARGUMENT, prm_run(tensors, &in, 1, NULL, &out, 1));
    out = room_for("y", got, sizeof got);
    in.shape[0] = INT64_C(1) << 62;
    WRONG(prm_run, "an input of 2^62 rows", INVALID_ARGUMENT, prm_run(tensors, &in, 1, NULL, &out, 1));
    in = affine_input();
    in.stride[1] = 3;
    WRONG(prm_run, "an input with gaps", INVALID_ARGUMENT, prm_run(tensors, &in, 1, NULL, &out, 1));
    in = affine_input();
    WRONG(prm_run, "nothing wrong", OK, prm_run(tensors, &in, 1, NULL, &out, 1));
    HOLDS(prm_run, "and the values are right", !memcmp(got, affine_y, sizeof affine_y));
}

static void of_text_calls(prm_model *tensors) {
    prm_prompt prompt = text_prompt("the hand");
    prm_plan plan = PRM_INIT(prm_plan);
    prm_session *session = NULL;
    char text[64];
    int32_t ids[8] = { 0 };
    size_t count = 0;
    WRONG(prm_generate, "a tensor model", UNSUPPORTED, prm_generate(tensors, &prompt, NULL, NULL, NULL));
    WRONG(prm_tokenize, "a tensor model", UNSUPPORTED, prm_tokenize(tensors, &prompt, ids, 8, &count));
    WRONG(prm_detokenize, "a tensor model", UNSUPPORTED, prm_detokenize(tensors, ids, 1, 0, text, sizeof text, &count));
    WRONG(prm_session_open, "a tensor model", UNSUPPORTED, prm_session_open(tensors, NULL, NULL, &session));
    WRONG(prm_model_manifest, "a tensor model", UNSUPPORTED, prm_model_manifest(tensors, NULL, text, sizeof text, &count));
    WRONG(prm_model_report, "a tensor model and no such report", INVALID_ARGUMENT, prm_model_report(tensors, 4711, text, sizeof text, &count));
    plan.struct_size = 0;
    WRONG(prm_model_plan, "a tensor model and no struct", INVALID_ARGUMENT, prm_model_plan(tensors, NULL, &plan, NULL, 0, NULL));
}

static void of_tiles(const victims *on, prm_model *tensors) {
    static float got[AFFINE_N * AFFINE_C];
    prm_tensor in = affine_input(), out = room_for("y", got, sizeof got);
    prm_tile_options options = PRM_INIT(prm_tile_options), fresh = options;
#define OF_TILES(change, what, expected) \
    do { \
        change; \
        WRONG(prm_run_tiles, what, expected, prm_run_tiles(tensors, &in, &options, NULL, &out)); \
        options = fresh; \
        in = affine_input(); \
        out = room_for("y", got, sizeof got); \
    } while (0)
    WRONG(prm_run_tiles, "model is NULL", INVALID_ARGUMENT, prm_run_tiles(NULL, &in, NULL, NULL, &out));
    WRONG(prm_run_tiles, "model is closed", INVALID_ARGUMENT, prm_run_tiles(on->closed_model, &in, NULL, NULL, &out));
    WRONG(prm_run_tiles, "a text model", UNSUPPORTED, prm_run_tiles(on->model, &in, NULL, NULL, &out));
    WRONG(prm_run_tiles, "input is NULL", INVALID_ARGUMENT, prm_run_tiles(tensors, NULL, NULL, NULL, &out));
    WRONG(prm_run_tiles, "output is NULL", INVALID_ARGUMENT, prm_run_tiles(tensors, &in, NULL, NULL, NULL));
    OF_TILES(options.struct_size = 3, "struct_size 3", INVALID_ARGUMENT);
    OF_TILES(options.tile[0] = 3, "a tile larger than the input", INVALID_ARGUMENT);
    OF_TILES(options.tile[1] = INT64_MIN, "a tile of INT64_MIN", INVALID_ARGUMENT);
    OF_TILES(options.tile[7] = 1, "a tile of a dimension that is none", INVALID_ARGUMENT);
    OF_TILES(options.overlap = 1, "an overlap of 1", INVALID_ARGUMENT);
    OF_TILES(options.overlap = NAN, "an overlap that is no number", INVALID_ARGUMENT);
    OF_TILES(options.blend = 2, "blend 2", INVALID_ARGUMENT);
    OF_TILES(in.shape[0] = 0, "an input of no rows", INVALID_ARGUMENT);
    OF_TILES(in.shape[0] = INT64_MAX, "an input of INT64_MAX rows", INVALID_ARGUMENT);
    OF_TILES(in.name = "z", "an input that is none", NOT_FOUND);
    OF_TILES(out.name = "z", "an output that is none", NOT_FOUND);
    OF_TILES(out.dtype = PRM_DTYPE_F16, "an output of float16", INVALID_ARGUMENT);
    OF_TILES(out.data = (char *)got + 1, "an output between floats", INVALID_ARGUMENT);
    OF_TILES(out.data = NULL, "an output without room", BUFFER_TOO_SMALL);
    OF_TILES(options.tile[1] = 1, "a tile that the model does not take", INVALID_ARGUMENT);
}

void abuse_of_tensors(const victims *on) {
    message file = affine_model();
    prm_model *tensors = open_onnx(on->engine, file, NULL);
    of_descriptions(on, tensors);
    of_shapes(on);
    of_runs(tensors);
    of_text_calls(tensors);
    of_tiles(on, tensors);
    prm_model_close(tensors);
    free(file.data);
}
