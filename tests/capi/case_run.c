/* Tensor runs: shapes, needs, and what is refused. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

enum { T = 6, ROOM = 64 * 1024 };
static float room[ROOM];

static void null_arguments(void) {
    prm_model *model = open_simple(QWEN, 0, 32, 0);
    int32_t ids[T];
    prm_tensor in = tokens_tensor(ids, 0, T), out = logits_tensor(room, ROOM), pair[2];
    CHECK(model);
    fill_ids(ids, T, 1);
    CHECK_STATUS(prm_run(NULL, &in, 1, NULL, &out, 1), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_run(model, NULL, 1, NULL, &out, 1), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_run(model, &in, 1, NULL, NULL, 1), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_run(model, &in, 0, NULL, &out, 1), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_run(model, &in, 1, NULL, &out, 0), PRM_STATUS_INVALID_ARGUMENT);
    pair[0] = pair[1] = in;
    CHECK_STATUS(prm_run(model, pair, 2, NULL, &out, 1), PRM_STATUS_INVALID_ARGUMENT);
    in.data = NULL;
    CHECK_STATUS(prm_run(model, &in, 1, NULL, &out, 1), PRM_STATUS_INVALID_ARGUMENT);
    prm_model_close(model);
}

static void shapes_are_filled_in(void) {
    prm_model *model = open_simple(GEMMA, 0, 0, 0);
    int32_t ids[2 * T];
    prm_tensor in = tokens_tensor(ids, 0, T), out = logits_tensor(room, ROOM);
    int V, i;
    CHECK(model);
    V = model_info(model).vocabulary;
    fill_ids(ids, 2 * T, 1);
    CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
    CHECK(out.dtype == PRM_DTYPE_F32 && out.rank == 2 && out.shape[0] == T && out.shape[1] == V);
    CHECK(out.bytes == (uint64_t)T * (uint64_t)V * 4);
    for (i = 0; i < T * V; ++i) CHECK(room[i] == room[i] && room[i] - room[i] == 0); /* finite */
    in = tokens_tensor(ids, 2, T);
    out = logits_tensor(room, ROOM);
    out.dtype = PRM_DTYPE_F32;
    CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
    CHECK(out.rank == 3 && out.shape[0] == 2 && out.shape[1] == T && out.shape[2] == V);
    prm_model_close(model);
}

static void names_may_be_left_out(void) {
    prm_model *model = open_simple(QWEN, 0, 32, 0);
    int32_t ids[T];
    prm_tensor in = tokens_tensor(ids, 0, T), out = logits_tensor(room, ROOM);
    CHECK(model);
    fill_ids(ids, T, 4);
    in.name = out.name = NULL;
    CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
    in = tokens_tensor(ids, 1, T); /* written-out strides of what is contiguous */
    in.stride[0] = T;
    in.stride[1] = 1;
    out = logits_tensor(room, ROOM);
    CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
    prm_model_close(model);
}

static void unknown_names_are_not_found(void) {
    prm_model *model = open_simple(QWEN, 0, 32, 0);
    int32_t ids[T];
    prm_tensor in = tokens_tensor(ids, 0, T), out = logits_tensor(room, ROOM);
    CHECK(model);
    fill_ids(ids, T, 4);
    in.name = "input_ids";
    CHECK_STATUS(prm_run(model, &in, 1, NULL, &out, 1), PRM_STATUS_NOT_FOUND);
    CHECK(contains(prm_last_error(), "input_ids") && contains(prm_last_error(), "tokens"));
    in.name = "tokens";
    out.name = "hidden";
    CHECK_STATUS(prm_run(model, &in, 1, NULL, &out, 1), PRM_STATUS_NOT_FOUND);
    CHECK(contains(prm_last_error(), "hidden") && contains(prm_last_error(), "logits"));
    prm_model_close(model);
}

static void a_small_buffer_tells_the_need(void) {
    prm_model *model = open_simple(QWEN, 0, 32, 0);
    int32_t ids[T];
    prm_tensor in = tokens_tensor(ids, 0, T), out = logits_tensor(NULL, 0);
    prm_error_info error = PRM_INIT(prm_error_info);
    uint64_t need;
    CHECK(model);
    need = (uint64_t)T * (uint64_t)model_info(model).vocabulary * 4;
    fill_ids(ids, T, 4);
    CHECK_STATUS(prm_run(model, &in, 1, NULL, &out, 1), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK(out.bytes == need && out.dtype == PRM_DTYPE_F32 && out.rank == 2 && out.shape[0] == T);
    prm_error_query(&error);
    CHECK(error.needed_bytes == need);
    out = logits_tensor(room, 0);
    out.bytes = need - 1;
    room[0] = 77;
    CHECK_STATUS(prm_run(model, &in, 1, NULL, &out, 1), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK(room[0] == 77 && out.bytes == need);
    room[need / 4] = 78;
    CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
    CHECK(room[0] != 77 && room[need / 4] == 78);
    prm_model_close(model);
}

static void wrong_inputs_are_refused(void) {
    prm_model *model = open_simple(QWEN, 0, 32, 0);
    int32_t ids[2 * T];
    prm_tensor good = tokens_tensor(ids, 0, T), in, out = logits_tensor(room, ROOM);
    CHECK(model);
    fill_ids(ids, 2 * T, 4);
#define REFUSE(change) \
    do { \
        in = good; \
        change; \
        room[0] = 77; \
        CHECK_STATUS_OF(prm_run(model, &in, 1, NULL, &out, 1), PRM_STATUS_INVALID_ARGUMENT, PRM_STATUS_UNSUPPORTED); \
        CHECK(room[0] == 77); \
    } while (0)
    REFUSE(in.dtype = PRM_DTYPE_F32);
    REFUSE(in.dtype = PRM_DTYPE_ANY);
    REFUSE(in.dtype = 999);
    REFUSE(in.rank = 0);
    REFUSE(in.rank = -1);
    REFUSE(in.rank = 3);
    REFUSE(in.rank = 1000);
    REFUSE(in.shape[0] = 0);
    REFUSE(in.shape[0] = -1);
    REFUSE(in.shape[0] = INT64_MAX);
    REFUSE(in.shape[0] = INT64_MIN);
    REFUSE((in.rank = 2, in.shape[0] = INT64_C(1) << 32, in.shape[1] = INT64_C(1) << 32));
    REFUSE(in.bytes = T * 4 - 1);
    REFUSE(in.bytes = 0);
    REFUSE(in.stride[0] = 2);
    REFUSE(in.device = 1);
    REFUSE(in.flags = 1);
    REFUSE(in.stream = ids);
    REFUSE(in.reserved[1] = 1);
    REFUSE(in = good; ids[T - 1] = -1);
    REFUSE(in = good; ids[T - 1] = model_info(model).vocabulary);
#undef REFUSE
    prm_model_close(model);
}

static void wrong_outputs_are_refused(void) {
    prm_model *model = open_simple(QWEN, 0, 32, 0);
    int32_t ids[T];
    prm_tensor in = tokens_tensor(ids, 0, T), good = logits_tensor(room, ROOM), out;
    CHECK(model);
    fill_ids(ids, T, 4);
#define REFUSE(change) \
    do { \
        out = good; \
        change; \
        room[0] = 77; \
        CHECK_STATUS_OF(prm_run(model, &in, 1, NULL, &out, 1), PRM_STATUS_INVALID_ARGUMENT, PRM_STATUS_UNSUPPORTED); \
        CHECK(room[0] == 77); \
    } while (0)
    REFUSE(out.dtype = PRM_DTYPE_I32);
    REFUSE(out.dtype = PRM_DTYPE_F16);
    REFUSE(out.dtype = -1);
    REFUSE(out.device = 1);
    REFUSE(out.flags = 2);
    REFUSE(out.stream = ids);
    REFUSE(out.reserved[0] = 1);
#undef REFUSE
    prm_model_close(model);
}

static void a_wrong_id_is_named_and_outputs_stay(void) {
    prm_model *model = open_simple(QWEN, 0, 32, 0);
    int32_t ids[2 * T];
    prm_tensor in = tokens_tensor(ids, 2, T), out = logits_tensor(room, ROOM);
    int i, wrong;
    CHECK(model);
    wrong = model_info(model).vocabulary + 5;
    fill_ids(ids, 2 * T, 4);
    ids[2 * T - 1] = wrong; /* the last of the second sequence: nothing may have been written by then */
    for (i = 0; i < ROOM; ++i) room[i] = 77;
    CHECK_STATUS(prm_run(model, &in, 1, NULL, &out, 1), PRM_STATUS_INVALID_ARGUMENT);
    for (i = 0; i < ROOM; ++i) CHECK(room[i] == 77);
    prm_model_close(model);
}

static void more_tokens_than_the_context_are_refused(void) {
    enum { CONTEXT = 8, MORE = 9 };
    prm_model *model = open_simple(QWEN, 0, CONTEXT, 0);
    int32_t ids[MORE];
    prm_tensor in = tokens_tensor(ids, 0, MORE), out = logits_tensor(room, ROOM);
    CHECK(model);
    fill_ids(ids, MORE, 4);
    CHECK_STATUS(prm_run(model, &in, 1, NULL, &out, 1), PRM_STATUS_CONTEXT_FULL);
    CHECK(contains(prm_last_error(), "9") && contains(prm_last_error(), "8"));
    in = tokens_tensor(ids, 0, CONTEXT);
    out = logits_tensor(room, ROOM);
    CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
    prm_model_close(model);
}

/* Where the weights of `name` begin in a file, by the report; 0 when not found. */
static size_t tensor_offset(prm_model *model, const char *name) {
    char key[128], *report;
    const char *at;
    size_t size = 0, offset = 0;
    prm_model_report(model, PRM_REPORT_INSPECT, NULL, 0, &size);
    report = malloc(size + 1);
    if (report && prm_model_report(model, PRM_REPORT_INSPECT, report, size + 1, &size) == PRM_STATUS_OK) {
        strcpy(key, "\"name\":\"");
        strcat(key, name);
        at = strstr(report, key);
        if (at) at = strstr(at, "\"offset\":");
        if (at) offset = (size_t)strtoull(at + strlen("\"offset\":"), NULL, 10);
    }
    free(report);
    return offset;
}

static void nan_is_an_error_that_names_a_tensor(void) {
    bytes file = read_file(model_path(QWEN));
    prm_engine *engine = open_engine(0);
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_model *model = open_model(engine, QWEN, NULL), *broken = NULL;
    prm_error_info error = PRM_INIT(prm_error_info);
    prm_prompt prompt = text_prompt("the hand");
    int32_t ids[T];
    prm_tensor in = tokens_tensor(ids, 0, T), out = logits_tensor(room, ROOM);
    uint32_t nan_bits = 0x7fc00000;
    size_t offset;
    CHECK(file.data && model);
    fill_ids(ids, T, 4);
    offset = tensor_offset(model, "output_norm.weight");
    CHECK(offset && offset + 4 <= file.size);
    memcpy(file.data + offset, &nan_bits, 4);
    options.data = file.data;
    options.data_size = file.size;
    CHECK_OK(prm_model_open(engine, NULL, &options, NULL, &broken));
    CHECK_STATUS(prm_generate(broken, &prompt, NULL, NULL, NULL), PRM_STATUS_NUMERIC);
    prm_error_query(&error);
    CHECK(*error.subject);
    CHECK_STATUS(prm_run(broken, &in, 1, NULL, &out, 1), PRM_STATUS_NUMERIC);
    prm_error_query(&error);
    CHECK(*error.subject);
    prm_model_close(model);
    prm_model_close(broken);
    prm_engine_close(engine);
    free(file.data);
}

static const test_case cases[] = {
    { "NULL arguments and wrong counts are refused", null_arguments },
    { "shapes and dtype are filled in", shapes_are_filled_in },
    { "names and strides may be left out", names_may_be_left_out },
    { "unknown names are not found, and the right one is told", unknown_names_are_not_found },
    { "a small buffer tells the need", a_small_buffer_tells_the_need },
    { "wrong inputs are refused", wrong_inputs_are_refused },
    { "wrong outputs are refused", wrong_outputs_are_refused },
    { "a wrong id fails before anything is written", a_wrong_id_is_named_and_outputs_stay },
    { "more tokens than the context are refused with both figures", more_tokens_than_the_context_are_refused },
    { "NaN is an error that names a tensor", nan_is_an_error_that_names_a_tensor },
};
const test_suite run_suite = SUITE("run", cases);
