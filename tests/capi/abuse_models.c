/* Wrong calls of models. */
#include <string.h>

#include "abuse.h"
#include "fixtures.h"

static prm_status open_as(const victims *on, const prm_model_options *options, const prm_control *control) {
    prm_model *model = NULL;
    prm_status status = prm_model_open(on->engine, model_path(QWEN), options, control, &model);
    if (!status) prm_model_close(model);
    return status && model ? PRM_STATUS_INTERNAL : status;
}

static void of_open_options(const victims *on) {
    prm_model_options options = PRM_INIT(prm_model_options);
    const prm_model_options fresh = options;
    options.struct_size = 2;
    WRONG(prm_model_open, "struct_size 2", INVALID_ARGUMENT, open_as(on, &options, NULL));
    options.struct_size = UINT32_MAX;
    WRONG(prm_model_open, "struct_size UINT32_MAX", INVALID_ARGUMENT, open_as(on, &options, NULL));
    options = fresh;
    options.flags = 1u << 31;
    WRONG(prm_model_open, "an unknown flag", UNSUPPORTED, open_as(on, &options, NULL));
    options = fresh;
    options.context = -1;
    WRONG(prm_model_open, "context -1", INVALID_ARGUMENT, open_as(on, &options, NULL));
    options.context = INT32_MAX;
    WRONG(prm_model_open, "context INT32_MAX", INVALID_ARGUMENT, open_as(on, &options, NULL));
    options = fresh;
    options.chunk_tokens = -1;
    WRONG(prm_model_open, "chunk_tokens -1", INVALID_ARGUMENT, open_as(on, &options, NULL));
    options = fresh;
    options.cache_dtype = 4711;
    WRONG(prm_model_open, "cache_dtype 4711", UNSUPPORTED, open_as(on, &options, NULL));
    options = fresh;
    options.sessions = 4097;
    WRONG(prm_model_open, "sessions 4097", INVALID_ARGUMENT, open_as(on, &options, NULL));
    options = fresh;
    options.data_size = 10;
    WRONG(prm_model_open, "data_size without data", INVALID_ARGUMENT, open_as(on, &options, NULL));
    options.data = &options;
    options.data_size = 0;
    WRONG(prm_model_open, "data of no bytes", BAD_FILE, open_as(on, &options, NULL));
    options = fresh;
    options.max_host_bytes = 1;
    WRONG(prm_model_open, "a budget of one byte", OVER_BUDGET, open_as(on, &options, NULL));
}

static void of_open_control(const victims *on) {
    prm_control control = PRM_INIT(prm_control);
    const prm_control fresh = control;
    control.struct_size = 0;
    WRONG(prm_model_open, "control.struct_size 0", INVALID_ARGUMENT, open_as(on, NULL, &control));
    control = fresh;
    control.reserved = 1;
    WRONG(prm_model_open, "control.reserved is set", INVALID_ARGUMENT, open_as(on, NULL, &control));
    control = fresh;
    control.deadline_ns = -1;
    WRONG(prm_model_open, "a negative deadline", INVALID_ARGUMENT, open_as(on, NULL, &control));
    control = fresh;
    control.cancel = on->closed_cancel;
    WRONG(prm_model_open, "a closed cancel token", INVALID_ARGUMENT, open_as(on, NULL, &control));
    control.cancel = (prm_cancel *)on->session;
    WRONG(prm_model_open, "a session as cancel token", INVALID_ARGUMENT, open_as(on, NULL, &control));
    control.cancel = GARBAGE(prm_cancel);
    WRONG(prm_model_open, "garbage as cancel token", INVALID_ARGUMENT, open_as(on, NULL, &control));
}

typedef struct nested {
    const victims *on;
    prm_status query, open, generate;
    int asked;
} nested;

static int32_t call_from_progress(void *user, const char *stage, uint64_t done, uint64_t total) {
    nested *inside = user;
    prm_engine_info info = PRM_INIT(prm_engine_info);
    prm_prompt prompt = text_prompt("the");
    prm_generate_options options = PRM_INIT(prm_generate_options);
    (void)stage, (void)done, (void)total;
    options.max_tokens = 1;
    if (inside->asked++) return 0;
    inside->query = prm_engine_query(inside->on->engine, &info);
    inside->open = prm_model_open(inside->on->engine, model_path(QWEN), NULL, NULL, NULL);
    inside->generate = prm_generate(inside->on->model, &prompt, &options, NULL, NULL);
    return 0;
}

static void of_open_handles(const victims *on) {
    prm_model *model = NULL;
    prm_control control = PRM_INIT(prm_control);
    nested inside = { on, -1, -1, -1, 0 };
    const char *path = model_path(QWEN);
    WRONG(prm_model_open, "engine is NULL", INVALID_ARGUMENT, prm_model_open(NULL, path, NULL, NULL, &model));
    WRONG(prm_model_open, "engine is closed", INVALID_ARGUMENT, prm_model_open(on->closed_engine, path, NULL, NULL, &model));
    WRONG(prm_model_open, "engine is a session", INVALID_ARGUMENT, prm_model_open((prm_engine *)on->session, path, NULL, NULL, &model));
    WRONG(prm_model_open, "out is NULL", INVALID_ARGUMENT, prm_model_open(on->engine, path, NULL, NULL, NULL));
    WRONG(prm_model_open, "path is NULL", INVALID_ARGUMENT, prm_model_open(on->engine, NULL, NULL, NULL, &model));
    WRONG(prm_model_open, "path is empty", INVALID_ARGUMENT, prm_model_open(on->engine, "", NULL, NULL, &model));
    control.on_progress = call_from_progress;
    control.user = &inside;
    WRONG(prm_model_open, "calls in on_progress", OK, open_as(on, NULL, &control));
    HOLDS(prm_model_open, "what was called there", inside.asked && !inside.query && inside.open == PRM_STATUS_INVALID_ARGUMENT && !inside.generate);
}

static void of_queries(const victims *on) {
    prm_model_info info = PRM_INIT(prm_model_info);
    WRONG(prm_model_query, "model is NULL", INVALID_ARGUMENT, prm_model_query(NULL, &info));
    WRONG(prm_model_query, "model is closed", INVALID_ARGUMENT, prm_model_query(on->closed_model, &info));
    WRONG(prm_model_query, "model is an engine", INVALID_ARGUMENT, prm_model_query((prm_model *)on->engine, &info));
    WRONG(prm_model_query, "model is garbage", INVALID_ARGUMENT, prm_model_query(GARBAGE(prm_model), &info));
    WRONG(prm_model_query, "out is NULL", INVALID_ARGUMENT, prm_model_query(on->model, NULL));
    info.struct_size = 1;
    WRONG(prm_model_query, "struct_size 1", INVALID_ARGUMENT, prm_model_query(on->model, &info));
    info.struct_size = UINT32_MAX - 3;
    WRONG(prm_model_query, "struct_size UINT32_MAX - 3", INVALID_ARGUMENT, prm_model_query(on->model, &info));
}

static void of_reports(const victims *on) {
    char text[16] = "#";
    size_t size = 0;
    WRONG(prm_model_report, "model is NULL", INVALID_ARGUMENT, prm_model_report(NULL, 10, text, sizeof text, &size));
    WRONG(prm_model_report, "model is closed", INVALID_ARGUMENT, prm_model_report(on->closed_model, 10, text, sizeof text, &size));
    WRONG(prm_model_report, "report 0", INVALID_ARGUMENT, prm_model_report(on->model, 0, text, sizeof text, &size));
    WRONG(prm_model_report, "an engine's report", INVALID_ARGUMENT, prm_model_report(on->model, PRM_REPORT_CAPABILITIES, text, sizeof text, &size));
    WRONG(prm_model_report, "report INT32_MAX", INVALID_ARGUMENT, prm_model_report(on->model, INT32_MAX, text, sizeof text, &size));
    WRONG(prm_model_report, "a small buffer", BUFFER_TOO_SMALL, prm_model_report(on->model, 10, text, sizeof text, &size));
    HOLDS(prm_model_report, "which was not written", text[0] == '#' && size > sizeof text);
    WRONG(prm_model_report, "a capacity without buffer", BUFFER_TOO_SMALL, prm_model_report(on->model, 33, NULL, SIZE_MAX, NULL));
    WRONG(prm_model_report, "placement of a header", UNSUPPORTED, prm_model_report(on->header, 11, NULL, 0, &size));
}

static void of_plans(const victims *on) {
    prm_plan plan = PRM_INIT(prm_plan);
    prm_plan_options options = PRM_INIT(prm_plan_options);
    char text[16];
    size_t size = 0;
    WRONG(prm_model_plan, "model is NULL", INVALID_ARGUMENT, prm_model_plan(NULL, NULL, &plan, NULL, 0, NULL));
    WRONG(prm_model_plan, "model is closed", INVALID_ARGUMENT, prm_model_plan(on->closed_model, NULL, &plan, NULL, 0, NULL));
    WRONG(prm_model_plan, "model is a cancel token", INVALID_ARGUMENT, prm_model_plan((prm_model *)on->cancel, NULL, &plan, NULL, 0, NULL));
    WRONG(prm_model_plan, "a small buffer", BUFFER_TOO_SMALL, prm_model_plan(on->model, NULL, &plan, text, sizeof text, &size));
    HOLDS(prm_model_plan, "and nothing written", plan.host_bytes == 0 && size > sizeof text);
    options.struct_size = 1;
    WRONG(prm_model_plan, "options.struct_size 1", INVALID_ARGUMENT, prm_model_plan(on->model, &options, &plan, NULL, 0, NULL));
    options.struct_size = sizeof options;
    options.reserved = 7;
    WRONG(prm_model_plan, "options.reserved is set", INVALID_ARGUMENT, prm_model_plan(on->model, &options, &plan, NULL, 0, NULL));
    plan.struct_size = 0;
    WRONG(prm_model_plan, "out.struct_size 0", INVALID_ARGUMENT, prm_model_plan(on->model, NULL, &plan, NULL, 0, NULL));
    WRONG(prm_model_plan, "nothing asked for", OK, prm_model_plan(on->model, NULL, NULL, NULL, 0, NULL));
}

static void of_manifests(const victims *on) {
    prm_control control = PRM_INIT(prm_control);
    char text[8] = "kept";
    size_t size = 0;
    WRONG(prm_model_manifest, "model is NULL", INVALID_ARGUMENT, prm_model_manifest(NULL, NULL, text, sizeof text, &size));
    WRONG(prm_model_manifest, "model is closed", INVALID_ARGUMENT, prm_model_manifest(on->closed_model, NULL, text, sizeof text, &size));
    WRONG(prm_model_manifest, "model is a session", INVALID_ARGUMENT, prm_model_manifest((prm_model *)on->session, NULL, text, sizeof text, &size));
    control.cancel = on->closed_cancel;
    WRONG(prm_model_manifest, "a closed cancel token", INVALID_ARGUMENT, prm_model_manifest(on->model, &control, text, sizeof text, &size));
    WRONG(prm_model_manifest, "a small buffer", BUFFER_TOO_SMALL, prm_model_manifest(on->model, NULL, text, sizeof text, &size));
    HOLDS(prm_model_manifest, "and nothing written but the need", size > sizeof text && !strcmp(text, "kept"));
    WRONG(prm_model_manifest, "no buffer", BUFFER_TOO_SMALL, prm_model_manifest(on->model, NULL, NULL, sizeof text, NULL));
}

static void of_close(const victims *on) {
    prm_model_close(NULL);
    HOLDS(prm_model_close, "NULL", victims_well(on));
    prm_model_close(on->closed_model);
    HOLDS(prm_model_close, "closed", victims_well(on));
    prm_model_close(GARBAGE(prm_model));
    HOLDS(prm_model_close, "garbage", victims_well(on));
    prm_model_close((prm_model *)on->engine);
    HOLDS(prm_model_close, "an engine", victims_well(on));
    prm_model_close((prm_model *)on->session);
    HOLDS(prm_model_close, "a session", victims_well(on));
}

void abuse_of_models(const victims *on) {
    of_open_options(on);
    of_open_control(on);
    of_open_handles(on);
    of_queries(on);
    of_reports(on);
    of_plans(on);
    of_manifests(on);
    of_close(on);
}
