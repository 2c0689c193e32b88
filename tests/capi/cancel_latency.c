#include "cancel_latency.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef _WIN32
#include <windows.h>
/* After windows.h. */
#include <tlhelp32.h>
#endif

#include "fixtures.h"

const char *stage_name(stage which) {
    static const char *const names[STAGE_COUNT] = { "load", "prefill", "decode" };
    return names[which];
}

typedef struct tokens {
    int32_t ids[DECODE_TOKENS];
    size_t count;
} tokens;

static int32_t keep_token(void *user, int32_t token) {
    tokens *to = user;
    if (to->count < DECODE_TOKENS) to->ids[to->count] = token;
    ++to->count;
    return 0;
}

static prm_status generate(subject *on, size_t prompt_count, int32_t most, const prm_control *control, tokens *to,
                           prm_request_info *info) {
    prm_prompt prompt = token_prompt(on->prompt, prompt_count);
    prm_generate_options options = PRM_INIT(prm_generate_options);
    to->count = 0;
    options.flags = PRM_GENERATE_IGNORE_END;
    options.max_tokens = most;
    options.on_token = keep_token;
    options.user = to;
    return prm_generate(on->model, &prompt, &options, control, info);
}

static uint64_t held_bytes(prm_engine *engine) {
    prm_engine_info info = PRM_INIT(prm_engine_info);
    prm_engine_query(engine, &info);
    return info.host_bytes;
}

int subject_open(subject *to, const char *path, int32_t threads, size_t prompt_count) {
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_model_options model = PRM_INIT(prm_model_options);
    tokens said;
    memset(to, 0, sizeof *to);
    to->path = path;
    to->prompt_count = prompt_count;
    fill_ids(to->prompt, prompt_count, 41);
    options.threads = threads;
    options.isa = getenv("PREMISE_ISA");
    if (prm_engine_open(PRM_VERSION, &options, &to->engine) != PRM_STATUS_OK) return 0;
    if (prm_model_open(to->engine, path, &model, NULL, &to->model) != PRM_STATUS_OK) return 0;
    if (generate(to, 5, ANSWER_TOKENS, NULL, &said, NULL) != PRM_STATUS_OK) return 0;
    memcpy(to->answer, said.ids, sizeof to->answer);
    to->held_bytes = held_bytes(to->engine);
    return 1;
}

void subject_close(subject *from) {
    prm_model_close(from->model);
    prm_engine_close(from->engine);
}

/* The call that a try ends. *first_ns: when decoding began. */
static prm_status work(subject *on, stage which, const prm_control *control, int64_t *first_ns) {
    prm_request_info info = PRM_INIT(prm_request_info);
    prm_model *opened = NULL;
    tokens out;
    prm_status status;
    if (which == STAGE_LOAD) {
        status = prm_model_open(on->engine, on->path, NULL, control, &opened);
        prm_model_close(opened);
        return status;
    }
    if (which == STAGE_PREFILL) return generate(on, on->prompt_count, 1, control, &out, NULL);
    status = generate(on, 5, DECODE_TOKENS, control, &out, &info);
    *first_ns = info.first_ns;
    return status;
}

typedef struct shot {
    prm_cancel *cancel;
    int64_t when_ns, fired_ns;
} shot;

static void *fire_then(void *user) {
    shot *one = user;
    int64_t left;
    while ((left = one->when_ns - prm_now_ns()) > 0) {
        struct timespec time = { 0, left > 900000000 ? 900000000 : (long)left };
        nanosleep(&time, NULL);
    }
    one->fired_ns = prm_now_ns();
    prm_cancel_fire(one->cancel);
    return NULL;
}

/* One call ended `delay_ns` after its begin; *waited_ns: how long it went on after that. */
static prm_status end_one(const ended_call *of, int by_deadline, int64_t delay_ns, int64_t *waited_ns) {
    prm_control control = PRM_INIT(prm_control);
    shot one = { NULL, 0, 0 };
    pthread_t thread;
    prm_status status;
    int64_t first, end;
    if (by_deadline) {
        control.deadline_ns = one.fired_ns = prm_now_ns() + delay_ns;
        status = of->call(of->user, &control, &first);
        *waited_ns = prm_now_ns() - one.fired_ns;
        return status;
    }
    if (prm_cancel_open(&one.cancel) != PRM_STATUS_OK) return PRM_STATUS_INTERNAL;
    control.cancel = one.cancel;
    one.when_ns = prm_now_ns() + delay_ns;
    if (pthread_create(&thread, NULL, fire_then, &one)) return PRM_STATUS_INTERNAL;
    status = of->call(of->user, &control, &first);
    end = prm_now_ns();
    pthread_join(thread, NULL);
    *waited_ns = end - one.fired_ns;
    prm_cancel_close(one.cancel);
    return status;
}

static const char *as_before(subject *on) {
    tokens out;
    if (held_bytes(on->engine) != on->held_bytes) return "the engine holds other bytes than before";
    if (generate(on, 5, ANSWER_TOKENS, NULL, &out, NULL) != PRM_STATUS_OK) return "the model does not answer any more";
    if (out.count != ANSWER_TOKENS || memcmp(out.ids, on->answer, sizeof on->answer)) return "the model answers otherwise";
    return NULL;
}

static int ascending(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

const char *measure_ended(const ended_call *of, int by_deadline, int tries, latency *out) {
    prm_status expected = by_deadline ? PRM_STATUS_DEADLINE : PRM_STATUS_CANCELLED;
    int64_t *waited = calloc((size_t)tries, sizeof *waited), first = 0, begin = prm_now_ns(), span;
    const char *wrong = waited ? NULL : "no memory";
    unsigned seed = of->seed;
    int done = 0, attempts = 0;
    if (!wrong && of->call(of->user, NULL, &first) != PRM_STATUS_OK) wrong = "the call fails without a cancel";
    span = prm_now_ns() - begin - first;
    while (!wrong && done < tries && attempts < 20 * tries + 300) {  /* a call may be over before its cancel comes */
        int64_t late;
        prm_status status;
        seed = seed * 1664525u + 1013904223u;
        status = end_one(of, by_deadline, first + span / 1024 * (int64_t)(seed >> 22), &late);
        ++attempts;
        if (status == expected) waited[done++] = late;
        else if (status != PRM_STATUS_OK) wrong = "the call ended with another status";
        if (!wrong) wrong = of->check(of->user);
        /* The machine may be faster by now than when the span was taken. */
        if (!wrong && status == PRM_STATUS_OK && span > 100000) span -= span / 16;
    }
    if (!wrong && done == 0) wrong = "no call was ended in its middle";
    if (!wrong) {
        qsort(waited, (size_t)done, sizeof *waited, ascending);
        out->tries = done;
        out->p50_ms = (double)waited[done / 2] / 1e6;
        out->p99_ms = (double)waited[(done * 99 + 99) / 100 - 1] / 1e6;
        out->max_ms = (double)waited[done - 1] / 1e6;
    }
    free(waited);
    return wrong;
}

typedef struct staged {
    subject *on;
    stage which;
} staged;

static prm_status work_staged(void *user, const prm_control *control, int64_t *first_ns) {
    staged *one = user;
    return work(one->on, one->which, control, first_ns);
}

static const char *check_staged(void *user) { return as_before(((staged *)user)->on); }

const char *measure_latency(subject *on, stage which, int by_deadline, int tries, latency *out) {
    staged one = { on, which };
    ended_call of = { work_staged, check_staged, &one, 1 + (unsigned)which };
    return measure_ended(&of, by_deadline, tries, out);
}

#ifdef _WIN32
int count_threads(void) {
    THREADENTRY32 thread;
    int count = 0, more;
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    if (all == INVALID_HANDLE_VALUE) return -1;
    thread.dwSize = sizeof thread;
    for (more = Thread32First(all, &thread); more; more = Thread32Next(all, &thread))
        count += thread.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(all);
    return count;
}
#else
int count_threads(void) {
    char line[256];
    int count = -1;
    FILE *file = fopen("/proc/self/status", "r");
    if (!file) return -1;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "Threads: %d", &count) == 1) break;
    fclose(file);
    return count;
}
#endif
