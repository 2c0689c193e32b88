/* Cancel and deadline at random moments of load, prefill and decode; threads that were not granted. On tiny models: statuses and
 * what stays usable. How long it takes on real ones: full_cancel.c. */
#include <stdlib.h>
#include <string.h>

#include "cancel_latency.h"
#include "fixtures.h"
#include "harness.h"

enum { TRIES = 10 };

static void ended_at_random_moments(int by_deadline, int32_t threads) {
    int which, model;
    for (model = 0; model < MODEL_COUNT; ++model) {
        subject *on = calloc(1, sizeof *on);
        CHECK(on);
        CHECK(subject_open(on, model_path(model), threads, 200));
        for (which = 0; which < STAGE_COUNT; ++which) {
            latency found;
            const char *wrong = measure_latency(on, (stage)which, by_deadline, model == QUANTIZED ? TRIES : 3, &found);
            if (wrong) test_fail(__FILE__, __LINE__, wrong);
            CHECK(!wrong);
            CHECK(found.max_ms < 2000); /* a loaded machine under sanitizers; the promise is full_cancel's to check */
        }
        subject_close(on);
        free(on);
    }
}

static void cancelled_at_random_moments(void) {
    ended_at_random_moments(0, 0);
}
static void cancelled_beside_threads_of_ours(void) {
    ended_at_random_moments(0, 2);
}
static void deadlines_at_random_moments(void) {
    ended_at_random_moments(1, 1);
}

/* Every call that takes a control, before it begins. */
static void refused_before(prm_control *control, prm_status expected) {
    prm_engine *engine = open_engine(1);
    prm_model *model, *opened = NULL;
    prm_model_options header = PRM_INIT(prm_model_options);
    prm_prompt prompt = text_prompt("the hand");
    prm_engine_info before = PRM_INIT(prm_engine_info), after = PRM_INIT(prm_engine_info);
    int32_t ids[9];
    float *logits;
    prm_tensor in, out;
    CHECK(engine && (model = open_model(engine, QUANTIZED, NULL)) != NULL);
    CHECK_OK(prm_engine_query(engine, &before));
    fill_ids(ids, 9, 3);
    CHECK((logits = run_ids(model, ids, 9)) != NULL);
    in = tokens_tensor(ids, 3, 3);
    out = logits_tensor(logits, 9 * (size_t)model_info(model).vocabulary);
    header.flags = PRM_MODEL_HEADER_ONLY;
    CHECK_STATUS(prm_model_open(engine, model_path(GEMMA), NULL, control, &opened), expected);
    CHECK_STATUS(prm_model_open(engine, model_path(GEMMA), &header, control, &opened), expected);
    CHECK(opened == NULL);
    CHECK_STATUS(prm_run(model, &in, 1, control, &out, 1), expected);
    CHECK_STATUS(prm_generate(model, &prompt, NULL, control, NULL), expected);
    CHECK_OK(prm_engine_query(engine, &after));
    CHECK(after.host_bytes == before.host_bytes);
    CHECK_OK(prm_model_open(engine, model_path(GEMMA), NULL, NULL, &opened));
    free(logits);
    prm_model_close(opened);
    prm_model_close(model);
    prm_engine_close(engine);
}

static void a_deadline_that_is_over(void) {
    prm_control control = PRM_INIT(prm_control);
    control.deadline_ns = 1;
    refused_before(&control, PRM_STATUS_DEADLINE);
}

static void a_token_fired_before(void) {
    prm_control control = PRM_INIT(prm_control);
    CHECK_OK(prm_cancel_open(&control.cancel));
    prm_cancel_fire(control.cancel);
    prm_cancel_fire(control.cancel);
    refused_before(&control, PRM_STATUS_CANCELLED);
    prm_cancel_close(control.cancel);
}

static void fired_after_the_call(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_prompt prompt = text_prompt("the hand");
    static answer first, again;
    prm_generate_options options = collecting(&first, 10), more = collecting(&again, 10);
    prm_control control = PRM_INIT(prm_control);
    CHECK(model);
    CHECK_OK(prm_cancel_open(&control.cancel));
    CHECK_OK(prm_generate(model, &prompt, &options, &control, NULL));
    prm_cancel_fire(control.cancel);
    CHECK(first.token_count == 10);
    CHECK_OK(prm_generate(model, &prompt, &more, NULL, NULL)); /* another call does not carry it */
    CHECK(!memcmp(first.tokens, again.tokens, 10 * sizeof(int32_t)));
    prm_cancel_close(control.cancel);
    prm_model_close(model);
}

/* As a text it is far over the context; the time is up before that is known. */
static void a_long_text_listens(void) {
    enum { BYTES = 8 << 20 };
    int which;
    char *text = malloc(BYTES);
    CHECK(text);
    memset(text, 'a', BYTES);
    for (which = 0; which < MODEL_COUNT; ++which) {
        prm_model *model = open_simple(which, 0, 0, 0);
        prm_prompt prompt = PRM_INIT(prm_prompt);
        prm_control control = PRM_INIT(prm_control);
        prm_request_info info = PRM_INIT(prm_request_info);
        CHECK(model);
        prompt.text.data = text;
        prompt.text.size = BYTES;
        control.deadline_ns = prm_now_ns() + 1000000;
        CHECK_STATUS(prm_generate(model, &prompt, NULL, &control, &info), PRM_STATUS_DEADLINE);
        CHECK(info.finish == PRM_FINISH_DEADLINE && info.generated_tokens == 0);
        prm_model_close(model);
    }
    free(text);
}

static void no_thread_that_was_not_granted(void) {
    int threads = count_threads(), which;
    int32_t ids[64];
    if (threads < 0) SKIP("this system does not tell the number of threads");
    fill_ids(ids, 64, 5);
    for (which = 0; which < MODEL_COUNT; ++which) {
        static answer to;
        prm_engine *engine = open_engine(0);
        prm_model *model;
        prm_prompt prompt = text_prompt("the hand");
        prm_generate_options options = collecting(&to, 20);
        float *logits;
        CHECK(engine && count_threads() == threads);
        CHECK((model = open_model(engine, which, NULL)) != NULL);
        CHECK(count_threads() == threads);
        CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
        CHECK((logits = run_ids(model, ids, 64)) != NULL);
        CHECK(count_threads() == threads);
        free(logits);
        prm_model_close(model);
        prm_engine_close(engine);
        CHECK(count_threads() == threads);
    }
}

static void threads_are_those_granted_and_end_with_the_engine(void) {
    int threads = count_threads();
    prm_engine *engine;
    if (threads < 0) SKIP("this system does not tell the number of threads");
    CHECK((engine = open_engine(3)) != NULL);
    CHECK(count_threads() == threads + 3);
    prm_engine_close(engine);
    CHECK(count_threads() == threads);
}

static const test_case cases[] = {
    { "from another thread at random moments of load, prefill and decode", cancelled_at_random_moments },
    { "the same with threads of ours at work", cancelled_beside_threads_of_ours },
    { "deadlines at random moments of load, prefill and decode", deadlines_at_random_moments },
    { "a deadline that is over refuses every call", a_deadline_that_is_over },
    { "a token fired before refuses every call", a_token_fired_before },
    { "a token fired after the call changes nothing", fired_after_the_call },
    { "a long text listens while it is cut into tokens", a_long_text_listens },
    { "threads 0: the process's threads stay what they were", no_thread_that_was_not_granted },
    { "threads N: so many, and they end with the engine", threads_are_those_granted_and_end_with_the_engine },
};
const test_suite cancel_suite = SUITE("cancel", cases);
