/* Models: opening, options, closing in any order. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

static void tells_what_it_is(void) {
    prm_model *gemma = open_simple(GEMMA, 0, 0, 0), *qwen = open_simple(QWEN, 0, 0, 0);
    prm_model_info info;
    CHECK(gemma && qwen);
    info = model_info(gemma);
    CHECK(!strcmp(info.architecture, "gemma3"));
    CHECK(info.vocabulary > 0 && info.width > 0 && info.context > 0 && info.parameters > 0 && info.host_bytes > 0);
    CHECK(info.begin_token >= 0 && info.begin_token < info.vocabulary);
    CHECK(info.end_token >= 0 && info.end_token < info.vocabulary);
    info = model_info(qwen);
    CHECK(!strcmp(info.architecture, "qwen2"));
    CHECK(info.begin_token >= -1 && info.begin_token < info.vocabulary);
    prm_model_close(gemma);
    prm_model_close(qwen);
}

static void null_arguments(void) {
    prm_engine *engine = open_engine(0);
    prm_model *model = open_model(engine, QWEN, NULL), *none = NULL;
    prm_model_info info = PRM_INIT(prm_model_info);
    prm_model_options options = PRM_INIT(prm_model_options);
    size_t size;
    CHECK(model);
    CHECK_STATUS(prm_model_open(NULL, model_path(QWEN), NULL, NULL, &none), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_model_open(engine, NULL, NULL, NULL, &none), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_model_open(engine, "", NULL, NULL, &none), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_model_open(engine, model_path(QWEN), NULL, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    options.data_size = 100;
    CHECK_STATUS(prm_model_open(engine, NULL, &options, NULL, &none), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_model_query(NULL, &info), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_model_query(model, NULL), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_model_report(NULL, PRM_REPORT_INSPECT, NULL, 0, &size), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(!none);
    prm_model_close(NULL);
    prm_model_close(model);
    prm_engine_close(engine);
}

static void lives_longer_than_its_engine(void) {
    prm_engine *engine = open_engine(1);
    prm_model *model = open_model(engine, GEMMA, NULL);
    int32_t ids[5];
    float *before, *after;
    CHECK(model);
    fill_ids(ids, 5, 3);
    before = run_ids(model, ids, 5);
    prm_engine_close(engine);
    after = run_ids(model, ids, 5);
    CHECK(before && after);
    CHECK(!memcmp(before, after, 5 * (size_t)model_info(model).vocabulary * sizeof(float)));
    free(before);
    free(after);
    prm_model_close(model);
}

static void opens_from_memory(void) {
    bytes file = read_file(model_path(QUANTIZED));
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_engine *engine = open_engine(0);
    prm_model *from_file = open_model(engine, QUANTIZED, NULL), *from_memory = NULL, *named = NULL;
    int32_t ids[9];
    float *a, *b;
    CHECK(file.data && from_file);
    options.data = file.data;
    options.data_size = file.size;
    CHECK_OK(prm_model_open(engine, NULL, &options, NULL, &from_memory));
    CHECK_OK(prm_model_open(engine, "a name for messages", &options, NULL, &named));
    fill_ids(ids, 9, 2);
    a = run_ids(from_file, ids, 9);
    b = run_ids(from_memory, ids, 9);
    CHECK(a && b && !memcmp(a, b, 9 * (size_t)model_info(from_file).vocabulary * sizeof(float)));
    free(a);
    free(b);
    prm_model_close(from_file);
    prm_model_close(from_memory);
    prm_model_close(named);
    prm_engine_close(engine);
    free(file.data);
}

static void the_context_is_what_was_asked(void) {
    prm_model *model = open_simple(GEMMA, 0, 0, 0), *small = open_simple(GEMMA, 0, 20, 0);
    CHECK(model && small);
    CHECK(model_info(small).context == 20);
    CHECK(model_info(model).context > 20 && model_info(model).context <= 8192);
    prm_model_close(model);
    prm_model_close(small);
}

static void refuse(prm_engine *engine, const prm_model_options *options, prm_status one, prm_status other,
                   const char *word) {
    prm_model *sentinel = (prm_model *)engine, *model = sentinel;
    CHECK_STATUS_OF(prm_model_open(engine, model_path(GEMMA), options, NULL, &model), one, other);
    CHECK(model == sentinel);
    CHECK(contains(prm_last_error(), word));
}

static void options_out_of_range_are_named(void) {
    prm_engine *engine = open_engine(0);
    prm_model_options start = PRM_INIT(prm_model_options), options;
    int32_t contexts[] = { -1, INT32_MIN, 257, INT32_MAX }, chunks[] = { -1, INT32_MIN, INT32_MAX },
            dtypes[] = { PRM_DTYPE_I32, -1, 999, PRM_DTYPE_BLOCK, PRM_DTYPE_BLOCK + 2, 4 };
    size_t i;
    for (i = 0; i < sizeof contexts / sizeof contexts[0]; ++i) {
        options = start;
        options.context = contexts[i];
        refuse(engine, &options, PRM_STATUS_INVALID_ARGUMENT, PRM_STATUS_INVALID_ARGUMENT, "context");
    }
    for (i = 0; i < sizeof chunks / sizeof chunks[0]; ++i) {
        options = start;
        options.chunk_tokens = chunks[i];
        refuse(engine, &options, PRM_STATUS_INVALID_ARGUMENT, PRM_STATUS_INVALID_ARGUMENT, "chunk_tokens");
    }
    for (i = 0; i < sizeof dtypes / sizeof dtypes[0]; ++i) {
        options = start;
        options.cache_dtype = dtypes[i];
        refuse(engine, &options, PRM_STATUS_INVALID_ARGUMENT, PRM_STATUS_UNSUPPORTED, "cache_dtype");
    }
    options = start;
    options.flags = 1u << 31;
    refuse(engine, &options, PRM_STATUS_INVALID_ARGUMENT, PRM_STATUS_UNSUPPORTED, "flags");
    prm_engine_close(engine);
}

/* Both 0 when the plan fails. */
static uint64_t planned_cache(prm_engine *engine, prm_model_options options, uint64_t *in_all) {
    prm_plan plan = PRM_INIT(prm_plan);
    prm_model *model = NULL;
    options.flags = PRM_MODEL_HEADER_ONLY;
    model = open_model(engine, QUANTIZED, &options);
    if (!model || prm_model_plan(model, NULL, &plan, NULL, 0, NULL)) plan.host_bytes = plan.cache_bytes = 0;
    prm_model_close(model);
    *in_all = plan.host_bytes;
    return plan.cache_bytes;
}

/* Heads of 64. A value takes 4, 2, 2 bytes, or 34 in blocks of 32: what is planned is what is held. */
static void every_cache_type_opens(void) {
    static const prm_dtype types[] = { PRM_DTYPE_F32, PRM_DTYPE_F16, PRM_DTYPE_BF16, PRM_DTYPE_BLOCK + 8, PRM_DTYPE_ANY };
    static const uint64_t parts[] = { 128, 64, 64, 34, 64 };
    uint64_t whole = 0, in_all = 0;
    float *logits[5];
    int32_t ids[6], V = 0;
    size_t i;
    fill_ids(ids, 6, 8);
    for (i = 0; i < 5; ++i) {
        prm_engine *engine = open_engine(0);
        prm_engine_info info = PRM_INIT(prm_engine_info);
        prm_model_options options = PRM_INIT(prm_model_options);
        prm_model *model;
        uint64_t cache;
        options.cache_dtype = types[i];
        cache = planned_cache(engine, options, &in_all);
        if (i == 0) whole = cache;
        CHECK(cache > 0 && cache * 128 == whole * parts[i]);
        CHECK((model = open_model(engine, QUANTIZED, &options)) != NULL);
        V = model_info(model).vocabulary;
        CHECK((logits[i] = run_ids(model, ids, 6)) != NULL);
        CHECK_OK(prm_engine_query(engine, &info));
        CHECK(info.peak_host_bytes == in_all);
        prm_model_close(model);
        prm_engine_close(engine);
    }
    CHECK(!memcmp(logits[1], logits[4], 6 * (size_t)V * sizeof(float)));
    for (i = 0; i < 4; ++i) CHECK(memcmp(logits[i], logits[(i + 1) % 4], 6 * (size_t)V * sizeof(float)));
    for (i = 0; i < 5; ++i) free(logits[i]);
}

static void blocks_that_do_not_divide_the_heads(void) {
    prm_engine *engine = open_engine(0);
    prm_model_options options = PRM_INIT(prm_model_options);
    options.cache_dtype = PRM_DTYPE_BLOCK + 8;
    refuse(engine, &options, PRM_STATUS_UNSUPPORTED, PRM_STATUS_UNSUPPORTED, "head size of 16");
    options.flags = PRM_MODEL_HEADER_ONLY;
    refuse(engine, &options, PRM_STATUS_UNSUPPORTED, PRM_STATUS_UNSUPPORTED, "head size of 16");
    prm_engine_close(engine);
}

static void a_header_is_enough_for_reports_and_tokens(void) {
    prm_engine *engine = open_engine(0);
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_model *model;
    prm_prompt prompt = text_prompt("the hand");
    int32_t ids[64];
    float logits[4];
    prm_tensor in, out;
    size_t count, size;
    options.flags = PRM_MODEL_HEADER_ONLY;
    model = open_model(engine, GEMMA, &options);
    CHECK(model && model_info(model).vocabulary > 0);
    CHECK_OK(prm_tokenize(model, &prompt, ids, 64, &count));
    CHECK_STATUS(prm_model_report(model, PRM_REPORT_INSPECT, NULL, 0, &size), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK_STATUS(prm_model_report(model, PRM_REPORT_GRAPH, NULL, 0, &size), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK_STATUS(prm_model_report(model, PRM_REPORT_PLACEMENT, NULL, 0, &size), PRM_STATUS_UNSUPPORTED);
    CHECK_STATUS(prm_generate(model, &prompt, NULL, NULL, NULL), PRM_STATUS_UNSUPPORTED);
    in = tokens_tensor(ids, 0, 1);
    out = logits_tensor(logits, 4);
    out.bytes = 1u << 30; /* not reached */
    CHECK_STATUS(prm_run(model, &in, 1, NULL, &out, 1), PRM_STATUS_UNSUPPORTED);
    prm_model_close(model);
    prm_engine_close(engine);
}

static void a_file_without_tensors_is_a_vocabulary(void) {
    prm_engine *engine = open_engine(0);
    prm_model_options options = PRM_INIT(prm_model_options);
    bytes file = read_file(model_path(QWEN));
    prm_prompt prompt = text_prompt("the hand");
    prm_model *whole = open_model(engine, QWEN, NULL), *model = NULL;
    int32_t ids[64], same[64];
    prm_plan plan = PRM_INIT(prm_plan);
    size_t count = 0, n = 0, size;
    CHECK(whole && file.data && file.size > 16);
    memset(file.data + 8, 0, 8); /* the number of tensors */
    options.data = file.data;
    options.data_size = file.size;
    CHECK_STATUS(prm_model_open(engine, "vocabulary", &options, NULL, &model), PRM_STATUS_UNSUPPORTED);
    CHECK(contains(prm_last_error(), "vocabulary") && contains(prm_last_error(), "PRM_MODEL_HEADER_ONLY"));
    options.flags = PRM_MODEL_HEADER_ONLY;
    CHECK_OK(prm_model_open(engine, "vocabulary", &options, NULL, &model));
    CHECK(model_info(model).vocabulary == model_info(whole).vocabulary && model_info(model).parameters == 0);
    CHECK_OK(prm_tokenize(model, &prompt, ids, 64, &count));
    CHECK_OK(prm_tokenize(whole, &prompt, same, 64, &n));
    CHECK(count == n && memcmp(ids, same, n * sizeof *ids) == 0);
    CHECK_STATUS(prm_model_report(model, PRM_REPORT_INSPECT, NULL, 0, &size), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK_STATUS(prm_model_report(model, PRM_REPORT_PLACEMENT, NULL, 0, &size), PRM_STATUS_UNSUPPORTED);
    CHECK_STATUS(prm_model_plan(model, NULL, &plan, NULL, 0, NULL), PRM_STATUS_UNSUPPORTED);
    CHECK_STATUS(prm_generate(model, &prompt, NULL, NULL, NULL), PRM_STATUS_UNSUPPORTED);
    prm_model_close(model);
    prm_model_close(whole);
    prm_engine_close(engine);
    free(file.data);
}

struct progress {
    size_t calls, stop_at;
    uint64_t last_done, last_total;
    int named, went_back;
};

static int32_t watch(void *user, const char *stage, uint64_t done, uint64_t total) {
    struct progress *progress = user;
    progress->named = stage && *stage;
    progress->went_back |= total == progress->last_total && done < progress->last_done;
    progress->last_done = done;
    progress->last_total = total;
    return ++progress->calls == progress->stop_at;
}

static void loading_can_be_watched_and_stopped(void) {
    prm_engine *engine = open_engine(0);
    prm_control control = PRM_INIT(prm_control);
    struct progress progress;
    prm_model *model = NULL;
    prm_engine_info before = PRM_INIT(prm_engine_info), after = PRM_INIT(prm_engine_info);
    memset(&progress, 0, sizeof progress);
    control.on_progress = watch;
    control.user = &progress;
    CHECK_OK(prm_engine_query(engine, &before));
    CHECK_OK(prm_model_open(engine, model_path(QUANTIZED), NULL, &control, &model));
    prm_model_close(model);
    if (!progress.calls) SKIP("this machine's kernels repack nothing");
    CHECK(progress.named && !progress.went_back && progress.last_done == progress.last_total);
    memset(&progress, 0, sizeof progress);
    progress.stop_at = 1;
    model = NULL;
    CHECK_STATUS(prm_model_open(engine, model_path(QUANTIZED), NULL, &control, &model), PRM_STATUS_CANCELLED);
    CHECK(!model && progress.calls == 1);
    CHECK_OK(prm_engine_query(engine, &after));
    CHECK(after.host_bytes == before.host_bytes);
    prm_engine_close(engine);
}

static void opening_listens_to_its_control(void) {
    prm_engine *engine = open_engine(0);
    prm_control control = PRM_INIT(prm_control);
    prm_model *model = NULL;
    prm_cancel *cancel = NULL;
    control.deadline_ns = prm_now_ns() - 1;
    CHECK_STATUS(prm_model_open(engine, model_path(QWEN), NULL, &control, &model), PRM_STATUS_DEADLINE);
    CHECK_OK(prm_cancel_open(&cancel));
    prm_cancel_fire(cancel);
    control.deadline_ns = 0;
    control.cancel = cancel;
    CHECK_STATUS(prm_model_open(engine, model_path(QWEN), NULL, &control, &model), PRM_STATUS_CANCELLED);
    control.cancel = NULL;
    control.deadline_ns = prm_now_ns() + INT64_C(600000000000);
    CHECK(!model);
    CHECK_OK(prm_model_open(engine, model_path(QWEN), NULL, &control, &model));
    prm_model_close(model);
    prm_cancel_close(cancel);
    prm_engine_close(engine);
}

static const test_case cases[] = {
    { "a model tells what it is", tells_what_it_is },
    { "NULL arguments are refused, and nothing to close is fine", null_arguments },
    { "a model lives longer than its engine", lives_longer_than_its_engine },
    { "a model opens from memory, with the same logits", opens_from_memory },
    { "the context is what was asked", the_context_is_what_was_asked },
    { "options out of range are named, and nothing is opened", options_out_of_range_are_named },
    { "every cache type opens, takes what was planned, and has logits of its own", every_cache_type_opens },
    { "a cache whose blocks do not divide the heads is refused with the head size", blocks_that_do_not_divide_the_heads },
    { "a header is enough for reports and tokens", a_header_is_enough_for_reports_and_tokens },
    { "a file without tensors is a vocabulary, and runs nothing", a_file_without_tensors_is_a_vocabulary },
    { "loading can be watched and stopped", loading_can_be_watched_and_stopped },
    { "opening listens to deadline and cancel", opening_listens_to_its_control },
};
const test_suite model_suite = SUITE("model", cases);
