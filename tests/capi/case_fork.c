/* In a child of fork: what the parent opened works on one thread, or answers with a status; nothing waits for what vanished. */
#include "harness.h"

#if defined(_WIN32) || defined(__SANITIZE_THREAD__)
static void nothing_to_fork(void) {
    SKIP("there is no fork here, or none that ThreadSanitizer follows");
}
static const test_case cases[] = { { "a child of fork", nothing_to_fork } };
#else
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixtures.h"
#include "guard.h"
#include "tensor_fixtures.h"

enum { TOKENS = 12, PATIENCE_S = 60, CLOSES = 10 };
static const char PROMPT[] = "the hand";

typedef struct forked {
    prm_engine *engine;
    prm_model *model;
    prm_session *session;
    answer truth;
} forked;
static forked was;

static prm_status generate(prm_model *model, prm_session *session, answer *to) {
    prm_generate_options options = collecting(to, TOKENS);
    prm_prompt prompt = text_prompt(PROMPT);
    options.session = session;
    return prm_generate(model, &prompt, &options, NULL, NULL);
}

static int open_all(void) {
    prm_model_options options = PRM_INIT(prm_model_options);
    options.sessions = 2;
    options.context = 256;
    was.engine = open_engine(3);
    was.model = open_model(was.engine, QUANTIZED, &options);
    return was.model && !prm_session_open(was.model, NULL, NULL, &was.session) && !generate(was.model, NULL, &was.truth);
}

static void close_all(void) {
    prm_session_close(was.session);
    prm_model_close(was.model);
    prm_engine_close(was.engine);
}

/* The place at which a child found something wrong, 0 when it found nothing, -1 when it hung or crashed. */
static int in_child(int (*check)(void)) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        alarm(PATIENCE_S);
        _exit(check());
    }
    if (child < 0 || waitpid(child, &status, 0) != child) return -2;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define MUST(condition) \
    do { \
        if (!(condition)) return __LINE__ & 127; \
    } while (0)

static int works_alone(void) {
    static answer text;
    prm_engine_info info = PRM_INIT(prm_engine_info);
    prm_engine *engine;
    prm_model *more = NULL;
    MUST(!prm_engine_query(was.engine, &info) && info.threads == 0);
    MUST(!generate(was.model, NULL, &text) && same_answer(&was.truth, &text));
    MUST(!generate(was.model, was.session, &text) && same_answer(&was.truth, &text));
    MUST(!prm_model_open(was.engine, model_path(QUANTIZED), NULL, NULL, &more));
    MUST(!generate(more, NULL, &text) && same_answer(&was.truth, &text));
    prm_model_close(more);
    close_all();
    MUST((engine = open_engine(2)) != NULL);
    MUST((more = open_model(engine, QUANTIZED, NULL)) != NULL);
    MUST(!generate(more, NULL, &text) && same_answer(&was.truth, &text));
    prm_model_close(more);
    prm_engine_close(engine);
    return 0;
}

static void a_child_works_on_one_thread(void) {
    if (guard_is_on()) SKIP("the guard ends what forks");
    CHECK(open_all());
    CHECK(in_child(works_alone) == 0);
    CHECK_OK(generate(was.model, was.session, &was.truth)); /* the parent has lost nothing */
    close_all();
}

/* The call is still under way at the last fork, however late that comes. */
enum { MOVING_TOKENS = 16 };
static atomic_int tokens, forks_done;
static int32_t slow_token(void *user, int32_t token) {
    int count = atomic_fetch_add(&tokens, 1);
    (void)user, (void)token;
    do sleep_ms(2);
    while (count >= MOVING_TOKENS && !atomic_load(&forks_done));
    return 0;
}

static void *generate_slowly(void *raw) {
    prm_generate_options options = PRM_INIT(prm_generate_options);
    prm_prompt prompt = text_prompt(PROMPT);
    prm_control *control = raw;
    options.flags = PRM_GENERATE_IGNORE_END;
    options.on_token = slow_token;
    options.session = was.session;
    prm_generate(was.model, &prompt, &options, control, NULL);
    return NULL;
}

static int answers_with_a_status(void) {
    static answer text;
    prm_model_info info = PRM_INIT(prm_model_info);
    prm_model *more = NULL;
    MUST(!prm_model_query(was.model, &info));
    MUST(generate(was.model, NULL, &text) == PRM_STATUS_INVALID_STATE);
    MUST(generate(was.model, was.session, &text) == PRM_STATUS_INVALID_STATE);
    MUST(prm_session_truncate(was.session, 0) == PRM_STATUS_INVALID_STATE);
    MUST(!prm_model_open(was.engine, model_path(QUANTIZED), NULL, NULL, &more));
    MUST(!generate(more, NULL, &text) && same_answer(&was.truth, &text));
    prm_model_close(more);
    close_all();
    return 0;
}

/* Forks at many moments of another thread's call. */
static void a_child_of_a_process_at_work(void) {
    pthread_t thread;
    prm_control control = PRM_INIT(prm_control);
    int i, wrong = 0;
    if (guard_is_on()) SKIP("the guard ends what forks");
    CHECK(open_all());
    CHECK_OK(prm_cancel_open(&control.cancel));
    atomic_store(&tokens, 0);
    atomic_store(&forks_done, 0);
    CHECK(!pthread_create(&thread, NULL, generate_slowly, &control));
    while (atomic_load(&tokens) < 2) sleep_ms(1);
    for (i = 0; i < 5 && !wrong; ++i) wrong = in_child(answers_with_a_status);
    prm_cancel_fire(control.cancel);
    atomic_store(&forks_done, 1);
    pthread_join(thread, NULL);
    prm_cancel_close(control.cancel);
    close_all();
    CHECK(wrong == 0);
}

static int child_status;
static int32_t fork_at_third(void *user, int32_t token) {
    answer *to = user;
    pid_t child;
    collect_token(user, token);
    if (to->token_count != 3) return 0;
    child = fork();
    if (child == 0) {
        alarm(PATIENCE_S);
        child_status = -1; /* this is the child, which goes on with the call */
        return 0;
    }
    waitpid(child, &child_status, 0);
    return 0;
}

static void a_fork_in_a_callback(void) {
    static answer text;
    prm_generate_options options = collecting(&text, TOKENS);
    prm_prompt prompt = text_prompt(PROMPT);
    prm_status status;
    if (guard_is_on()) SKIP("the guard ends what forks");
    CHECK(open_all());
    options.on_token = fork_at_third;
    child_status = 0;
    status = prm_generate(was.model, &prompt, &options, NULL, NULL);
    if (child_status == -1) {
        int well = !status && same_answer(&was.truth, &text);
        well &= !generate(was.model, NULL, &text) && same_answer(&was.truth, &text);
        close_all();
        _exit(well ? 7 : 1);
    }
    CHECK_OK(status);
    CHECK(same_answer(&was.truth, &text));
    CHECK(WIFEXITED(child_status) && WEXITSTATUS(child_status) == 7);
    close_all();
}

/* A tensor model: a run of seconds is under way in another thread, or none is. */
enum { CHAIN = 600, WIDE = 2000000 };
static message chain;
static atomic_int begun;
static prm_model *idle, *busy;

static prm_status run_chain(prm_model *model, int64_t n, prm_cancel *cancel) {
    static float values[2][WIDE], got[2][WIDE];
    int which = n == WIDE;
    prm_control control = PRM_INIT(prm_control);
    prm_tensor in = tensor_of("x", PRM_DTYPE_F32, values[which], sizeof values[which], 1, n, 0), out = room_for("y", got[which], sizeof got[which]);
    control.cancel = cancel;
    return prm_run(model, &in, 1, &control, &out, 1);
}

static void *run_in_thread(void *cancel) {
    atomic_store(&begun, 1);
    run_chain(busy, WIDE, cancel);
    return NULL;
}

static int runs_tensors(void) {
    prm_model *more = NULL;
    MUST(run_chain(busy, 3, NULL) == PRM_STATUS_INVALID_STATE);
    MUST(!run_chain(idle, 3, NULL));
    MUST((more = open_onnx(was.engine, chain, NULL)) != NULL);
    MUST(!run_chain(more, 3, NULL));
    prm_model_close(more);
    prm_model_close(busy);
    prm_model_close(idle);
    prm_engine_close(was.engine);
    return 0;
}

static void a_child_runs_tensors(void) {
    prm_cancel *cancel = NULL;
    pthread_t thread;
    int wrong;
    if (guard_is_on()) SKIP("the guard ends what forks");
    chain = long_model(CHAIN);
    was.engine = open_engine(2);
    busy = open_onnx(was.engine, chain, NULL);
    idle = open_onnx(was.engine, chain, NULL);
    CHECK(busy && idle);
    CHECK_OK(prm_cancel_open(&cancel));
    atomic_store(&begun, 0);
    CHECK(!pthread_create(&thread, NULL, run_in_thread, cancel));
    while (!atomic_load(&begun)) sleep_ms(1);
    sleep_ms(30);
    wrong = in_child(runs_tensors);
    prm_cancel_fire(cancel);
    pthread_join(thread, NULL);
    CHECK_OK(run_chain(busy, 3, NULL)); /* the parent has lost nothing */
    prm_cancel_close(cancel);
    prm_model_close(busy);
    prm_model_close(idle);
    prm_engine_close(was.engine);
    free(chain.data);
    CHECK(wrong == 0);
}

/* Another thread closes the model meanwhile. The call ends in both processes, and each can begin anew. */
static void *generate_and_fork(void *raw) {
    answer *text = raw;
    prm_generate_options options = collecting(text, TOKENS);
    prm_prompt prompt = text_prompt(PROMPT);
    prm_status status;
    options.on_token = fork_at_third;
    child_status = 0;
    status = prm_generate(was.model, &prompt, &options, NULL, NULL);
    if (child_status == -1) {
        static answer again;
        prm_model *more = NULL;
        int well = !status || status == PRM_STATUS_CANCELLED;
        well &= !prm_model_open(was.engine, model_path(QUANTIZED), NULL, NULL, &more);
        well &= !generate(more, NULL, &again) && same_answer(&was.truth, &again);
        prm_model_close(more);
        close_all();
        _exit(well ? 7 : 1);
    }
    return NULL;
}

static void a_fork_in_a_callback_while_the_model_is_closed(void) {
    static answer text;
    int i;
    if (guard_is_on()) SKIP("the guard ends what forks");
    for (i = 0; i < CLOSES; ++i) {
        pthread_t thread;
        CHECK(open_all());
        memset(&text, 0, sizeof text);
        CHECK(!pthread_create(&thread, NULL, generate_and_fork, &text));
        sleep_ms(i % 5);
        prm_model_close(was.model);
        pthread_join(thread, NULL);
        CHECK(child_status == 0 || (WIFEXITED(child_status) && WEXITSTATUS(child_status) == 7));
        close_all();
    }
}

static const test_case cases[] = {
    { "a child works on one thread, and closes", a_child_works_on_one_thread },
    { "of a process that was at work: a status", a_child_of_a_process_at_work },
    { "of a callback: the call goes on in both", a_fork_in_a_callback },
    { "a child runs tensors, but on no model that was at work", a_child_runs_tensors },
    { "of a callback, while another thread closes the model", a_fork_in_a_callback_while_the_model_is_closed },
};
#endif
extern const test_suite fork_suite;
const test_suite fork_suite = SUITE("fork", cases);
