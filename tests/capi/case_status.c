/* Version, statuses, errors. */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

#ifdef _WIN32
enum { NO_SUCH_FOLDER = 3 }; /* ERROR_PATH_NOT_FOUND */
#else
enum { NO_SUCH_FOLDER = ENOENT };
#endif

static void version_fits_header(void) {
    CHECK(prm_version() >= PRM_VERSION);
    CHECK(prm_version() / 1000000 == PRM_VERSION / 1000000);
}

static void handshake(void) {
    prm_engine *engine = (prm_engine *)&engine, *kept = engine;
    int32_t wrong[] = { PRM_VERSION + 1000000, prm_version() + 1, prm_version() + 1000, INT32_MAX, -1, -PRM_VERSION };
    size_t i;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
        CHECK_STATUS(prm_engine_open(wrong[i], NULL, &engine), PRM_STATUS_VERSION_MISMATCH);
        CHECK(engine == kept);
    }
    CHECK_OK(prm_engine_open(PRM_VERSION, NULL, &engine));
    prm_engine_close(engine);
}

static void every_status_has_its_name(void) {
    static const struct {
        prm_status status;
        const char *name;
    } names[] = {
        { PRM_STATUS_OK, "OK" },
        { PRM_STATUS_INVALID_ARGUMENT, "INVALID_ARGUMENT" },
        { PRM_STATUS_UNSUPPORTED, "UNSUPPORTED" },
        { PRM_STATUS_NOT_FOUND, "NOT_FOUND" },
        { PRM_STATUS_BUFFER_TOO_SMALL, "BUFFER_TOO_SMALL" },
        { PRM_STATUS_VERSION_MISMATCH, "VERSION_MISMATCH" },
        { PRM_STATUS_BAD_FILE, "BAD_FILE" },
        { PRM_STATUS_IO, "IO" },
        { PRM_STATUS_LIMIT, "LIMIT" },
        { PRM_STATUS_OUT_OF_MEMORY, "OUT_OF_MEMORY" },
        { PRM_STATUS_CANCELLED, "CANCELLED" },
        { PRM_STATUS_DEADLINE, "DEADLINE" },
        { PRM_STATUS_DEVICE_UNAVAILABLE, "DEVICE_UNAVAILABLE" },
        { PRM_STATUS_NUMERIC, "NUMERIC" },
        { PRM_STATUS_CONTEXT_FULL, "CONTEXT_FULL" },
        { PRM_STATUS_INTERNAL, "INTERNAL" },
    };
    size_t i;
    for (i = 0; i < sizeof names / sizeof names[0]; ++i)
        CHECK(!strcmp(prm_status_name(names[i].status), names[i].name));
}

static void an_unknown_status_has_a_name_too(void) {
    CHECK(prm_status_name(-1) && *prm_status_name(-1));
    CHECK(prm_status_name(12345) && *prm_status_name(12345));
    CHECK(prm_status_name(INT32_MIN) && *prm_status_name(INT32_MIN));
}

static void an_error_is_told_in_full(void) {
    prm_error_info info = PRM_INIT(prm_error_info);
    prm_engine *engine = open_engine(0);
    prm_model *model = NULL;
    CHECK(engine);
    CHECK_STATUS(prm_model_open(engine, "no/such/model.gguf", NULL, NULL, &model), PRM_STATUS_NOT_FOUND);
    prm_error_query(&info);
    CHECK(info.status == PRM_STATUS_NOT_FOUND);
    CHECK(!strcmp(info.message, prm_last_error()));
    CHECK(contains(info.message, "no/such/model.gguf"));
    CHECK(!strchr(info.message, '\n'));
    CHECK(!strcmp(info.subject, "no/such/model.gguf"));
    CHECK(info.system_code == NO_SUCH_FOLDER);
    CHECK(info.reserved == 0 && info.struct_size == sizeof info);
    prm_engine_close(engine);
}

static void success_leaves_the_last_error(void) {
    prm_engine *engine = open_engine(0);
    prm_model *model = NULL;
    prm_engine_info info = PRM_INIT(prm_engine_info);
    CHECK(prm_model_open(engine, "no/such/model.gguf", NULL, NULL, &model) == PRM_STATUS_NOT_FOUND);
    CHECK_OK(prm_engine_query(engine, &info));
    CHECK(contains(prm_last_error(), "no/such/model.gguf"));
    prm_engine_close(engine);
}

static void a_long_message_stays_whole_characters(void) {
    char path[4096];
    size_t i;
    prm_engine *engine = open_engine(0);
    prm_model *model = NULL;
    prm_error_info info = PRM_INIT(prm_error_info);
    for (i = 0; i + 3 < sizeof path; i += 2) memcpy(path + i, "\xc3\xa9", 2); /* two bytes a character */
    path[i] = 0;
    CHECK(prm_model_open(engine, path, NULL, NULL, &model) != PRM_STATUS_OK);
    prm_error_query(&info);
    CHECK(strlen(info.message) > 64);
    for (i = 0; info.message[i]; ++i)
        if ((unsigned char)info.message[i] == 0xc3) CHECK((unsigned char)info.message[i + 1] == 0xa9);
    prm_engine_close(engine);
}

struct threads_errors {
    prm_engine *engine;
    char first[64], after[1024];
};

static void *fail_otherwise(void *user) {
    struct threads_errors *errors = user;
    prm_model *model = NULL;
    strncpy(errors->first, prm_last_error(), sizeof errors->first - 1);
    prm_model_open(errors->engine, "another.gguf", NULL, NULL, &model);
    strncpy(errors->after, prm_last_error(), sizeof errors->after - 1);
    return NULL;
}

static void errors_are_per_thread(void) {
    struct threads_errors errors;
    pthread_t thread;
    prm_model *model = NULL;
    memset(&errors, 0, sizeof errors);
    errors.engine = open_engine(0);
    CHECK(prm_model_open(errors.engine, "one.gguf", NULL, NULL, &model) == PRM_STATUS_NOT_FOUND);
    CHECK(pthread_create(&thread, NULL, fail_otherwise, &errors) == 0);
    pthread_join(thread, NULL);
    CHECK(!*errors.first);
    CHECK(contains(errors.after, "another.gguf"));
    CHECK(contains(prm_last_error(), "one.gguf"));
    prm_engine_close(errors.engine);
}

static void the_clock_goes_on(void) {
    int64_t begin = prm_now_ns();
    sleep_ms(5);
    CHECK(begin > 0);
    CHECK(prm_now_ns() - begin >= 4000000);
}

static void cancel_tokens_take_anything(void) {
    prm_cancel *cancel = NULL;
    CHECK_STATUS(prm_cancel_open(NULL), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_OK(prm_cancel_open(&cancel));
    prm_cancel_fire(cancel);
    prm_cancel_fire(cancel);
    prm_cancel_fire(NULL);
    prm_cancel_close(cancel);
    prm_cancel_close(NULL);
    prm_error_query(NULL);
}

static const test_case cases[] = {
    { "the library is of the header's version", version_fits_header },
    { "an engine refuses a version that it cannot serve", handshake },
    { "every status has its name", every_status_has_its_name },
    { "an unknown status has a name too", an_unknown_status_has_a_name_too },
    { "an error is told in full", an_error_is_told_in_full },
    { "success leaves the last error", success_leaves_the_last_error },
    { "a long message stays whole characters", a_long_message_stays_whole_characters },
    { "errors are per thread", errors_are_per_thread },
    { "the clock goes on", the_clock_goes_on },
    { "cancel tokens take NULL and fire twice", cancel_tokens_take_anything },
};
const test_suite status_suite = SUITE("status", cases);
