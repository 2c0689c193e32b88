/* Wrong calls of sessions. */
#include "abuse.h"
#include "fixtures.h"

static void of_open(const victims *on) {
    prm_session *session = NULL, *second = NULL, *third = NULL;
    prm_session_options options = PRM_INIT(prm_session_options);
    prm_control control = PRM_INIT(prm_control);
    WRONG(prm_session_open, "model is NULL", INVALID_ARGUMENT, prm_session_open(NULL, NULL, NULL, &session));
    WRONG(prm_session_open, "model is closed", INVALID_ARGUMENT, prm_session_open(on->closed_model, NULL, NULL, &session));
    WRONG(prm_session_open, "model is a session", INVALID_ARGUMENT, prm_session_open((prm_model *)on->session, NULL, NULL, &session));
    WRONG(prm_session_open, "out is NULL", INVALID_ARGUMENT, prm_session_open(on->model, NULL, NULL, NULL));
    WRONG(prm_session_open, "a header alone", UNSUPPORTED, prm_session_open(on->header, NULL, NULL, &session));
    options.flags = 1;
    WRONG(prm_session_open, "flags", INVALID_ARGUMENT, prm_session_open(on->model, &options, NULL, &session));
    options.flags = 0;
    options.struct_size = UINT32_MAX;
    WRONG(prm_session_open, "struct_size UINT32_MAX", INVALID_ARGUMENT, prm_session_open(on->model, &options, NULL, &session));
    control.cancel = on->closed_cancel;
    WRONG(prm_session_open, "a closed cancel token", INVALID_ARGUMENT, prm_session_open(on->model, NULL, &control, &session));
    WRONG(prm_session_open, "one of two is free", OK, prm_session_open(on->model, NULL, NULL, &second));
    WRONG(prm_session_open, "none is free", LIMIT, prm_session_open(on->model, NULL, NULL, &third));
    HOLDS(prm_session_open, "no output of those that failed", !session && !third);
    prm_session_close(second);
}

static void of_query_and_truncate(const victims *on) {
    prm_session_info info = PRM_INIT(prm_session_info);
    WRONG(prm_session_query, "session is NULL", INVALID_ARGUMENT, prm_session_query(NULL, &info));
    WRONG(prm_session_query, "session is closed", INVALID_ARGUMENT, prm_session_query(on->closed_session, &info));
    WRONG(prm_session_query, "session is a model", INVALID_ARGUMENT, prm_session_query((prm_session *)on->model, &info));
    WRONG(prm_session_query, "session is garbage", INVALID_ARGUMENT, prm_session_query(GARBAGE(prm_session), &info));
    WRONG(prm_session_query, "out is NULL", INVALID_ARGUMENT, prm_session_query(on->session, NULL));
    info.struct_size = 3;
    WRONG(prm_session_query, "struct_size 3", INVALID_ARGUMENT, prm_session_query(on->session, &info));
    WRONG(prm_session_truncate, "session is NULL", INVALID_ARGUMENT, prm_session_truncate(NULL, 0));
    WRONG(prm_session_truncate, "session is closed", INVALID_ARGUMENT, prm_session_truncate(on->closed_session, 0));
    WRONG(prm_session_truncate, "session is an engine", INVALID_ARGUMENT, prm_session_truncate((prm_session *)on->engine, 0));
    WRONG(prm_session_truncate, "to -1", INVALID_ARGUMENT, prm_session_truncate(on->session, -1));
    WRONG(prm_session_truncate, "to more than it holds", INVALID_ARGUMENT, prm_session_truncate(on->session, INT32_MAX));
    WRONG(prm_session_truncate, "an empty one to nothing", OK, prm_session_truncate(on->session, 0));
}

static void of_close(const victims *on) {
    prm_session_info info = PRM_INIT(prm_session_info);
    prm_session_close(NULL);
    HOLDS(prm_session_close, "NULL", victims_well(on));
    prm_session_close(on->closed_session);
    HOLDS(prm_session_close, "closed", prm_session_query(on->session, &info) == PRM_STATUS_OK);
    prm_session_close(GARBAGE(prm_session));
    HOLDS(prm_session_close, "garbage", victims_well(on));
    prm_session_close((prm_session *)on->model);
    HOLDS(prm_session_close, "a model", victims_well(on));
    prm_session_close((prm_session *)on->cancel);
    HOLDS(prm_session_close, "a cancel token", victims_well(on));
}

void abuse_of_sessions(const victims *on) {
    of_open(on);
    of_query_and_truncate(on);
    of_close(on);
}
