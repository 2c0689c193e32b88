/* Opening tensor models: shapes to plan for, what files hold and lack. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"
#include "tensor_fixtures.h"

static void shapes_are_planned_at_open(void) {
    message file = affine_model();
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_tensor shape = tensor_of("x", 0, NULL, 0, 2, 5, -1), more[2];
    prm_model *model;
    char report[16384];
    size_t size = 0;
    options.shapes = &shape;
    options.shape_count = 1;
    model = open_onnx_alone(file, &options);
    CHECK(model);
    CHECK_OK(prm_model_report(model, PRM_REPORT_PLACEMENT, report, sizeof report, &size));
    CHECK(contains(report, "\"shapes\":{\"x\":[5,3]}"));
    CHECK_OK(prm_model_report(model, PRM_REPORT_GRAPH, report, sizeof report, &size));
    CHECK(contains(report, "[5, 3] f32"));
    prm_model_close(model);
#define REFUSE(expected, word) \
    do { \
        prm_error_info error = PRM_INIT(prm_error_info); \
        CHECK(!open_onnx_alone(file, &options)); \
        prm_error_query(&error); \
        CHECK(error.status == PRM_STATUS_##expected && contains(error.message, word)); \
        shape = tensor_of("x", 0, NULL, 0, 2, 5, -1); \
    } while (0)
    shape.name = "z";
    REFUSE(NOT_FOUND, "'z'");
    shape.rank = 1;
    REFUSE(INVALID_ARGUMENT, "[N, 3]");
    shape.rank = 9;
    REFUSE(INVALID_ARGUMENT, "rank");
    shape.shape[1] = 4;
    REFUSE(INVALID_ARGUMENT, "[5, 4]");
    shape.shape[0] = -2;
    REFUSE(INVALID_ARGUMENT, "-2");
    more[0] = more[1] = shape;
    more[0].name = more[1].name = NULL;
    options.shapes = more;
    options.shape_count = 2;
    REFUSE(NOT_FOUND, "'1'");
    options.shapes = NULL;
    REFUSE(INVALID_ARGUMENT, "shape_count");
#undef REFUSE
    free(file.data);
}

static void operators_that_are_missing_are_told_at_open(void) {
    message file = one_node_model("Frobnicate");
    prm_error_info error = PRM_INIT(prm_error_info);
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_model *model;
    char report[8192];
    size_t size = 0;
    CHECK(!open_onnx_alone(file, NULL));
    prm_error_query(&error);
    CHECK(error.status == PRM_STATUS_UNSUPPORTED && contains(error.message, "Frobnicate"));
    options.flags = PRM_MODEL_HEADER_ONLY;
    model = open_onnx_alone(file, &options);
    CHECK(model);
    CHECK_OK(prm_model_report(model, PRM_REPORT_INSPECT, report, sizeof report, &size));
    CHECK(contains(report, "\"operators\":{\"Frobnicate\":1}") && contains(report, "\"unplanned\":"));
    CHECK_STATUS(prm_model_report(model, PRM_REPORT_GRAPH, report, sizeof report, &size), PRM_STATUS_UNSUPPORTED);
    CHECK_STATUS(prm_model_plan(model, NULL, NULL, report, sizeof report, &size), PRM_STATUS_UNSUPPORTED);
    CHECK(contains(prm_last_error(), "Frobnicate"));
    prm_model_close(model);
    free(file.data);
}

static void a_file_of_another_kind_is_told_what_is_known(void) {
    static const char text[] = "Before anything else was written here there was a plain text.";
    message file = { (unsigned char *)text, sizeof text - 1, 0 };
    prm_error_info error = PRM_INIT(prm_error_info);
    CHECK(!open_onnx_alone(file, NULL));
    prm_error_query(&error);
    CHECK(error.status == PRM_STATUS_BAD_FILE && contains(error.message, "ONNX") && contains(error.message, "GGUF"));
}

static void every_cut_of_a_file_has_a_status(void) {
    message file = affine_model();
    size_t size;
    for (size = 1; size < file.size; ++size) {
        message cut = { file.data, size, 0 };
        prm_error_info error = PRM_INIT(prm_error_info);
        CHECK(!open_onnx_alone(cut, NULL));
        prm_error_query(&error);
        CHECK(error.status == PRM_STATUS_BAD_FILE);
    }
    free(file.data);
}

/* NaN is damage; an infinity may be a mask. */
static void verify_refuses_nan(void) {
    static const uint32_t bits[] = { 0x7fc00000, 0x7f800000, 0xff800001 };
    message file = affine_model();
    const float w[] = { 1, 2, 3 };
    size_t at = 0;
    int i;
    while (at + sizeof w < file.size && memcmp(file.data + at, w, sizeof w) != 0) ++at;
    CHECK(at + sizeof w < file.size);
    for (i = 0; i < 3; ++i) {
        prm_model_options options = PRM_INIT(prm_model_options);
        prm_error_info error = PRM_INIT(prm_error_info);
        prm_model *model;
        memcpy(file.data + at + 4, &bits[i], 4);
        model = open_onnx_alone(file, NULL);
        CHECK(model);
        prm_model_close(model);
        options.flags = PRM_MODEL_VERIFY;
        model = open_onnx_alone(file, &options);
        prm_error_query(&error);
        CHECK(i == 1 ? model != NULL : !model && error.status == PRM_STATUS_NUMERIC && !strcmp(error.subject, "w"));
        prm_model_close(model);
    }
    free(file.data);
}

/* In memory there is no folder that data could lie in. */
static void data_beside_a_model_in_memory_is_refused(void) {
    static const int64_t three = 3;
    message graph = { 0 }, file, apart = onnx_tensor("w", ONNX_F32, 1, &three, NULL, 0), entry = { 0 };
    prm_error_info error = PRM_INIT(prm_error_info);
    apart.size -= 2; /* without its empty data */
    put_text(&entry, 1, "location");
    put_text(&entry, 2, "w.bin");
    put_message(&apart, 13, entry);
    put_integer(&apart, 14, 1);
    put_message(&graph, GRAPH_NODE, onnx_node("Mul", "x w", "y"));
    put_message(&graph, GRAPH_INITIALIZER, apart);
    put_message(&graph, GRAPH_INPUT, onnx_value("x", ONNX_F32, 1, &three));
    put_message(&graph, GRAPH_OUTPUT, onnx_value("y", ONNX_F32, -1, NULL));
    file = onnx_model(graph);
    CHECK(!open_onnx_alone(file, NULL));
    prm_error_query(&error);
    CHECK(error.status == PRM_STATUS_UNSUPPORTED && contains(error.message, "memory"));
    free(file.data);
}

/* An output that the file says nothing of is known when it is planned. */
static void undescribed_outputs_are_planned(void) {
    static const int64_t two = 2, any = -1;
    int open;
    for (open = 0; open < 2; ++open) {
        message graph = { 0 }, file;
        prm_model *model;
        prm_tensor t;
        float values[2] = { 4, 9 }, got[2];
        prm_tensor in = tensor_of("x", PRM_DTYPE_F32, values, sizeof values, 1, 2, 0), out = room_for("y", got, sizeof got);
        put_message(&graph, GRAPH_NODE, onnx_node("Sqrt", "x", "y"));
        put_message(&graph, GRAPH_INPUT, onnx_value("x", ONNX_F32, 1, open ? &any : &two));
        put_message(&graph, GRAPH_OUTPUT, onnx_value("y", ONNX_F32, -1, NULL));
        file = onnx_model(graph);
        model = open_onnx_alone(file, NULL);
        CHECK(model);
        CHECK_OK(prm_model_tensor(model, PRM_OUTPUT, 0, &t));
        CHECK(open ? t.rank == -1 : t.rank == 1 && t.shape[0] == 2);
        CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
        CHECK(got[0] == 2 && got[1] == 3 && out.rank == 1 && out.shape[0] == 2);
        prm_model_close(model);
        free(file.data);
    }
}

/* A pool of 2 by 2 cannot be made where an open extent is 1: the model is planned by its runs. */
static void some_models_are_planned_by_their_runs(void) {
    static const int64_t dims[] = { 1, 1, -1, -1 };
    message graph = { 0 }, file, pool = onnx_node("MaxPool", "x", "y"), kernel = { 0 };
    prm_model *model;
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_plan plan = PRM_INIT(prm_plan);
    float values[4] = { 4, 9, 1, 3 }, got[1];
    prm_tensor in = tensor_of("x", PRM_DTYPE_F32, values, sizeof values, 4, 1, 1), out = room_for("y", got, sizeof got);
    char report[8192];
    size_t size = 0;
    put_text(&kernel, 1, "kernel_shape");
    put_integer(&kernel, 8, 2);
    put_integer(&kernel, 8, 2);
    put_integer(&kernel, 20, 7);
    put_message(&pool, 5, kernel);
    put_message(&graph, GRAPH_NODE, pool);
    put_message(&graph, GRAPH_INPUT, onnx_value("x", ONNX_F32, 4, dims));
    put_message(&graph, GRAPH_OUTPUT, onnx_value("y", ONNX_F32, 4, dims));
    file = onnx_model(graph);
    model = open_onnx_alone(file, NULL);
    CHECK(model);
    CHECK(prm_model_plan(model, NULL, &plan, NULL, 0, NULL) != PRM_STATUS_OK && contains(prm_last_error(), "options.shapes"));
    CHECK(prm_model_report(model, PRM_REPORT_GRAPH, report, sizeof report, &size) != PRM_STATUS_OK);
    CHECK_OK(prm_model_report(model, PRM_REPORT_INSPECT, report, sizeof report, &size));
    CHECK(contains(report, "\"unplanned\":"));
    in.shape[2] = in.shape[3] = 2;
    CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
    CHECK(got[0] == 9);
    prm_model_close(model);
    options.shapes = &in;
    options.shape_count = 1;
    model = open_onnx_alone(file, &options);
    CHECK(model);
    CHECK_OK(prm_model_plan(model, NULL, &plan, NULL, 0, NULL));
    prm_model_close(model);
    in.shape[2] = 1;
    CHECK(!open_onnx_alone(file, &options)); /* asked for, and impossible */
    free(file.data);
}

/* Places of what is not zero: how many is found while it runs. */
static void extents_may_depend_on_values(void) {
    static const int64_t four = 4, dims[] = { 1, -1 };
    message graph = { 0 }, file;
    prm_model *model;
    prm_tensor t;
    int count, i;
    put_message(&graph, GRAPH_NODE, onnx_node("NonZero", "x", "y"));
    put_message(&graph, GRAPH_INPUT, onnx_value("x", ONNX_F32, 1, &four));
    put_message(&graph, GRAPH_OUTPUT, onnx_value("y", ONNX_I64, 2, dims));
    file = onnx_model(graph);
    model = open_onnx_alone(file, NULL);
    CHECK(model);
    CHECK_OK(prm_model_tensor(model, PRM_OUTPUT, 0, &t));
    CHECK(t.rank == 2 && t.shape[1] == -1);
    for (count = 0; count <= 8; ++count) {
        int n = count < 5 ? count : 8 - count; /* more than the last time, and fewer */
        float values[4] = { 0, 0, 0, 0 };
        int64_t got[5] = { 77, 77, 77, 77, 77 };
        prm_tensor in = tensor_of("x", PRM_DTYPE_F32, values, sizeof values, 1, 4, 0), out = room_for("y", got, (uint64_t)n * 8);
        for (i = 0; i < n; ++i) values[3 - i] = 1;
        if (n) {
            out.bytes -= 1;
            CHECK_STATUS(prm_run(model, &in, 1, NULL, &out, 1), PRM_STATUS_BUFFER_TOO_SMALL);
            CHECK(got[0] == 77 && out.bytes == (uint64_t)n * 8 && out.shape[1] == n);
        }
        CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
        CHECK(out.rank == 2 && out.shape[0] == 1 && out.shape[1] == n && out.bytes == (uint64_t)n * 8 && got[n] == 77);
        for (i = 0; i < n; ++i) CHECK(got[i] == 4 - n + i);
    }
    prm_model_close(model);
    free(file.data);
}

static const test_case cases[] = {
    { "shapes are planned when the model is opened", shapes_are_planned_at_open },
    { "operators that are missing are told at open", operators_that_are_missing_are_told_at_open },
    { "a file of another kind is told what is known", a_file_of_another_kind_is_told_what_is_known },
    { "every cut of a file has a status", every_cut_of_a_file_has_a_status },
    { "VERIFY refuses NaN in weights", verify_refuses_nan },
    { "data beside a model in memory is refused", data_beside_a_model_in_memory_is_refused },
    { "outputs that the file says nothing of are planned", undescribed_outputs_are_planned },
    { "extents may depend on values", extents_may_depend_on_values },
    { "some models are planned by their runs", some_models_are_planned_by_their_runs },
};
extern const test_suite tensor_file_suite;
const test_suite tensor_file_suite = SUITE("tensor files", cases);
