/* Growing structs: older and newer hosts; sizes and padding. */
#include <string.h>

#include "fixtures.h"
#include "harness.h"

/* No hidden padding: a struct is as large as its members together. */
#define SIZE_OF(type, member) sizeof(((type *)0)->member)
_Static_assert(sizeof(prm_text) == sizeof(char *) + sizeof(size_t), "prm_text");
_Static_assert(sizeof(prm_error_info) == 4 * 4 + 2 * sizeof(char *) + 3 * 8, "prm_error_info");
_Static_assert(sizeof(prm_control) == 2 * 4 + 8 + 3 * sizeof(void *), "prm_control");
_Static_assert(sizeof(prm_engine_options) == 4 * 4 + 4 * sizeof(char *) + 2 * 8 && sizeof(prm_limits) == 2 * 4 + 6 * 8, "prm_engine_options");
_Static_assert(sizeof(prm_engine_info) == 2 * 4 + sizeof(char *) + 4 * 8, "prm_engine_info");
_Static_assert(sizeof(prm_model_options) == 2 * 4 + 4 * sizeof(void *) + 2 * sizeof(size_t) + 6 * 4 + 2 * 8, "prm_model_options");
_Static_assert(sizeof(prm_model_info) == 2 * 4 + sizeof(char *) + 3 * 8 + 8 * 4, "prm_model_info");
_Static_assert(sizeof(prm_host) == 2 * 4 + 12 * sizeof(void *), "prm_host");
_Static_assert(sizeof(prm_plan_options) == 2 * 4 + 8 && sizeof(prm_plan) == 2 * 4 + 6 * 8, "prm_plan");
_Static_assert(sizeof(prm_prompt) == 2 * 4 + sizeof(prm_text) + 2 * (sizeof(void *) + sizeof(size_t)) + 3 * sizeof(char *), "prm_prompt");
_Static_assert(sizeof(prm_message) == 2 * sizeof(char *) + sizeof(prm_text) + 2 * 8, "prm_message");
_Static_assert(sizeof(prm_generate_options) == 4 * 4 + 3 * sizeof(void *) + 10 * 4 + 8 + 9 * sizeof(void *), "prm_generate_options");
_Static_assert(sizeof(prm_bias) == 8 && sizeof(prm_token) == 16, "prm_bias, prm_token");
_Static_assert(sizeof(prm_session_options) == 8 && sizeof(prm_session_info) == 4 * 4 + 8, "prm_session_info");
_Static_assert(sizeof(prm_request_info) == 2 * 4 + 4 * 8, "prm_request_info");
_Static_assert(sizeof(prm_tensor) == 3 * sizeof(void *) + 8 + 2 * 8 * PRM_MAX_RANK + 4 * 4 + 2 * 8, "prm_tensor");
_Static_assert(SIZE_OF(prm_tensor, reserved) == 16, "prm_tensor.reserved");
_Static_assert(sizeof(prm_tile_options) == 2 * 4 + 8 * PRM_MAX_RANK + 8 && offsetof(prm_tile_options, overlap) == 72, "prm_tile_options");
_Static_assert(sizeof(prm_image_options) == 4 * 4 + 4 * 8 + 10 * 4 + 6 * 8 && sizeof(prm_image_map) == 6 * 8, "prm_image_options");
/* What a program built today relies on for ever. */
_Static_assert(offsetof(prm_error_info, message) == 8 && offsetof(prm_error_info, system_code) == 40, "prm_error_info");
_Static_assert(offsetof(prm_control, deadline_ns) == 8 && offsetof(prm_control, user) == 32, "prm_control");
_Static_assert(offsetof(prm_engine_options, threads) == 4 && offsetof(prm_engine_options, isa) == 16,
               "prm_engine_options");
_Static_assert(offsetof(prm_model_options, data) == 8 && offsetof(prm_model_options, cache_dtype) == 32 && offsetof(prm_model_options, manifest_json) == 48,
               "prm_model_options");
_Static_assert(offsetof(prm_model_info, architecture) == 8 && offsetof(prm_model_info, begin_token) == 44,
               "prm_model_info");
_Static_assert(offsetof(prm_prompt, text) == 8 && offsetof(prm_prompt, token_count) == 32 &&
                   offsetof(prm_prompt, messages) == 40 && offsetof(prm_prompt, template_json) == 72, "prm_prompt");
_Static_assert(offsetof(prm_message, text) == 8 && offsetof(prm_message, extra_json) == 24, "prm_message");
_Static_assert(offsetof(prm_generate_options, max_tokens) == 8 && offsetof(prm_generate_options, user) == 32 &&
                   offsetof(prm_generate_options, top_k) == 40 && offsetof(prm_generate_options, seed) == 80 &&
                   offsetof(prm_generate_options, session) == 152,
               "prm_generate_options");
_Static_assert(offsetof(prm_image_options, slope) == 16 && offsetof(prm_image_options, scale) == 48 && offsetof(prm_image_options, spacing) == 88,
               "prm_image_options");
_Static_assert(offsetof(prm_tensor, shape) == 24 && offsetof(prm_tensor, dtype) == 152 &&
                   offsetof(prm_tensor, stream) == 168,
               "prm_tensor");

enum { POISON = 0xa5, TAIL = 64 };

/* A struct as a newer host has it: this release's, and a tail. */
#define NEWER(type) \
    struct { \
        type known; \
        unsigned char tail[TAIL]; \
    }

static int all_bytes_are(const void *from, size_t size, int value) {
    const unsigned char *at = from;
    size_t i;
    for (i = 0; i < size; ++i)
        if (at[i] != value) return 0;
    return 1;
}

static void an_older_host_opens_an_engine(void) {
    prm_engine_options options;
    prm_engine_info info = PRM_INIT(prm_engine_info);
    prm_engine *engine = NULL;
    memset(&options, POISON, sizeof options);
    options.struct_size = 8; /* knows struct_size and threads */
    options.threads = 1;
    CHECK_OK(prm_engine_open(PRM_VERSION, &options, &engine));
    CHECK_OK(prm_engine_query(engine, &info));
    CHECK(info.threads == 1);
    prm_engine_close(engine);
}

static void an_older_host_opens_a_model(void) {
    prm_model_options options;
    prm_control control;
    prm_engine *engine = open_engine(0);
    prm_model *model = NULL;
    memset(&options, POISON, sizeof options);
    memset(&control, POISON, sizeof control);
    options.struct_size = 8;
    options.flags = PRM_MODEL_HEADER_ONLY;
    control.struct_size = 16;
    control.reserved = 0;
    control.deadline_ns = 0;
    CHECK_OK(prm_model_open(engine, model_path(QWEN), &options, &control, &model));
    prm_model_close(model);
    prm_engine_close(engine);
}

static void an_older_host_generates(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_prompt prompt;
    prm_generate_options options;
    unsigned char room[sizeof(prm_request_info)];
    prm_request_info *info = (prm_request_info *)room;
    CHECK(model);
    memset(&prompt, POISON, sizeof prompt);
    memset(&options, POISON, sizeof options);
    memset(room, POISON, sizeof room);
    prompt.struct_size = 24; /* to the end of text */
    prompt.flags = 0;
    prompt.text = PRM_TEXT("the");
    options.struct_size = 12; /* to the end of max_tokens */
    options.flags = PRM_GENERATE_IGNORE_END;
    options.max_tokens = 2;
    info->struct_size = 16; /* to the end of prompt_tokens */
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, info));
    CHECK(info->finish == PRM_FINISH_LENGTH && info->prompt_tokens > 0 && info->struct_size == 16);
    CHECK(all_bytes_are(room + 16, sizeof room - 16, POISON));
    prm_model_close(model);
}

static void an_older_host_gets_what_it_knows(void) {
    prm_model *model = open_simple(GEMMA, 0, 0, 0);
    unsigned char room[sizeof(prm_model_info)];
    prm_model_info *info = (prm_model_info *)room;
    prm_error_info error;
    CHECK(model);
    memset(room, POISON, sizeof room);
    info->struct_size = 8;
    CHECK_OK(prm_model_query(model, info));
    CHECK(info->vocabulary > 0);
    CHECK(all_bytes_are(room + 8, sizeof room - 8, POISON));
    memset(&error, POISON, sizeof error);
    error.struct_size = 8;
    prm_error_query(&error);
    CHECK(all_bytes_are((unsigned char *)&error + 8, sizeof error - 8, POISON));
    prm_model_close(model);
}

static void a_newer_host_may_leave_new_fields_zero(void) {
    NEWER(prm_engine_options) options;
    NEWER(prm_engine_info) info;
    prm_engine *engine = NULL;
    memset(&options, 0, sizeof options);
    options.known.struct_size = sizeof options;
    CHECK_OK(prm_engine_open(PRM_VERSION, &options.known, &engine));
    memset(&info, POISON, sizeof info);
    info.known.struct_size = sizeof info;
    CHECK_OK(prm_engine_query(engine, &info.known));
    CHECK(info.known.struct_size == sizeof info);
    CHECK(all_bytes_are(info.tail, TAIL, POISON)); /* what the library does not know is not written */
    prm_engine_close(engine);
}

static void a_newer_host_is_told_of_unknown_fields(void) {
    NEWER(prm_engine_options) engine_options;
    NEWER(prm_model_options) model_options;
    NEWER(prm_control) control;
    NEWER(prm_prompt) prompt;
    NEWER(prm_generate_options) options;
    prm_engine *engine = open_engine(0), *none = NULL;
    prm_model *model = open_model(engine, QWEN, NULL), *no_model = NULL;
    size_t count;
    CHECK(model);
    memset(&engine_options, 0, sizeof engine_options);
    memset(&model_options, 0, sizeof model_options);
    memset(&control, 0, sizeof control);
    memset(&prompt, 0, sizeof prompt);
    memset(&options, 0, sizeof options);
    engine_options.known.struct_size = sizeof engine_options;
    model_options.known.struct_size = sizeof model_options;
    control.known.struct_size = sizeof control;
    prompt.known.struct_size = sizeof prompt;
    prompt.known.text = PRM_TEXT("the");
    options.known.struct_size = sizeof options;
    options.known.max_tokens = 1;
    CHECK_OK(prm_generate(model, &prompt.known, &options.known, &control.known, NULL));

    engine_options.tail[0] = 1;
    CHECK_STATUS(prm_engine_open(PRM_VERSION, &engine_options.known, &none), PRM_STATUS_UNSUPPORTED);
    model_options.tail[TAIL - 1] = 1;
    CHECK_STATUS(prm_model_open(engine, model_path(QWEN), &model_options.known, NULL, &no_model),
                 PRM_STATUS_UNSUPPORTED);
    control.tail[3] = 1;
    CHECK_STATUS(prm_generate(model, &prompt.known, NULL, &control.known, NULL), PRM_STATUS_UNSUPPORTED);
    CHECK_STATUS(prm_model_open(engine, model_path(QWEN), NULL, &control.known, &no_model), PRM_STATUS_UNSUPPORTED);
    options.tail[8] = 1;
    CHECK_STATUS(prm_generate(model, &prompt.known, &options.known, NULL, NULL), PRM_STATUS_UNSUPPORTED);
    prompt.tail[8] = 1;
    CHECK_STATUS(prm_tokenize(model, &prompt.known, NULL, 0, &count), PRM_STATUS_UNSUPPORTED);
    CHECK(!none && !no_model);
    prm_model_close(model);
    prm_engine_close(engine);
}

static void a_struct_that_was_not_started_is_refused(void) {
    prm_engine_options engine_options;
    prm_model_options model_options;
    prm_engine_info info;
    prm_prompt prompt;
    prm_engine *engine = open_engine(0), *none = NULL;
    prm_model *model = open_model(engine, QWEN, NULL), *no_model = NULL;
    size_t count;
    CHECK(model);
    memset(&engine_options, 0, sizeof engine_options);
    memset(&model_options, 0, sizeof model_options);
    memset(&info, 0, sizeof info);
    memset(&prompt, 0, sizeof prompt);
    CHECK_STATUS(prm_engine_open(PRM_VERSION, &engine_options, &none), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_model_open(engine, model_path(QWEN), &model_options, NULL, &no_model),
                 PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_engine_query(engine, &info), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_tokenize(model, &prompt, NULL, 0, &count), PRM_STATUS_INVALID_ARGUMENT);
    prm_model_close(model);
    prm_engine_close(engine);
}

static void reserved_fields_must_be_zero(void) {
    prm_engine_options engine_options = PRM_INIT(prm_engine_options);
    prm_control control = PRM_INIT(prm_control);
    prm_prompt prompt = text_prompt("the");
    prm_engine *engine = open_engine(0), *none = NULL;
    prm_model *model = open_model(engine, QWEN, NULL);
    CHECK(model);
    engine_options.reserved = control.reserved = 7;
    CHECK_STATUS_OF(prm_engine_open(PRM_VERSION, &engine_options, &none), PRM_STATUS_INVALID_ARGUMENT,
                    PRM_STATUS_UNSUPPORTED);
    CHECK_STATUS_OF(prm_generate(model, &prompt, NULL, &control, NULL), PRM_STATUS_INVALID_ARGUMENT,
                    PRM_STATUS_UNSUPPORTED);
    prm_model_close(model);
    prm_engine_close(engine);
}

static const test_case cases[] = {
    { "an older host opens an engine", an_older_host_opens_an_engine },
    { "an older host opens a model", an_older_host_opens_a_model },
    { "an older host generates", an_older_host_generates },
    { "an older host gets the fields that it knows, no more", an_older_host_gets_what_it_knows },
    { "a newer host may leave its new fields zero", a_newer_host_may_leave_new_fields_zero },
    { "a newer host is told of fields that the library does not know", a_newer_host_is_told_of_unknown_fields },
    { "a struct that was not started is refused", a_struct_that_was_not_started_is_refused },
    { "reserved fields must be zero", reserved_fields_must_be_zero },
};
const test_suite struct_suite = SUITE("structs", cases);
