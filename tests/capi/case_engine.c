/* Engines and their options. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

static void null_arguments(void) {
    prm_engine *engine = open_engine(0);
    prm_engine_info info = PRM_INIT(prm_engine_info);
    size_t size;
    CHECK(engine);
    CHECK_STATUS(prm_engine_open(PRM_VERSION, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_engine_query(NULL, &info), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_engine_query(engine, NULL), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_engine_report(NULL, PRM_REPORT_CAPABILITIES, NULL, 0, &size), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_engine_report(engine, PRM_REPORT_CAPABILITIES, NULL, 0, NULL), PRM_STATUS_BUFFER_TOO_SMALL);
    prm_engine_close(engine);
    prm_engine_close(NULL);
}

static void threads_are_what_was_granted(void) {
    int32_t granted[] = { 0, 1, 3 };
    prm_engine_info info = PRM_INIT(prm_engine_info);
    size_t i;
    for (i = 0; i < 3; ++i) {
        prm_engine *engine = open_engine(granted[i]);
        CHECK(engine);
        CHECK_OK(prm_engine_query(engine, &info));
        CHECK(info.threads == granted[i]);
        prm_engine_close(engine);
    }
}

static void all_threads_are_some(void) {
    prm_engine *engine = open_engine(PRM_THREADS_ALL);
    prm_engine_info info = PRM_INIT(prm_engine_info);
    CHECK(engine);
    CHECK_OK(prm_engine_query(engine, &info));
    CHECK(info.threads >= 0 && info.threads < 1024);
    prm_engine_close(engine);
}

static void threads_out_of_range_are_named(void) {
    int32_t wrong[] = { -2, -5, INT32_MIN, 1 << 20, INT32_MAX };
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_engine *engine = NULL;
    size_t i;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
        options.threads = wrong[i];
        CHECK_STATUS(prm_engine_open(PRM_VERSION, &options, &engine), PRM_STATUS_INVALID_ARGUMENT);
        CHECK(contains(prm_last_error(), "threads"));
        CHECK(!engine);
    }
}

static void an_unknown_isa_is_named(void) {
    const char *wrong[] = { "nonsense", "AVX2", "avx2 ", "sse4", "\xff" };
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_engine *engine = NULL;
    size_t i;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
        options.isa = wrong[i];
        CHECK_STATUS_OF(prm_engine_open(PRM_VERSION, &options, &engine), PRM_STATUS_INVALID_ARGUMENT,
                        PRM_STATUS_DEVICE_UNAVAILABLE);
        CHECK(contains(prm_last_error(), wrong[i]));
        CHECK(!engine);
    }
}

#if defined(__x86_64__)
static int has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}
#endif

static void open_by_name(const char *isa, int available) {
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_engine_info info = PRM_INIT(prm_engine_info);
    prm_engine *engine = NULL;
    options.isa = isa;
    if (available) {
        CHECK_OK(prm_engine_open(PRM_VERSION, &options, &engine));
        CHECK_OK(prm_engine_query(engine, &info));
        CHECK(!strcmp(info.isa, isa));
        prm_engine_close(engine);
    } else {
        CHECK_STATUS(prm_engine_open(PRM_VERSION, &options, &engine), PRM_STATUS_DEVICE_UNAVAILABLE);
        CHECK(contains(prm_last_error(), isa) && !engine);
    }
}

static void isas_open_by_name(void) {
    open_by_name("scalar", 1);
    open_by_name("emu512", 1);
#if defined(__x86_64__)
    open_by_name("avx2", __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
    open_by_name("avx512", has_avx512());
#endif
}

/* AMX is for who asks: it may be granted or not, and is never what an engine takes by itself. */
static void tiles_are_for_who_asks(void) {
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_engine_info info = PRM_INIT(prm_engine_info);
    prm_engine *engine = NULL;
    prm_status status;
    options.isa = "amx";
    status = prm_engine_open(PRM_VERSION, &options, &engine);
    CHECK(status == PRM_STATUS_OK || status == PRM_STATUS_DEVICE_UNAVAILABLE);
    if (status) {
        CHECK(contains(prm_last_error(), "amx") && !engine);
    } else {
        CHECK_OK(prm_engine_query(engine, &info));
        CHECK(!strcmp(info.isa, "amx"));
        prm_engine_close(engine);
    }
    CHECK_OK(prm_engine_open(PRM_VERSION, NULL, &engine));
    CHECK_OK(prm_engine_query(engine, &info));
    CHECK(strcmp(info.isa, "amx") != 0);
    prm_engine_close(engine);
}

static void an_isa_that_the_cpu_lacks_is_refused(void) {
#if defined(__x86_64__)
    if (has_avx512()) SKIP("this CPU has AVX-512 with VNNI");
    open_by_name("avx512", 0);
#else
    SKIP("not an x86-64 machine");
#endif
}

static void opens_quickly(void) {
    int64_t best = INT64_MAX;
    int i;
    for (i = 0; i < 5; ++i) {
        int64_t begin = prm_now_ns(), took;
        prm_engine *engine = open_engine(PRM_THREADS_ALL);
        took = prm_now_ns() - begin;
        CHECK(engine);
        prm_engine_close(engine);
        if (took < best) best = took;
    }
    CHECK(best < 50000000);
}

static void several_live_side_by_side(void) {
    prm_engine *engines[4];
    prm_model *models[4];
    int i;
    for (i = 0; i < 4; ++i) {
        engines[i] = open_engine(i % 2);
        models[i] = open_model(engines[i], i % 2 ? QWEN : GEMMA, NULL);
        CHECK(models[i]);
    }
    for (i = 0; i < 4; ++i) {
        prm_model_close(models[3 - i]);
        prm_engine_close(engines[i]);
    }
}

static void memory_is_accounted_and_given_back(void) {
    prm_engine *engine = open_engine(0);
    prm_engine_info before = PRM_INIT(prm_engine_info), open = PRM_INIT(prm_engine_info),
                    after = PRM_INIT(prm_engine_info);
    prm_model *model;
    CHECK_OK(prm_engine_query(engine, &before));
    model = open_model(engine, QUANTIZED, NULL);
    CHECK(model);
    CHECK_OK(prm_engine_query(engine, &open));
    CHECK(open.host_bytes > before.host_bytes);
    CHECK(open.peak_host_bytes >= open.host_bytes);
    CHECK(model_info(model).host_bytes > 0);
    prm_model_close(model);
    CHECK_OK(prm_engine_query(engine, &after));
    CHECK(after.host_bytes == before.host_bytes);
    CHECK(after.peak_host_bytes >= open.host_bytes);
    prm_engine_close(engine);
}

static void spinning_may_be_off(void) {
    int32_t spins[] = { -1, 1, 1000 };
    prm_engine_options options = PRM_INIT(prm_engine_options);
    int32_t ids[4];
    size_t i;
    fill_ids(ids, 4, 1);
    options.threads = 1;
    for (i = 0; i < 3; ++i) {
        prm_engine *engine = NULL;
        prm_model *model;
        float *logits;
        options.spin_us = spins[i];
        CHECK_OK(prm_engine_open(PRM_VERSION, &options, &engine));
        model = open_model(engine, QWEN, NULL);
        CHECK(model && (logits = run_ids(model, ids, 4)) != NULL);
        free(logits);
        prm_model_close(model);
        prm_engine_close(engine);
    }
}

static const test_case cases[] = {
    { "NULL arguments are refused, and nothing to close is fine", null_arguments },
    { "threads are what was granted", threads_are_what_was_granted },
    { "PRM_THREADS_ALL gives some number", all_threads_are_some },
    { "threads out of range are named", threads_out_of_range_are_named },
    { "an unknown instruction set is named", an_unknown_isa_is_named },
    { "instruction sets open by name", isas_open_by_name },
    { "tiles of AMX are for who asks", tiles_are_for_who_asks },
    { "an instruction set that the CPU lacks is refused", an_isa_that_the_cpu_lacks_is_refused },
    { "opens in less than 50 ms", opens_quickly },
    { "several live side by side", several_live_side_by_side },
    { "memory is accounted and given back", memory_is_accounted_and_given_back },
    { "spinning may be off", spinning_may_be_off },
};
const test_suite engine_suite = SUITE("engine", cases);
