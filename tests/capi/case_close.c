/* Closing what a call works on: the call ends as cancelled, and only then the close returns. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

enum { LONG = 200, LOADS = 40 };

/* A call in a thread of its own, which says when it is well under way. */
typedef struct worker {
    pthread_t thread;
    prm_engine *engine;
    prm_model *model, *opened;
    prm_session *session;
    atomic_int steps, after_close, closed;
    prm_status status;
    prm_request_info info;
    float *logits;
    size_t logit_count;
} worker;

static void await(atomic_int *number, int at_least) {
    while (atomic_load(number) < at_least) sleep_ms(1);
}

static int32_t note_token(void *user, int32_t token) {
    worker *w = user;
    (void)token;
    if (atomic_load(&w->closed)) atomic_fetch_add(&w->after_close, 1);
    atomic_fetch_add(&w->steps, 1);
    sleep_ms(1);
    return 0;
}

static void *generate_on(void *raw) {
    worker *w = raw;
    prm_generate_options options = PRM_INIT(prm_generate_options);
    prm_request_info fresh = PRM_INIT(prm_request_info);
    prm_prompt prompt = text_prompt("the hand");
    w->info = fresh;
    options.flags = PRM_GENERATE_IGNORE_END;
    options.max_tokens = LONG;
    options.on_token = note_token;
    options.user = w;
    options.session = w->session;
    w->status = prm_generate(w->model, &prompt, &options, NULL, &w->info);
    return NULL;
}

static void a_model_is_closed_while_it_generates(void) {
    worker w;
    memset(&w, 0, sizeof w);
    w.model = open_simple(QUANTIZED, 1, 0, 0);
    CHECK(w.model);
    CHECK(!pthread_create(&w.thread, NULL, generate_on, &w));
    await(&w.steps, 3);
    prm_model_close(w.model);
    atomic_store(&w.closed, 1);
    pthread_join(w.thread, NULL);
    CHECK(w.status == PRM_STATUS_CANCELLED);
    CHECK(w.info.finish == PRM_FINISH_CANCELLED && w.info.generated_tokens < LONG);
    CHECK(atomic_load(&w.after_close) == 0);
}

/* Those that wait for their turn are calls as well. */
static void a_model_is_closed_while_calls_wait_for_it(void) {
    worker workers[4];
    prm_model *model = open_simple(QUANTIZED, 0, 0, 0);
    int i;
    CHECK(model);
    memset(workers, 0, sizeof workers);
    for (i = 0; i < 4; ++i) {
        workers[i].model = model;
        CHECK(!pthread_create(&workers[i].thread, NULL, generate_on, &workers[i]));
    }
    for (;;) {
        int begun = 0;
        for (i = 0; i < 4; ++i) begun += atomic_load(&workers[i].steps);
        if (begun > 3) break;
        sleep_ms(1);
    }
    sleep_ms(20); /* until all are inside */
    prm_model_close(model);
    for (i = 0; i < 4; ++i) pthread_join(workers[i].thread, NULL);
    for (i = 0; i < 4; ++i) CHECK(workers[i].status == PRM_STATUS_CANCELLED || workers[i].status == PRM_STATUS_INVALID_ARGUMENT);
}

static void *run_on(void *raw) {
    worker *w = raw;
    enum { T = 256, B = 128 };
    static int32_t ids[B * T];
    prm_tensor in = tokens_tensor(ids, B, T), out = logits_tensor(w->logits, w->logit_count);
    fill_ids(ids, B * T, 3);
    atomic_store(&w->steps, 1);
    w->status = prm_run(w->model, &in, 1, NULL, &out, 1);
    return NULL;
}

/* The buffer is the host's again when the close returns: a sanitizer sees who writes later. */
static void a_buffer_is_free_when_the_close_returns(void) {
    worker w;
    memset(&w, 0, sizeof w);
    w.model = open_simple(QUANTIZED, 1, 256, 0);
    CHECK(w.model);
    w.logit_count = (size_t)128 * 256 * (size_t)model_info(w.model).vocabulary;
    w.logits = malloc(w.logit_count * sizeof(float));
    CHECK(w.logits);
    CHECK(!pthread_create(&w.thread, NULL, run_on, &w));
    await(&w.steps, 1);
    sleep_ms(30);
    prm_model_close(w.model);
    free(w.logits);
    pthread_join(w.thread, NULL);
    CHECK(w.status == PRM_STATUS_CANCELLED);
}

static int32_t note_progress(void *user, const char *stage, uint64_t done, uint64_t total) {
    worker *w = user;
    (void)stage, (void)done, (void)total;
    atomic_fetch_add(&w->steps, 1);
    sleep_ms(1);
    return 0;
}

static void *load_on(void *raw) {
    worker *w = raw;
    prm_control control = PRM_INIT(prm_control);
    int i;
    control.on_progress = note_progress;
    control.user = w;
    for (i = 0; i < LOADS && !w->status; ++i) {
        w->status = prm_model_open(w->engine, model_path(QUANTIZED), NULL, &control, &w->opened);
        if (!w->status) prm_model_close(w->opened);
    }
    return NULL;
}

static void an_engine_is_closed_while_a_model_loads(void) {
    worker w;
    memset(&w, 0, sizeof w);
    w.engine = open_engine(1);
    CHECK(!pthread_create(&w.thread, NULL, load_on, &w));
    await(&w.steps, 5);
    prm_engine_close(w.engine);
    pthread_join(w.thread, NULL);
    CHECK(w.status == PRM_STATUS_CANCELLED || w.status == PRM_STATUS_INVALID_ARGUMENT); /* the latter between two loads */
}

static void an_engine_is_closed_while_its_model_generates(void) {
    static answer text;
    prm_engine *engine = open_engine(1);
    prm_model *model = open_model(engine, QUANTIZED, NULL);
    prm_generate_options options = collecting(&text, 20);
    prm_prompt prompt = text_prompt("the hand");
    CHECK(model);
    prm_engine_close(engine); /* the model keeps what it needs */
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
    CHECK(text.token_count == 20);
    prm_model_close(model);
}

static int32_t close_model(void *user, int32_t token) {
    worker *w = user;
    (void)token;
    if (atomic_fetch_add(&w->steps, 1) == 1) prm_model_close(w->model);
    return 0;
}

static void a_model_is_closed_in_its_own_callback(void) {
    worker w;
    prm_generate_options options = PRM_INIT(prm_generate_options);
    prm_prompt prompt = text_prompt("the hand");
    prm_model_info info = PRM_INIT(prm_model_info);
    memset(&w, 0, sizeof w);
    w.model = open_simple(QUANTIZED, 1, 0, 0);
    CHECK(w.model);
    options.flags = PRM_GENERATE_IGNORE_END;
    options.max_tokens = LONG;
    options.on_token = close_model;
    options.user = &w;
    CHECK_STATUS(prm_generate(w.model, &prompt, &options, NULL, NULL), PRM_STATUS_CANCELLED);
    CHECK(contains(prm_last_error(), "closed") && atomic_load(&w.steps) == 2);
    CHECK_STATUS(prm_model_query(w.model, &info), PRM_STATUS_INVALID_ARGUMENT);
}

/* Of many threads that close one handle each returns, and what others hold stays. */
static void *close_too(void *raw) {
    prm_model_close(raw);
    return NULL;
}

static void one_model_is_closed_by_eight(void) {
    pthread_t threads[8];
    prm_model *model = open_simple(QWEN, 0, 0, 0), *other = open_simple(QWEN, 0, 0, 0);
    int i;
    CHECK(model && other);
    for (i = 0; i < 8; ++i) CHECK(!pthread_create(&threads[i], NULL, close_too, model));
    for (i = 0; i < 8; ++i) pthread_join(threads[i], NULL);
    CHECK(model_info(other).vocabulary > 0);
    prm_model_close(other);
}

static void a_closed_handle_is_not_taken_for_a_new_one(void) {
    prm_cancel *first = NULL, *again = NULL;
    prm_control control = PRM_INIT(prm_control);
    prm_model *model = NULL;
    prm_engine *engine = open_engine(0);
    int i;
    CHECK_OK(prm_cancel_open(&first));
    prm_cancel_close(first);
    for (i = 0; i < 1000; ++i) {
        CHECK_OK(prm_cancel_open(&again));
        CHECK(again != first);
        prm_cancel_fire(first);
        if (i < 999) prm_cancel_close(again);
    }
    control.cancel = again;
    CHECK_OK(prm_model_open(engine, model_path(QWEN), NULL, &control, &model)); /* it was not fired */
    prm_cancel_close(again);
    prm_model_close(model);
    prm_engine_close(engine);
}

static void handles_run_out_as_a_status(void) {
    enum { MOST = 70000 };
    prm_cancel **all = calloc(MOST, sizeof *all), *one = NULL;
    prm_status status = PRM_STATUS_OK;
    int n = 0, i;
    CHECK(all);
    while (n < MOST && (status = prm_cancel_open(&all[n])) == PRM_STATUS_OK) ++n;
    for (i = 0; i < n; ++i) prm_cancel_close(all[i]);
    free(all);
    CHECK(status == PRM_STATUS_LIMIT && n > 65000);
    CHECK_OK(prm_cancel_open(&one));
    prm_cancel_close(one);
}

static const test_case cases[] = {
    { "a model that generates", a_model_is_closed_while_it_generates },
    { "a model that calls wait for", a_model_is_closed_while_calls_wait_for_it },
    { "buffers are the host's again when the close returns", a_buffer_is_free_when_the_close_returns },
    { "an engine that loads a model", an_engine_is_closed_while_a_model_loads },
    { "an engine whose model generates", an_engine_is_closed_while_its_model_generates },
    { "a model, in a callback of its own call", a_model_is_closed_in_its_own_callback },
    { "one model, by eight threads", one_model_is_closed_by_eight },
    { "a closed handle is not taken for a new one", a_closed_handle_is_not_taken_for_a_new_one },
    { "more handles than there are", handles_run_out_as_a_status },
};
extern const test_suite close_suite;
const test_suite close_suite = SUITE("close", cases);
