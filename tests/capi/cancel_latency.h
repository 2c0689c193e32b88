/* How long a call goes on after its cancel token was fired, or its deadline passed, at a random moment of its work. */
#ifndef PREMISE_TESTS_CANCEL_LATENCY_H
#define PREMISE_TESTS_CANCEL_LATENCY_H

#include <premise/premise.h>
#include <stddef.h>

typedef enum stage { STAGE_LOAD, STAGE_PREFILL, STAGE_DECODE, STAGE_COUNT } stage;
const char *stage_name(stage which); /* "load" */

enum { ANSWER_TOKENS = 8, DECODE_TOKENS = 64 };

/* A model in work, and what it answered before anything was cancelled. */
typedef struct subject {
    const char *path;
    prm_engine *engine;
    prm_model *model;
    int32_t prompt[4096];
    size_t prompt_count; /* of the prefill */
    int32_t answer[ANSWER_TOKENS];
    uint64_t held_bytes; /* the engine's, with the model open */
} subject;

/* Opens engine and model and asks for the answer. 0 on failure. */
int subject_open(subject *to, const char *path, int32_t threads, size_t prompt_count);
void subject_close(subject *from);

typedef struct latency {
    int tries;
    double p50_ms, p99_ms, max_ms;
} latency;

/* Ends `tries` calls at random moments, by deadline or from another thread; calls that were done before are not counted. After
 * each the engine must hold the bytes that it held and the model give its answer. NULL, or what went wrong. */
const char *measure_latency(subject *on, stage which, int by_deadline, int tries, latency *out);

/* The same of any call: `call` begins at once, *first_ns is set where what is to be ended begins later; `check` gives NULL while all is
 * as before. */
typedef struct ended_call {
    prm_status (*call)(void *user, const prm_control *control, int64_t *first_ns);
    const char *(*check)(void *user);
    void *user;
    unsigned seed;
} ended_call;
const char *measure_ended(const ended_call *of, int by_deadline, int tries, latency *out);

int count_threads(void); /* of this process; -1 where the system does not say */

#endif
