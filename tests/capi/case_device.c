/* Where models run: names of devices, and what is said where there is none. */
#include <string.h>

#include "fixtures.h"
#include "harness.h"

static prm_engine *engine_without_plugins(void) {
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_engine *engine = NULL;
    options.plugin_folder = "/nonexistent";
    prm_engine_open(PRM_VERSION, &options, &engine); /* NULL where it fails: what is opened on it fails then */
    return engine;
}

static prm_status open_on(prm_engine *engine, const char *device, uint32_t flags, int32_t layers, prm_model **model) {
    prm_model_options options = PRM_INIT(prm_model_options);
    options.device = device;
    options.flags = flags;
    options.device_layers = layers;
    *model = NULL;
    return prm_model_open(engine, model_path(QUANTIZED), &options, NULL, model);
}

static void the_cpu_has_a_name(void) {
    const char *names[] = { NULL, "", "cpu" };
    prm_engine *engine = engine_without_plugins();
    size_t i;
    for (i = 0; i < sizeof names / sizeof names[0]; ++i) {
        prm_model *model;
        CHECK_OK(open_on(engine, names[i], i == 2 ? PRM_MODEL_REQUIRE_DEVICE : 0, 0, &model));
        CHECK(model_info(model).device_bytes == 0);
        prm_model_close(model);
    }
    prm_engine_close(engine);
}

static void other_names_are_refused(void) {
    const char *wrong[] = { "gpu", "CUDA", "cuda:", "cuda:x", "cuda:-1", "cuda:64", "cuda:0,1", "cuda: 1", "cpu:0", "\xff" };
    prm_engine *engine = engine_without_plugins();
    size_t i;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
        prm_model *model;
        CHECK_STATUS(open_on(engine, wrong[i], 0, 0, &model), PRM_STATUS_INVALID_ARGUMENT);
        CHECK(!model && contains(prm_last_error(), "device"));
    }
    prm_engine_close(engine);
}

static void layers_are_a_count(void) {
    prm_engine *engine = engine_without_plugins();
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_model *model = NULL;
    CHECK_STATUS(open_on(engine, NULL, 0, -1, &model), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(contains(prm_last_error(), "device_layers"));
    options.reserved = 1;
    CHECK_STATUS(prm_model_open(engine, model_path(QUANTIZED), &options, NULL, &model), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(!model);
    prm_engine_close(engine);
}

/* The call says which piece is missing, and where it was looked for; the engine goes on. */
static void a_missing_plugin_is_named(void) {
    const char *names[] = { "cuda", "cuda:0", "cuda:63" };
    prm_engine *engine = engine_without_plugins();
    prm_engine_info info = PRM_INIT(prm_engine_info);
    prm_model *model;
    size_t i;
    for (i = 0; i < sizeof names / sizeof names[0]; ++i) {
        CHECK_STATUS(open_on(engine, names[i], 0, 0, &model), PRM_STATUS_DEVICE_UNAVAILABLE);
        CHECK(!model && contains(prm_last_error(), "/nonexistent/libpremise_cuda.so"));
    }
    CHECK_OK(prm_engine_query(engine, &info));
    CHECK(info.device_bytes == 0);
    CHECK_OK(open_on(engine, "cpu", 0, 0, &model));
    prm_model_close(model);
    prm_engine_close(engine);
}

static const test_case cases[] = {
    { "the CPU has a name", the_cpu_has_a_name },
    { "other names are refused", other_names_are_refused },
    { "layers are a count", layers_are_a_count },
    { "a missing plug-in is named", a_missing_plugin_is_named },
};
const test_suite device_suite = SUITE("device", cases);
