/* Ending calls from outside: cancel, deadline, other threads. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

static answer one;

static void cancelled_before_it_begins(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_prompt prompt = text_prompt("the hand");
    prm_generate_options options = collecting(&one, 10);
    prm_control control = PRM_INIT(prm_control);
    prm_request_info info = PRM_INIT(prm_request_info);
    int32_t ids[3];
    float logits[3 * 1024];
    prm_tensor in = tokens_tensor(ids, 0, 3), out = logits_tensor(logits, 3 * 1024);
    CHECK(model);
    fill_ids(ids, 3, 1);
    CHECK_OK(prm_cancel_open(&control.cancel));
    prm_cancel_fire(control.cancel);
    CHECK_STATUS(prm_generate(model, &prompt, &options, &control, &info), PRM_STATUS_CANCELLED);
    CHECK(info.finish == PRM_FINISH_CANCELLED && info.generated_tokens == 0);
    CHECK(one.token_count == 0 && one.text_calls == 0);
    logits[0] = 77;
    CHECK_STATUS(prm_run(model, &in, 1, &control, &out, 1), PRM_STATUS_CANCELLED);
    CHECK(logits[0] == 77);
    prm_cancel_close(control.cancel);
    control.cancel = NULL;
    CHECK_OK(prm_generate(model, &prompt, &options, &control, &info)); /* the model is as before */
    prm_model_close(model);
}

static void cancelled_from_a_callback(void) {
    prm_model *model = open_simple(GEMMA, 1, 0, 0);
    prm_prompt prompt = text_prompt("the hand");
    prm_generate_options options = collecting(&one, 100);
    prm_control control = PRM_INIT(prm_control);
    prm_request_info info = PRM_INIT(prm_request_info);
    CHECK(model);
    CHECK_OK(prm_cancel_open(&control.cancel));
    one.cancel = control.cancel;
    one.fire_at_token = 4;
    CHECK_STATUS(prm_generate(model, &prompt, &options, &control, &info), PRM_STATUS_CANCELLED);
    CHECK(info.finish == PRM_FINISH_CANCELLED);
    CHECK(info.generated_tokens == (int64_t)one.token_count);
    CHECK(one.token_count >= 4 && one.token_count <= 5); /* at the next step */
    prm_cancel_close(control.cancel);
    prm_model_close(model);
}

static void *fire_soon(void *user) {
    sleep_ms(30);
    prm_cancel_fire(user);
    return NULL;
}

static void cancelled_from_another_thread(void) {
    prm_model *model = open_simple(GEMMA, 1, 0, 0);
    prm_prompt prompt = text_prompt("the hand");
    prm_generate_options options = collecting(&one, 200);
    prm_control control = PRM_INIT(prm_control);
    prm_request_info info = PRM_INIT(prm_request_info);
    pthread_t thread;
    CHECK(model);
    one.sleep_ms = 5; /* 200 tokens last a second and more */
    CHECK_OK(prm_cancel_open(&control.cancel));
    CHECK(pthread_create(&thread, NULL, fire_soon, control.cancel) == 0);
    CHECK_STATUS(prm_generate(model, &prompt, &options, &control, &info), PRM_STATUS_CANCELLED);
    pthread_join(thread, NULL);
    CHECK(info.finish == PRM_FINISH_CANCELLED && one.token_count < 200);
    prm_cancel_close(control.cancel);
    prm_model_close(model);
}

static void a_deadline_in_the_past(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_prompt prompt = text_prompt("the hand");
    prm_generate_options options = collecting(&one, 10);
    prm_control control = PRM_INIT(prm_control);
    prm_request_info info = PRM_INIT(prm_request_info);
    CHECK(model);
    control.deadline_ns = prm_now_ns() - 1;
    CHECK_STATUS(prm_generate(model, &prompt, &options, &control, &info), PRM_STATUS_DEADLINE);
    CHECK(info.finish == PRM_FINISH_DEADLINE && info.generated_tokens == 0 && one.text_calls == 0);
    control.deadline_ns = -5;
    CHECK_STATUS(prm_generate(model, &prompt, &options, &control, &info), PRM_STATUS_INVALID_ARGUMENT);
    prm_model_close(model);
}

static void a_deadline_on_the_way(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_prompt prompt = text_prompt("the hand");
    prm_generate_options options = collecting(&one, 200);
    prm_control control = PRM_INIT(prm_control);
    prm_request_info info = PRM_INIT(prm_request_info);
    CHECK(model);
    one.sleep_ms = 10;
    control.deadline_ns = prm_now_ns() + 500000000;
    CHECK_STATUS(prm_generate(model, &prompt, &options, &control, &info), PRM_STATUS_DEADLINE);
    CHECK(info.finish == PRM_FINISH_DEADLINE);
    CHECK(info.generated_tokens == (int64_t)one.token_count && one.token_count > 0 && one.token_count < 200);
    CHECK(info.total_ns < INT64_C(10000000000));
    prm_model_close(model);
}

enum { THREADS = 4, TOKENS = 24 };
struct sharer {
    prm_model *model;
    answer answer;
    prm_status status;
};

static void *generate_beside(void *user) {
    struct sharer *sharer = user;
    prm_prompt prompt = text_prompt("the hand in the");
    prm_generate_options options = collecting(&sharer->answer, TOKENS);
    sharer->status = prm_generate(sharer->model, &prompt, &options, NULL, NULL);
    return NULL;
}

static void threads_share_a_model(void) {
    prm_model *model = open_simple(QWEN, 1, 0, 0);
    struct sharer *sharers = calloc(THREADS, sizeof *sharers);
    pthread_t threads[THREADS];
    int i;
    CHECK(model && sharers);
    for (i = 0; i < THREADS; ++i) {
        sharers[i].model = model;
        CHECK(pthread_create(&threads[i], NULL, generate_beside, &sharers[i]) == 0);
    }
    for (i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
    for (i = 0; i < THREADS; ++i) {
        CHECK(sharers[i].status == PRM_STATUS_OK && sharers[i].answer.token_count == TOKENS);
        CHECK(!memcmp(sharers[i].answer.tokens, sharers[0].answer.tokens, TOKENS * sizeof(int32_t)));
    }
    free(sharers);
    prm_model_close(model);
}

/* One thread holds the model's turn; the other's deadline must not wait for it. */
struct holder {
    prm_model *model;
    prm_cancel *cancel;
    answer answer;
};

static void *hold_turn(void *user) {
    struct holder *holder = user;
    prm_prompt prompt = text_prompt("the hand");
    prm_generate_options options = collecting(&holder->answer, 200);
    prm_control control = PRM_INIT(prm_control);
    holder->answer.sleep_ms = 10;
    control.cancel = holder->cancel;
    prm_generate(holder->model, &prompt, &options, &control, NULL);
    return NULL;
}

static void waiting_for_a_turn_listens_too(void) {
    struct holder *holder = calloc(1, sizeof *holder);
    prm_prompt prompt = text_prompt("the hand");
    prm_control control = PRM_INIT(prm_control);
    prm_request_info info = PRM_INIT(prm_request_info);
    prm_status status;
    pthread_t thread;
    int64_t begin;
    CHECK(holder && (holder->model = open_simple(QWEN, 0, 0, 0)) != NULL);
    CHECK_OK(prm_cancel_open(&holder->cancel));
    CHECK(pthread_create(&thread, NULL, hold_turn, holder) == 0);
    sleep_ms(100);
    begin = prm_now_ns();
    control.deadline_ns = begin + 50000000;
    status = prm_generate(holder->model, &prompt, NULL, &control, &info);
    begin = prm_now_ns() - begin;
    prm_cancel_fire(holder->cancel);
    pthread_join(thread, NULL);
    prm_cancel_close(holder->cancel);
    prm_model_close(holder->model);
    free(holder);
    CHECK(status == PRM_STATUS_DEADLINE && info.finish == PRM_FINISH_DEADLINE);
    CHECK(begin < 1000000000);
}

struct asker {
    prm_model *model;
    prm_engine *engine;
    size_t answered;
};

static int32_t ask(void *user, int32_t token) {
    struct asker *asker = user;
    prm_model_info model = PRM_INIT(prm_model_info);
    prm_engine_info engine = PRM_INIT(prm_engine_info);
    (void)token;
    asker->answered += prm_model_query(asker->model, &model) == PRM_STATUS_OK &&
                       prm_engine_query(asker->engine, &engine) == PRM_STATUS_OK;
    return 0;
}

static void callbacks_may_query(void) {
    struct asker asker = { NULL, open_engine(1), 0 };
    prm_prompt prompt = text_prompt("the hand");
    prm_generate_options options = PRM_INIT(prm_generate_options);
    asker.model = open_model(asker.engine, GEMMA, NULL);
    CHECK(asker.model);
    options.flags = PRM_GENERATE_IGNORE_END;
    options.max_tokens = 5;
    options.on_token = ask;
    options.user = &asker;
    CHECK_OK(prm_generate(asker.model, &prompt, &options, NULL, NULL));
    CHECK(asker.answered == 5);
    prm_model_close(asker.model);
    prm_engine_close(asker.engine);
}

static const test_case cases[] = {
    { "a fired token cancels before anything begins", cancelled_before_it_begins },
    { "a callback may fire the token", cancelled_from_a_callback },
    { "another thread may fire the token", cancelled_from_another_thread },
    { "a deadline in the past", a_deadline_in_the_past },
    { "a deadline on the way keeps what was written", a_deadline_on_the_way },
    { "threads share a model and get the same text", threads_share_a_model },
    { "waiting for a turn listens to the deadline too", waiting_for_a_turn_listens_too },
    { "callbacks may query model and engine", callbacks_may_query },
};
const test_suite stop_suite = SUITE("stop", cases);
