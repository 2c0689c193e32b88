/* Eight threads that load, run, cancel and close on shared engines and models and on their own, at random: what ends ok gave the
 * bytes it gives alone, all else is a status that the header names, and nothing is left. For ThreadSanitizer: tests/full/threads.
 *
 *     full_threads [--seconds S] [--threads N] [--seed X] [--json]      (5, 8, 1)
 *
 * Models and cancel tokens are closed while others use them. The last line is `N passed, N failed, N skipped`. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "services.h"

enum { ENGINES = 2, MODELS = 4, TOKENS_FIRED = 4, RUN_TOKENS = 24, NEW_TOKENS = 12, MOST_THREADS = 64, ROOM = 4096, STATUSES = 100 };

static const char PROMPT[] = "Once upon a time there was a number.";

/* What threads share. A handle that another thread took and closed is a status. */
static prm_engine *engines[ENGINES];
static _Atomic(prm_model *) models[MODELS];
static _Atomic(prm_cancel *) tokens[TOKENS_FIRED];
static ledger books[ENGINES];

static answer truth;
static float *true_logits;
static size_t logit_count;
static int64_t end_ns;
static atomic_llong answers[STATUSES], wrong;

typedef struct worker {
    pthread_t thread;
    uint64_t random;
    int32_t ids[RUN_TOKENS];
    float logits[RUN_TOKENS * ROOM];
    answer text;
} worker;

static unsigned draw(worker *w, unsigned below) {
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(w->random >> 33) % below;
}

static void note(const char *call, prm_status status, int may_be, int holds) {
    static const prm_status known[] = { PRM_STATUS_OK, PRM_STATUS_CANCELLED, PRM_STATUS_DEADLINE, PRM_STATUS_INVALID_ARGUMENT, PRM_STATUS_INVALID_STATE,
                                        PRM_STATUS_LIMIT, PRM_STATUS_CONTEXT_FULL };
    size_t i;
    int fits = 0;
    for (i = 0; i < sizeof known / sizeof known[0]; ++i) fits |= known[i] == status && (may_be & 1 << i);
    if (status >= 0 && status < STATUSES) atomic_fetch_add(&answers[status], 1);
    if (fits && holds) return;
    atomic_fetch_add(&wrong, 1);
    printf("  %s: %s%s: %s\n", call, prm_status_name(status), holds ? "" : ", other bytes", status ? prm_last_error() : "");
}
enum { OK = 1, CANCELLED = 2, DEADLINE = 4, CLOSED = 8, IN_USE = 16, LIMIT = 32, FULL = 64, ANY = OK | CANCELLED | DEADLINE | CLOSED | FULL };

static prm_status load_small(prm_engine *engine, const prm_control *control, prm_model **model) {
    prm_model_options options = PRM_INIT(prm_model_options);
    options.context = 128;
    options.chunk_tokens = 8;
    options.sessions = 2;
    return prm_model_open(engine, model_path(QUANTIZED), &options, control, model);
}

static prm_control control_of(worker *w) {
    prm_control control = PRM_INIT(prm_control);
    if (draw(w, 2)) control.cancel = atomic_load(&tokens[draw(w, TOKENS_FIRED)]);
    if (!draw(w, 4)) control.deadline_ns = prm_now_ns() + (int64_t)draw(w, 20) * 1000000;
    return control;
}

static void run(worker *w, prm_model *model, const prm_control *control, int may_be) {
    prm_tensor in = tokens_tensor(w->ids, 0, RUN_TOKENS), out = logits_tensor(w->logits, sizeof w->logits / sizeof w->logits[0]);
    prm_status status = prm_run(model, &in, 1, control, &out, 1);
    note("prm_run", status, may_be, status || !memcmp(w->logits, true_logits, logit_count * sizeof(float)));
}

static void generate(worker *w, prm_model *model, prm_session *session, const prm_control *control, int may_be) {
    prm_prompt prompt = text_prompt(PROMPT);
    prm_generate_options options = sampling(&w->text, NEW_TOKENS, 3);
    prm_request_info info = PRM_INIT(prm_request_info);
    prm_status status;
    options.session = session;
    status = prm_generate(model, &prompt, &options, control, &info);
    note("prm_generate", status, may_be, status || same_answer(&truth, &w->text));
}

static void converse(worker *w, prm_model *model, const prm_control *control) {
    prm_session *session = NULL;
    prm_session_info info = PRM_INIT(prm_session_info);
    prm_status status = prm_session_open(model, NULL, control, &session);
    note("prm_session_open", status, ANY | LIMIT, 1);
    if (status) return;
    generate(w, model, session, control, ANY);
    note("prm_session_query", prm_session_query(session, &info), OK, 1);
    note("prm_session_truncate", prm_session_truncate(session, 0), OK, 1);
    prm_session_close(session);
}

static void ask(worker *w, prm_model *model) {
    prm_model_info info = PRM_INIT(prm_model_info);
    prm_engine_info engine = PRM_INIT(prm_engine_info);
    prm_prompt prompt = text_prompt(PROMPT);
    int32_t ids[64];
    size_t count = 0, size = 0;
    static _Thread_local char report[1 << 18];
    note("prm_model_query", prm_model_query(model, &info), OK | CLOSED, 1);
    note("prm_engine_query", prm_engine_query(engines[draw(w, ENGINES)], &engine), OK, 1);
    note("prm_tokenize", prm_tokenize(model, &prompt, ids, 64, &count), OK | CLOSED, 1);
    note("prm_detokenize", prm_detokenize(model, ids, count, 0, report, sizeof report, &size), OK | CLOSED, 1);
    note("prm_model_report", prm_model_report(model, PRM_REPORT_PLACEMENT, report, sizeof report, &size), OK | CLOSED, 1);
}

static void replace_model(worker *w, const prm_control *control) {
    prm_model *model = NULL;
    prm_status status = load_small(engines[draw(w, ENGINES)], control, &model);
    note("prm_model_open", status, OK | CANCELLED | DEADLINE | CLOSED, !status == (model != NULL));
    if (!status) prm_model_close(atomic_exchange(&models[draw(w, MODELS)], model));
}

static void replace_token(worker *w) {
    prm_cancel *token = NULL, *old;
    note("prm_cancel_open", prm_cancel_open(&token), OK, 1);
    old = atomic_exchange(&tokens[draw(w, TOKENS_FIRED)], token);
    if (draw(w, 2)) prm_cancel_fire(old);
    prm_cancel_close(old);
}

static void live_alone(worker *w) {
    ledger book = { 0 };
    prm_engine *engine = open_over_services(&book, NULL);
    prm_model *model = NULL;
    note("prm_model_open", load_small(engine, NULL, &model), OK, 1);
    prm_engine_close(engine);
    run(w, model, NULL, OK);
    generate(w, model, NULL, NULL, OK);
    prm_model_close(model);
    if (book.blocks || book.wrong) note("a ledger at close", PRM_STATUS_INTERNAL, 0, 1);
}

static void *work(void *raw) {
    worker *w = raw;
    fill_ids(w->ids, RUN_TOKENS, 5);
    while (prm_now_ns() < end_ns) {
        prm_model *model = atomic_load(&models[draw(w, MODELS)]);
        prm_control control = control_of(w);
        switch (draw(w, 16)) {
        case 0: replace_model(w, &control); break;
        case 1: live_alone(w); break;
        case 2:
        case 3: replace_token(w); break;
        case 4:
        case 5:
        case 6: ask(w, model); break;
        case 7:
        case 8: converse(w, model, &control); break;
        case 9:
        case 10:
        case 11: run(w, model, &control, ANY); break;
        default: generate(w, model, NULL, &control, ANY); break;
        }
    }
    return NULL;
}

static int prepare(void) {
    static worker first;
    prm_model *model = NULL;
    prm_generate_options options = sampling(&truth, NEW_TOKENS, 3);
    prm_prompt prompt = text_prompt(PROMPT);
    int i;
    for (i = 0; i < ENGINES; ++i) engines[i] = open_over_services(&books[i], NULL);
    fill_ids(first.ids, RUN_TOKENS, 5);
    if (load_small(engines[0], NULL, &model) || prm_generate(model, &prompt, &options, NULL, NULL)) return 0;
    true_logits = run_ids(model, first.ids, RUN_TOKENS);
    logit_count = RUN_TOKENS * (size_t)model_info(model).vocabulary;
    atomic_store(&models[0], model);
    for (i = 1; i < MODELS; ++i) {
        if (load_small(engines[i % ENGINES], NULL, &model)) return 0;
        atomic_store(&models[i], model);
    }
    for (i = 0; i < TOKENS_FIRED; ++i) {
        prm_cancel *token = NULL;
        prm_cancel_open(&token);
        atomic_store(&tokens[i], token);
    }
    return true_logits != NULL;
}

static void tidy(void) {
    int i;
    for (i = 0; i < TOKENS_FIRED; ++i) prm_cancel_close(atomic_load(&tokens[i]));
    for (i = 0; i < MODELS; ++i) prm_model_close(atomic_load(&models[i]));
    for (i = 0; i < ENGINES; ++i) {
        prm_engine_close(engines[i]);
        if (books[i].blocks || books[i].wrong) note("a ledger at the end", PRM_STATUS_INTERNAL, 0, 1);
    }
    free(true_logits);
}

int main(int argc, char **argv) {
    int i, threads = 8, as_json = 0;
    long seconds = 5, seed = 1;
    long long calls = 0;
    worker *workers;
    for (i = 1; i < argc; ++i) {
        if (!strcmp(argv[i], "--json")) as_json = 1;
        else if (i + 1 < argc && !strcmp(argv[i], "--seconds")) seconds = atol(argv[++i]);
        else if (i + 1 < argc && !strcmp(argv[i], "--threads")) threads = atoi(argv[++i]);
        else if (i + 1 < argc && !strcmp(argv[i], "--seed")) seed = atol(argv[++i]);
    }
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    workers = calloc((size_t)threads, sizeof *workers);
    if (!workers || !prepare()) {
        printf("  %s\n0 passed, 1 failed, 0 skipped\n", prm_last_error());
        return 1;
    }
    end_ns = prm_now_ns() + seconds * INT64_C(1000000000);
    for (i = 0; i < threads; ++i) {
        workers[i].random = (uint64_t)seed * 1000 + (uint64_t)i;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) return 1;
    }
    for (i = 0; i < threads; ++i) pthread_join(workers[i].thread, NULL);
    tidy();
    free(workers);
    for (i = 0; i < STATUSES; ++i) calls += atomic_load(&answers[i]);
    if (as_json)
        printf("{\"seconds\":%ld,\"threads\":%d,\"calls\":%lld,\"ok\":%lld,\"cancelled\":%lld,\"deadline\":%lld,\"closed\":%lld,\"wrong\":%lld}\n", seconds, threads,
               calls, (long long)atomic_load(&answers[PRM_STATUS_OK]), (long long)atomic_load(&answers[PRM_STATUS_CANCELLED]),
               (long long)atomic_load(&answers[PRM_STATUS_DEADLINE]), (long long)atomic_load(&answers[PRM_STATUS_INVALID_ARGUMENT]), (long long)atomic_load(&wrong));
    printf("%d passed, %d failed, 0 skipped\n", !atomic_load(&wrong), atomic_load(&wrong) != 0);
    return atomic_load(&wrong) != 0;
}
