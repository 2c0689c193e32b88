/* Wrong calls of engines, cancel tokens and functions without a handle. */
#include <signal.h>
#include <string.h>

#include "abuse.h"
#include "fixtures.h"
#include "services.h"

enum { POISON = 0x5a };

static void of_versions_and_names(void) {
    prm_status odd[] = { -1, 4711, INT32_MAX, INT32_MIN, 99 };
    size_t i;
    for (i = 0; i < sizeof odd / sizeof odd[0]; ++i) HOLDS(prm_status_name, "any number", prm_status_name(odd[i]) && *prm_status_name(odd[i]));
    for (i = 0; i < 5; ++i) {
        int64_t now = prm_now_ns();
        HOLDS(prm_now_ns, "again and again", now > 0 && prm_now_ns() >= now);
        HOLDS(prm_version, "before and after all else", prm_version() >= PRM_VERSION);
    }
}

static void of_errors(const victims *on) {
    unsigned char room[sizeof(prm_error_info) + 16];
    prm_error_info *info = (prm_error_info *)room;
    prm_error_info whole = PRM_INIT(prm_error_info);
    const char *message;
    prm_engine_query(NULL, NULL);
    message = prm_last_error();
    HOLDS(prm_last_error, "after a failure", strlen(message) > 0);
    HOLDS(prm_last_error, "twice", prm_last_error() == message);
    prm_engine_close(NULL);
    HOLDS(prm_last_error, "after a call without status", strlen(prm_last_error()) > 0);
    prm_session_query(on->closed_session, NULL);
    HOLDS(prm_last_error, "of a closed handle", contains(prm_last_error(), "session"));
    prm_engine_report(on->engine, 1, NULL, 0, NULL);
    HOLDS(prm_last_error, "of a buffer that is too small", contains(prm_last_error(), "bytes"));
    prm_error_query(NULL);
    HOLDS(prm_error_query, "NULL", contains(prm_last_error(), "bytes"));
    memset(room, POISON, sizeof room);
    info->struct_size = 0;
    prm_error_query(info);
    HOLDS(prm_error_query, "struct_size 0", room[4] == POISON);
    info->struct_size = 8;
    prm_error_query(info);
    HOLDS(prm_error_query, "an older struct", info->status == PRM_STATUS_BUFFER_TOO_SMALL && room[8] == POISON);
    memset(room, POISON, sizeof room);
    info->struct_size = sizeof room;
    prm_error_query(info);
    HOLDS(prm_error_query, "a newer struct", info->needed_bytes > 0 && room[sizeof(prm_error_info)] == POISON);
    info->struct_size = UINT32_MAX;
    prm_error_query(info);
    HOLDS(prm_error_query, "struct_size UINT32_MAX", room[sizeof(prm_error_info)] == POISON);
    prm_error_query(&whole);
    HOLDS(prm_error_query, "strings are never NULL", whole.message && whole.subject);
}

static prm_cancel *signalled;
static void fire_in_handler(int number) {
    (void)number;
    prm_cancel_fire(signalled);
}

static void of_cancel_tokens(const victims *on) {
    prm_cancel *token = NULL;
    prm_control control = PRM_INIT(prm_control);
    prm_model *out = NULL;
    int i;
    WRONG(prm_cancel_open, "out is NULL", INVALID_ARGUMENT, prm_cancel_open(NULL));
    for (i = 0; i < 4; ++i) {
        WRONG(prm_cancel_open, "a handle in out is not closed, and not read", OK, prm_cancel_open(&token));
        prm_cancel_close(token);
    }
    prm_cancel_fire(NULL);
    HOLDS(prm_cancel_fire, "NULL", victims_well(on));
    prm_cancel_fire(on->closed_cancel);
    HOLDS(prm_cancel_fire, "closed", victims_well(on));
    prm_cancel_fire(GARBAGE(prm_cancel));
    HOLDS(prm_cancel_fire, "garbage", victims_well(on));
    prm_cancel_fire((prm_cancel *)on->model);
    HOLDS(prm_cancel_fire, "a model", victims_well(on));
    prm_cancel_open(&signalled);
    control.cancel = signalled;
    signal(SIGINT, fire_in_handler);
    raise(SIGINT);
    signal(SIGINT, SIG_DFL);
    HOLDS(prm_cancel_fire, "in a signal handler", prm_model_open(on->engine, model_path(QWEN), NULL, &control, &out) == PRM_STATUS_CANCELLED);
    prm_cancel_close(NULL);
    HOLDS(prm_cancel_close, "NULL", victims_well(on));
    prm_cancel_close(signalled);
    prm_cancel_close(signalled);
    HOLDS(prm_cancel_close, "twice", victims_well(on));
    prm_cancel_close(on->closed_cancel);
    HOLDS(prm_cancel_close, "closed before", victims_well(on));
    prm_cancel_close(GARBAGE(prm_cancel));
    HOLDS(prm_cancel_close, "garbage", victims_well(on));
    prm_cancel_close((prm_cancel *)on->session);
    HOLDS(prm_cancel_close, "a session", victims_well(on));
}

static prm_status open_with(prm_engine_options options) {
    prm_engine *engine = NULL;
    prm_status status = prm_engine_open(PRM_VERSION, &options, &engine);
    if (!status) prm_engine_close(engine);
    return status && engine ? PRM_STATUS_INTERNAL : status;
}

static prm_status open_over(prm_host host) {
    prm_engine_options options = PRM_INIT(prm_engine_options);
    options.host = &host;
    return open_with(options);
}

static void of_engine_open(void) {
    prm_engine *engine = NULL;
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_host host = PRM_INIT(prm_host);
    WRONG(prm_engine_open, "out is NULL", INVALID_ARGUMENT, prm_engine_open(PRM_VERSION, NULL, NULL));
    WRONG(prm_engine_open, "version 0.0.0 is of this major version", OK, prm_engine_open(0, NULL, &engine));
    prm_engine_close(engine);
    WRONG(prm_engine_open, "version -1", VERSION_MISMATCH, prm_engine_open(-1, NULL, &engine));
    WRONG(prm_engine_open, "version INT32_MAX", VERSION_MISMATCH, prm_engine_open(INT32_MAX, NULL, &engine));
    options.struct_size = 0;
    WRONG(prm_engine_open, "struct_size 0", INVALID_ARGUMENT, open_with(options));
    options.struct_size = 3;
    WRONG(prm_engine_open, "struct_size 3", INVALID_ARGUMENT, open_with(options));
    options.struct_size = UINT32_MAX;
    WRONG(prm_engine_open, "struct_size UINT32_MAX", INVALID_ARGUMENT, open_with(options));
    options.struct_size = sizeof options;
    options.threads = -2;
    WRONG(prm_engine_open, "threads -2", INVALID_ARGUMENT, open_with(options));
    options.threads = INT32_MAX;
    WRONG(prm_engine_open, "threads INT32_MAX", INVALID_ARGUMENT, open_with(options));
    options.threads = 0;
    options.reserved = 1;
    WRONG(prm_engine_open, "reserved is set", INVALID_ARGUMENT, open_with(options));
    options.reserved = 0;
    options.isa = "sse9";
    WRONG(prm_engine_open, "an instruction set that is none", INVALID_ARGUMENT, open_with(options));
    options.isa = NULL;
    options.max_host_bytes = 1;
    WRONG(prm_engine_open, "a budget of one byte", OVER_BUDGET, open_with(options));
    host.struct_size = 1;
    WRONG(prm_engine_open, "host.struct_size 1", INVALID_ARGUMENT, open_over(host));
    host.struct_size = sizeof host;
    host.alloc = ledger_alloc;
    WRONG(prm_engine_open, "alloc without release", INVALID_ARGUMENT, open_over(host));
    host.alloc = NULL;
    host.helpers = -1;
    WRONG(prm_engine_open, "helpers -1", INVALID_ARGUMENT, open_over(host));
    host.helpers = 0;
    host.file_map = shelf_map;
    WRONG(prm_engine_open, "file_map alone", INVALID_ARGUMENT, open_over(host));
}

static void of_open_engines(const victims *on) {
    prm_engine_info info = PRM_INIT(prm_engine_info);
    char text[1 << 16];
    size_t size = 0;
    WRONG(prm_engine_query, "engine is NULL", INVALID_ARGUMENT, prm_engine_query(NULL, &info));
    WRONG(prm_engine_query, "engine is closed", INVALID_ARGUMENT, prm_engine_query(on->closed_engine, &info));
    WRONG(prm_engine_query, "engine is a model", INVALID_ARGUMENT, prm_engine_query((prm_engine *)on->model, &info));
    WRONG(prm_engine_query, "engine is garbage", INVALID_ARGUMENT, prm_engine_query(GARBAGE(prm_engine), &info));
    WRONG(prm_engine_query, "out is NULL", INVALID_ARGUMENT, prm_engine_query(on->engine, NULL));
    info.struct_size = 0;
    WRONG(prm_engine_query, "struct_size 0", INVALID_ARGUMENT, prm_engine_query(on->engine, &info));
    info.struct_size = UINT32_MAX;
    WRONG(prm_engine_query, "struct_size UINT32_MAX", INVALID_ARGUMENT, prm_engine_query(on->engine, &info));
    WRONG(prm_engine_report, "engine is NULL", INVALID_ARGUMENT, prm_engine_report(NULL, 1, text, sizeof text, &size));
    WRONG(prm_engine_report, "engine is closed", INVALID_ARGUMENT, prm_engine_report(on->closed_engine, 1, text, sizeof text, &size));
    WRONG(prm_engine_report, "report 0", INVALID_ARGUMENT, prm_engine_report(on->engine, 0, text, sizeof text, &size));
    WRONG(prm_engine_report, "a model's report", INVALID_ARGUMENT, prm_engine_report(on->engine, PRM_REPORT_GRAPH, text, sizeof text, &size));
    WRONG(prm_engine_report, "report INT32_MIN", INVALID_ARGUMENT, prm_engine_report(on->engine, INT32_MIN, text, sizeof text, &size));
    WRONG(prm_engine_report, "no buffer, no size", BUFFER_TOO_SMALL, prm_engine_report(on->engine, 1, NULL, 0, NULL));
    WRONG(prm_engine_report, "a capacity without buffer", BUFFER_TOO_SMALL, prm_engine_report(on->engine, 1, NULL, SIZE_MAX, &size));
    prm_engine_close(NULL);
    HOLDS(prm_engine_close, "NULL", victims_well(on));
    prm_engine_close(on->closed_engine);
    HOLDS(prm_engine_close, "closed", victims_well(on));
    prm_engine_close(GARBAGE(prm_engine));
    HOLDS(prm_engine_close, "garbage", victims_well(on));
    prm_engine_close((prm_engine *)on->model);
    HOLDS(prm_engine_close, "a model", victims_well(on));
    prm_engine_close((prm_engine *)on->cancel);
    HOLDS(prm_engine_close, "a cancel token", victims_well(on));
}

void abuse_of_engines(const victims *on) {
    of_versions_and_names();
    of_errors(on);
    of_cancel_tokens(on);
    of_engine_open();
    of_open_engines(on);
}
