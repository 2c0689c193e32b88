/* Runs in tiles: the same as whole where the model looks at points, means where tiles overlap, what is told and refused. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"
#include "services.h"
#include "tensor_fixtures.h"

enum { N = 23, C = AFFINE_C };

static void fill(float *x, size_t count) {
    size_t i;
    for (i = 0; i < count; ++i) x[i] = (float)(i * 37 % 101) - 50;
}

static void pointwise_answers_are_those_of_the_whole(void) {
    static float x[N * C], whole[N * C], tiled[2][N * C];
    message file = affine_model();
    prm_model *model = open_onnx_alone(file, NULL);
    prm_tensor in = tensor_of("x", PRM_DTYPE_F32, x, sizeof x, 2, N, C), out = room_for("y", whole, sizeof whole);
    prm_tile_options options = PRM_INIT(prm_tile_options);
    int blend, i;
    CHECK(model);
    fill(x, N * C);
    CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
    for (blend = PRM_BLEND_MEAN; blend <= PRM_BLEND_GAUSSIAN; ++blend) {
        options.blend = blend;
        options.tile[0] = 6;
        options.overlap = 0.5;
        out = room_for("y", tiled[blend], sizeof tiled[blend]);
        CHECK_OK(prm_run_tiles(model, &in, &options, NULL, &out));
        CHECK(out.rank == 2 && out.shape[0] == N && out.shape[1] == C && out.dtype == PRM_DTYPE_F32 && out.bytes == sizeof whole);
        for (i = 0; i < N * C; ++i) CHECK(fabsf(tiled[blend][i] - whole[i]) <= 1e-4f);
    }
    options.tile[0] = 0; /* one tile: the whole */
    out = room_for(NULL, tiled[0], sizeof tiled[0]);
    CHECK_OK(prm_run_tiles(model, &in, &options, NULL, &out));
    CHECK(!memcmp(tiled[0], whole, sizeof whole));
    prm_model_close(model);
    free(file.data);
}

/* Each tile of two is a softmax of its own. */
static void overlapping_answers_are_their_mean(void) {
    message file = one_node_model("Softmax");
    prm_model *model = open_onnx_alone(file, NULL);
    float x[5] = { 0, 1, 3, 3, 2 }, got[5], upper[4];
    prm_tensor in = tensor_of(NULL, PRM_DTYPE_F32, x, sizeof x, 1, 5, 0), out = room_for(NULL, got, sizeof got);
    prm_tile_options options = PRM_INIT(prm_tile_options);
    int i;
    CHECK(model);
    options.tile[0] = 2;
    options.overlap = 0.5;
    CHECK_OK(prm_run_tiles(model, &in, &options, NULL, &out));
    for (i = 0; i < 4; ++i) upper[i] = 1 / (1 + expf(x[i] - x[i + 1]));
    CHECK(fabsf(got[0] - (1 - upper[0])) < 1e-6f && fabsf(got[4] - upper[3]) < 1e-6f);
    for (i = 1; i < 4; ++i) CHECK(fabsf(got[i] - (upper[i - 1] + 1 - upper[i]) / 2) < 1e-6f);
    prm_model_close(model);
    free(file.data);
}

static void room_is_told_before_a_run(void) {
    static float x[N * C], got[1];
    message file = affine_model();
    prm_model *model = open_onnx_alone(file, NULL);
    prm_tensor in = tensor_of("x", PRM_DTYPE_F32, x, sizeof x, 2, N, C), out = room_for("y", got, 4);
    prm_tile_options options = PRM_INIT(prm_tile_options);
    CHECK(model);
    got[0] = 77;
    options.tile[0] = 5;
    CHECK_STATUS(prm_run_tiles(model, &in, &options, NULL, &out), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK(out.bytes == sizeof x && out.shape[0] == N && out.shape[1] == C && got[0] == 77);
    out = room_for("k", got, 4);
    CHECK_STATUS(prm_run_tiles(model, &in, &options, NULL, &out), PRM_STATUS_UNSUPPORTED);
    CHECK(contains(prm_last_error(), "'k'"));
    prm_model_close(model);
    free(file.data);
}

static int32_t stop_at_two(void *user, const char *stage, uint64_t done, uint64_t total) {
    *(uint64_t *)user = total;
    return done == 2 && !strcmp(stage, "tiles");
}

static void progress_comes_and_ends_it(void) {
    static float x[N * C], got[N * C];
    message file = affine_model();
    ledger book = { 0 };
    prm_engine *engine = open_over_services(&book, NULL);
    prm_model *model = open_onnx(engine, file, NULL);
    prm_control control = PRM_INIT(prm_control);
    prm_tensor in = tensor_of("x", PRM_DTYPE_F32, x, sizeof x, 2, N, C), out = room_for("y", got, sizeof got);
    prm_tile_options options = PRM_INIT(prm_tile_options);
    uint64_t total = 0, held;
    CHECK(model);
    options.tile[0] = 6;
    CHECK_OK(prm_run_tiles(model, &in, &options, NULL, &out));
    held = model_info(model).host_bytes;
    control.on_progress = stop_at_two;
    control.user = &total;
    out = room_for("y", got, sizeof got);
    CHECK_STATUS(prm_run_tiles(model, &in, &options, &control, &out), PRM_STATUS_CANCELLED);
    CHECK(total == 4 && out.bytes == sizeof got && model_info(model).host_bytes == held);
    control.on_progress = NULL;
    control.deadline_ns = 1;
    CHECK_STATUS(prm_run_tiles(model, &in, &options, &control, &out), PRM_STATUS_DEADLINE);
    prm_model_close(model);
    prm_engine_close(engine);
    CHECK(book.blocks == 0 && !book.wrong);
    free(file.data);
}

static const test_case cases[] = {
    { "answers of single points are those of the whole", pointwise_answers_are_those_of_the_whole },
    { "overlapping answers are their mean", overlapping_answers_are_their_mean },
    { "room is told before a run", room_is_told_before_a_run },
    { "progress comes, and ends it", progress_comes_and_ends_it },
};
extern const test_suite tile_suite;
const test_suite tile_suite = SUITE("tiles", cases);
