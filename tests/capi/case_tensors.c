/* Tensor models: what they take and give, and what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"
#include "tensor_fixtures.h"

enum { N = AFFINE_N, C = AFFINE_C };

static void a_model_describes_itself(void) {
    message file = affine_model();
    prm_model *model = open_onnx_alone(file, NULL);
    prm_model_info info;
    prm_tensor t;
    CHECK(model);
    info = model_info(model);
    CHECK(!strcmp(info.architecture, "onnx") && info.parameters == 7 && info.abilities == PRM_CAN_RUN);
    CHECK(info.input_count == 1 && info.output_count == 3 && info.vocabulary == 0 && info.context == 0 && info.end_token == -1 && info.begin_token == -1);
    CHECK_OK(prm_model_tensor(model, PRM_INPUT, 0, &t));
    CHECK(!strcmp(t.name, "x") && t.dtype == PRM_DTYPE_F32 && t.rank == 2 && t.shape[0] == -1 && t.shape[1] == C && !t.data && !t.bytes);
    CHECK_OK(prm_model_tensor(model, PRM_OUTPUT, 1, &t));
    CHECK(!strcmp(t.name, "k") && t.dtype == PRM_DTYPE_I64 && t.rank == 2 && t.shape[0] == -1 && t.shape[1] == C);
    CHECK_OK(prm_model_tensor(model, PRM_OUTPUT, 2, &t));
    CHECK(!strcmp(t.name, "h") && t.dtype == PRM_DTYPE_F16);
    CHECK_STATUS(prm_model_tensor(model, PRM_OUTPUT, 3, &t), PRM_STATUS_NOT_FOUND);
    CHECK(contains(prm_last_error(), "3"));
    prm_model_close(model);
    free(file.data);
}

static void a_text_model_describes_itself(void) {
    prm_model *model = open_simple(QWEN, 0, 32, 0);
    prm_model_info info;
    prm_tensor t;
    CHECK(model);
    info = model_info(model);
    CHECK(info.abilities == (PRM_CAN_RUN | PRM_CAN_GENERATE) && info.input_count == 1 && info.output_count == 1);
    CHECK_OK(prm_model_tensor(model, PRM_INPUT, 0, &t));
    CHECK(!strcmp(t.name, "tokens") && t.dtype == PRM_DTYPE_I32 && t.rank == 2 && t.shape[0] == -1 && t.shape[1] == -1);
    CHECK_OK(prm_model_tensor(model, PRM_OUTPUT, 0, &t));
    CHECK(!strcmp(t.name, "logits") && t.dtype == PRM_DTYPE_F32 && t.rank == 3 && t.shape[2] == info.vocabulary);
    prm_model_close(model);
}

static void all_outputs_are_right(void) {
    message file = affine_model();
    prm_model *model = open_onnx_alone(file, NULL);
    float out_y[N * C];
    int64_t out_k[N * C];
    uint16_t out_h[N * C];
    prm_tensor in = affine_input(), out[3];
    int round;
    CHECK(model);
    for (round = 0; round < 3; ++round) {
        memset(out_y, 77, sizeof out_y);
        out[0] = room_for("k", out_k, sizeof out_k); /* in any order */
        out[1] = room_for("y", out_y, sizeof out_y);
        out[2] = room_for("h", out_h, sizeof out_h);
        CHECK_OK(prm_run(model, &in, 1, NULL, out, 3));
        CHECK(!memcmp(out_y, affine_y, sizeof affine_y) && !memcmp(out_k, affine_k, sizeof affine_k));
        CHECK(out_h[1] == 0x4400 && out_h[2] == 0x4900 && out_h[3] == 0);
        CHECK(out[0].dtype == PRM_DTYPE_I64 && out[0].rank == 2 && out[0].shape[0] == N && out[0].shape[1] == C && out[0].bytes == sizeof affine_k);
        CHECK(out[1].dtype == PRM_DTYPE_F32 && out[1].bytes == sizeof affine_y && out[2].dtype == PRM_DTYPE_F16 && out[2].bytes == sizeof out_h);
    }
    prm_model_close(model);
    free(file.data);
}

/* The first by position is y; an output that nobody asks for is not copied. */
static void names_may_be_left_out(void) {
    message file = affine_model();
    prm_model *model = open_onnx_alone(file, NULL);
    float got[N * C];
    prm_tensor in = affine_input(), out = room_for(NULL, got, sizeof got);
    CHECK(model);
    in.name = NULL;
    in.stride[0] = C; /* written-out strides of what is contiguous */
    in.stride[1] = 1;
    CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
    CHECK(!memcmp(got, affine_y, sizeof affine_y));
    CHECK_OK(prm_run(model, &in, 1, NULL, NULL, 0));
    prm_model_close(model);
    free(file.data);
}

static void floats_become_other_floats(void) {
    message file = affine_model();
    prm_model *model = open_onnx_alone(file, NULL);
    float as_float[N * C];
    double as_double[N * C];
    uint16_t as_half[N * C];
    prm_tensor in = affine_input(), out[3];
    int i;
    CHECK(model);
    out[0] = room_for("y", as_double, sizeof as_double);
    out[0].dtype = PRM_DTYPE_F64;
    out[1] = room_for("h", as_float, sizeof as_float);
    out[1].dtype = PRM_DTYPE_F32;
    out[2] = room_for("y", as_half, sizeof as_half);
    out[2].dtype = PRM_DTYPE_BF16;
    CHECK_OK(prm_run(model, &in, 1, NULL, out, 3));
    for (i = 0; i < N * C; ++i) CHECK(as_double[i] == (double)affine_y[i] && as_float[i] == affine_y[i]);
    CHECK(as_half[1] == 0x4080 && as_half[2] == 0x4120 && out[2].dtype == PRM_DTYPE_BF16 && out[2].bytes == sizeof as_half);
    out[0] = room_for("k", as_double, sizeof as_double);
    out[0].dtype = PRM_DTYPE_F64;
    CHECK_STATUS(prm_run(model, &in, 1, NULL, out, 1), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(contains(prm_last_error(), "'k'"));
    prm_model_close(model);
    free(file.data);
}

static void extents_may_change_from_run_to_run(void) {
    enum { MOST = 40 };
    message file = affine_model();
    prm_model *model = open_onnx_alone(file, NULL);
    static float many[MOST * C], got[MOST * C];
    int n, i, round;
    CHECK(model);
    for (i = 0; i < MOST * C; ++i) many[i] = (float)i;
    for (round = 0; round < 2; ++round)
        for (n = 0; n <= MOST; n += 3) {
            prm_tensor in = tensor_of("x", PRM_DTYPE_F32, many, sizeof many, 2, n, C), out = room_for("y", got, sizeof got);
            CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
            CHECK(out.shape[0] == n && out.bytes == (uint64_t)n * C * 4);
            for (i = 0; i < n * C; ++i) CHECK(got[i] == (many[i] * (float)(i % 3 + 1) + (float)(i % 3 == 0 ? -2 : i % 3 - 1) > 0 ? many[i] * (float)(i % 3 + 1) + (float)(i % 3 == 0 ? -2 : i % 3 - 1) : 0));
        }
    prm_model_close(model);
    free(file.data);
}

static void a_small_buffer_tells_all_needs(void) {
    message file = affine_model();
    prm_model *model = open_onnx_alone(file, NULL);
    float got[N * C] = { 77 };
    prm_tensor in = affine_input(), out[2];
    prm_error_info error = PRM_INIT(prm_error_info);
    CHECK(model);
    out[0] = room_for("y", got, sizeof got);
    out[1] = room_for("k", NULL, 0);
    CHECK_STATUS(prm_run(model, &in, 1, NULL, out, 2), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK(got[0] == 77);
    CHECK(out[0].bytes == sizeof affine_y && out[1].bytes == sizeof affine_k && out[1].dtype == PRM_DTYPE_I64 && out[1].rank == 2 && out[1].shape[0] == N);
    prm_error_query(&error);
    CHECK(error.needed_bytes == sizeof affine_k && !strcmp(error.subject, "k"));
    out[0] = room_for("y", got, sizeof got - 1);
    CHECK_STATUS(prm_run(model, &in, 1, NULL, out, 1), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK(got[0] == 77 && out[0].bytes == sizeof affine_y);
    CHECK_OK(prm_run(model, &in, 1, NULL, out, 1)); /* as it came back */
    CHECK(!memcmp(got, affine_y, sizeof affine_y));
    prm_model_close(model);
    free(file.data);
}

static void wrong_inputs_are_refused(void) {
    message file = affine_model();
    prm_model *model = open_onnx_alone(file, NULL);
    float got[N * C] = { 77 };
    prm_tensor in, pair[2], out = room_for("y", got, sizeof got);
    CHECK(model);
#define REFUSE(change, word) \
    do { \
        in = affine_input(); \
        change; \
        CHECK_STATUS(prm_run(model, &in, 1, NULL, &out, 1), PRM_STATUS_INVALID_ARGUMENT); \
        CHECK(got[0] == 77 && out.bytes == sizeof got && contains(prm_last_error(), word)); \
    } while (0)
    REFUSE(in.dtype = PRM_DTYPE_F64, "f64 [2, 3]");
    REFUSE(in.dtype = PRM_DTYPE_I32, "f32 [N, 3]");
    REFUSE(in.dtype = PRM_DTYPE_ANY, "'x'");
    REFUSE(in.dtype = PRM_DTYPE_BLOCK + 8, "264");
    REFUSE(in.rank = 1, "[2]");
    REFUSE(in.rank = 3, "[2, 3, 0]");
    REFUSE(in.rank = -1, "-1");
    REFUSE(in.rank = 9, "9");
    REFUSE(in.shape[1] = 4, "[N, 3]");
    REFUSE(in.shape[0] = -1, "-1");
    REFUSE(in.shape[0] = INT64_MAX, "out of range");
    REFUSE(in.shape[0] = INT64_MIN, "out of range");
    REFUSE(in.shape[0] = 3, "36");
    REFUSE(in.bytes = sizeof affine_x - 1, "23");
    REFUSE(in.data = NULL, "buffer 0");
    REFUSE(in.stride[0] = 4, "contiguous");
    REFUSE(in.device = 1, "device");
    REFUSE(in.reserved[0] = 1, "reserved");
#undef REFUSE
    CHECK_STATUS(prm_run(model, NULL, 0, NULL, &out, 1), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(contains(prm_last_error(), "'x' f32 [N, 3]"));
    pair[0] = pair[1] = affine_input();
    CHECK_STATUS(prm_run(model, pair, 2, NULL, &out, 1), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(contains(prm_last_error(), "twice"));
    pair[1].name = NULL;
    CHECK_STATUS(prm_run(model, pair, 2, NULL, &out, 1), PRM_STATUS_NOT_FOUND);
    in = affine_input();
    in.name = "pixels";
    CHECK_STATUS(prm_run(model, &in, 1, NULL, &out, 1), PRM_STATUS_NOT_FOUND);
    CHECK(contains(prm_last_error(), "pixels") && contains(prm_last_error(), "'x'"));
    in = affine_input();
    out.name = "z";
    CHECK_STATUS(prm_run(model, &in, 1, NULL, &out, 1), PRM_STATUS_NOT_FOUND);
    CHECK(contains(prm_last_error(), "'h'") && got[0] == 77);
    prm_model_close(model);
    free(file.data);
}

static void calls_on_text_say_what_to_use(void) {
    message file = affine_model();
    prm_model *model = open_onnx_alone(file, NULL);
    prm_prompt prompt = text_prompt("the hand");
    prm_session *session = NULL;
    int32_t ids[8] = { 1 };
    char text[64];
    size_t count = 0;
    CHECK(model);
    CHECK_STATUS(prm_generate(model, &prompt, NULL, NULL, NULL), PRM_STATUS_UNSUPPORTED);
    CHECK(contains(prm_last_error(), "prm_run"));
    CHECK_STATUS(prm_tokenize(model, &prompt, ids, 8, &count), PRM_STATUS_UNSUPPORTED);
    CHECK_STATUS(prm_detokenize(model, ids, 1, 0, text, sizeof text, &count), PRM_STATUS_UNSUPPORTED);
    CHECK_STATUS(prm_session_open(model, NULL, NULL, &session), PRM_STATUS_UNSUPPORTED);
    CHECK_STATUS(prm_model_manifest(model, NULL, NULL, 0, &count), PRM_STATUS_UNSUPPORTED);
    CHECK(!session);
    prm_model_close(model);
    free(file.data);
}

static void options_of_text_models_mean_nothing(void) {
    message file = affine_model();
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_model *model;
    float got[N * C];
    prm_tensor in = affine_input(), out = room_for("y", got, sizeof got);
    options.context = 64;
    options.chunk_tokens = 8;
    options.cache_dtype = PRM_DTYPE_F32;
    options.sessions = 2;
    model = open_onnx_alone(file, &options);
    CHECK(model);
    CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
    prm_model_close(model);
    options.manifest_json = "{}";
    CHECK(!open_onnx_alone(file, &options) && contains(prm_last_error(), "manifest"));
    options.manifest_json = NULL;
    free(file.data);
}

static void values_need_not_be_finite(void) {
    message file = one_node_model("Log");
    prm_model *model = open_onnx_alone(file, NULL);
    float in_values[2] = { 0, -1 }, got[2];
    prm_tensor in = tensor_of("x", PRM_DTYPE_F32, in_values, sizeof in_values, 1, 2, 0), out = room_for("y", got, sizeof got);
    CHECK(model);
    CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
    CHECK(got[0] < -1e38f && got[1] != got[1]);
    prm_model_close(model);
    free(file.data);
}

static const test_case cases[] = {
    { "a tensor model describes what it takes and gives", a_model_describes_itself },
    { "a text model does, too", a_text_model_describes_itself },
    { "all outputs are right, by name and in any order", all_outputs_are_right },
    { "names and strides may be left out, and outputs", names_may_be_left_out },
    { "floats become other floats, integers do not", floats_become_other_floats },
    { "extents may change from run to run", extents_may_change_from_run_to_run },
    { "a small buffer tells all needs", a_small_buffer_tells_all_needs },
    { "wrong inputs are refused with what is wanted and given", wrong_inputs_are_refused },
    { "calls on text say what to use instead", calls_on_text_say_what_to_use },
    { "options of text models mean nothing", options_of_text_models_mean_nothing },
    { "values need not be finite", values_need_not_be_finite },
};
extern const test_suite tensor_suite;
const test_suite tensor_suite = SUITE("tensors", cases);
