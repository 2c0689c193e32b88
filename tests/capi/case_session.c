/* Sessions: conversations whose keys and values stay. */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"
#include "services.h"

enum { PROMPT = 9, MORE = 14 };

static answer one, two;

static prm_model *open_with(prm_engine *engine, int which, int32_t sessions, int32_t context) {
    prm_model_options options = PRM_INIT(prm_model_options);
    options.sessions = sessions;
    options.context = context;
    return open_model(engine, which, &options);
}

static int32_t held(prm_session *session) {
    prm_session_info info = PRM_INIT(prm_session_info);
    return prm_session_query(session, &info) ? -1 : info.token_count;
}

static prm_status say(prm_model *model, prm_session *session, const int32_t *ids, size_t count, int32_t most, answer *to) {
    prm_prompt prompt = token_prompt(ids, count);
    prm_generate_options options = collecting(to, most);
    options.session = session;
    return prm_generate(model, &prompt, &options, NULL, NULL);
}

/* Two turns of a session are one call over all that was said. */
static void turns_are_one_long_prompt(void) {
    int which;
    for (which = 0; which < MODEL_COUNT; ++which) {
        prm_engine *engine = open_engine(1);
        prm_model *model = open_with(engine, which, 3, 256);
        prm_session *session = NULL, *other = NULL;
        prm_session_info info = PRM_INIT(prm_session_info);
        int32_t ids[PROMPT + MORE + PROMPT];
        CHECK(model);
        CHECK_OK(prm_session_open(model, NULL, NULL, &session));
        CHECK_OK(prm_session_open(model, NULL, NULL, &other));
        CHECK_OK(prm_session_query(session, &info));
        CHECK(info.token_count == 0 && info.context == 256 && info.host_bytes == 0 && info.reserved == 0);
        fill_ids(ids, PROMPT, 3);
        CHECK_OK(say(model, session, ids, PROMPT, MORE, &one));
        CHECK(one.token_count == MORE && held(session) == PROMPT + MORE);
        memcpy(ids + PROMPT, one.tokens, MORE * sizeof *ids);
        fill_ids(ids + PROMPT + MORE, PROMPT, 8);
        CHECK_OK(say(model, other, ids + 3, PROMPT, MORE, &two)); /* another conversation between */
        CHECK_OK(say(model, NULL, ids, PROMPT, 3, &two));          /* and a call without one */
        CHECK_OK(say(model, session, ids + PROMPT + MORE, PROMPT, MORE, &one));
        CHECK(held(session) == 2 * (PROMPT + MORE));
        CHECK_OK(say(model, NULL, ids, PROMPT + MORE + PROMPT, MORE, &two));
        CHECK(!memcmp(one.tokens, two.tokens, MORE * sizeof *ids));
        CHECK_OK(prm_session_query(session, &info));
        CHECK(info.host_bytes > 0);
        prm_session_close(session);
        prm_session_close(other);
        prm_model_close(model);
        prm_engine_close(engine);
    }
}

static void truncated_sessions_go_on_from_there(void) {
    prm_engine *engine = open_engine(0);
    prm_model *model = open_with(engine, QWEN, 2, 256);
    prm_session *session = NULL;
    prm_prompt nothing = text_prompt("");
    prm_generate_options options;
    int32_t ids[200];
    int cut;
    CHECK(model);
    CHECK_OK(prm_session_open(model, NULL, NULL, &session));
    fill_ids(ids, 200, 6);
    CHECK_OK(say(model, session, ids, 200, 1, &one));
    for (cut = 190; cut > 0; cut -= 67) {
        CHECK_OK(prm_session_truncate(session, cut));
        CHECK(held(session) == cut);
        CHECK_OK(say(model, session, ids + cut, 5, MORE, &one));
        CHECK_OK(say(model, NULL, ids, (size_t)cut + 5, MORE, &two));
        CHECK(!memcmp(one.tokens, two.tokens, MORE * sizeof *ids));
    }
    /* Again from where it stands, without a word: the same answer. */
    CHECK_OK(prm_session_truncate(session, 50));
    options = collecting(&one, MORE);
    options.session = session;
    nothing.flags = PRM_PROMPT_NO_BOS;
    CHECK_OK(prm_generate(model, &nothing, &options, NULL, NULL));
    CHECK(held(session) == 50 + MORE);
    CHECK_OK(prm_session_truncate(session, 50));
    options = collecting(&two, MORE);
    options.session = session;
    CHECK_OK(prm_generate(model, &nothing, &options, NULL, NULL));
    CHECK(!memcmp(one.tokens, two.tokens, MORE * sizeof *ids));
    CHECK_OK(say(model, NULL, ids, 50, MORE, &one));
    CHECK(!memcmp(one.tokens, two.tokens, MORE * sizeof *ids));
    CHECK_STATUS(prm_session_truncate(session, 50 + MORE + 1), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_session_truncate(session, -1), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_OK(prm_session_truncate(session, 0));
    options.session = session;
    CHECK_STATUS(prm_generate(model, &nothing, &options, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT); /* nothing to go on from */
    prm_session_close(session);
    prm_model_close(model);
    prm_engine_close(engine);
}

/* A begin token stands in front of the conversation, not before each turn. */
static void texts_get_one_begin_token(void) {
    prm_engine *engine = open_engine(0);
    prm_model *model = open_with(engine, GEMMA, 1, 128);
    prm_session *session = NULL;
    prm_prompt prompt = text_prompt("the hand"), plain = text_prompt("the hand");
    prm_generate_options options = collecting(&one, 1);
    prm_request_info info = PRM_INIT(prm_request_info);
    size_t with, without;
    CHECK(model && model_info(model).begin_token >= 0);
    CHECK_OK(prm_session_open(model, NULL, NULL, &session));
    prm_tokenize(model, &prompt, NULL, 0, &with);
    plain.flags = PRM_PROMPT_NO_BOS;
    prm_tokenize(model, &plain, NULL, 0, &without);
    CHECK(with == without + 1);
    options.session = session;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.prompt_tokens == (int64_t)with);
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.prompt_tokens == (int64_t)without);
    prm_session_close(session);
    prm_model_close(model);
    prm_engine_close(engine);
}

/* CONTEXT_FULL, cancel, a bad prompt: the session is as it was. */
static void failures_leave_a_session_as_it_was(void) {
    prm_engine *engine = open_engine(0);
    prm_model *model = open_with(engine, QUANTIZED, 1, 64);
    prm_session *session = NULL;
    prm_control control = PRM_INIT(prm_control);
    prm_generate_options options = collecting(&two, 30);
    prm_request_info info = PRM_INIT(prm_request_info);
    int32_t ids[64], before;
    prm_prompt prompt = token_prompt(ids, 8);
    CHECK(model);
    CHECK_OK(prm_session_open(model, NULL, NULL, &session));
    fill_ids(ids, 64, 2);
    CHECK_OK(say(model, session, ids, 10, 5, &one));
    before = held(session);
    CHECK(before == 15);
    CHECK_STATUS(say(model, session, ids, 50, 5, &two), PRM_STATUS_CONTEXT_FULL);
    CHECK(contains(prm_last_error(), "15") && contains(prm_last_error(), "50") && contains(prm_last_error(), "64"));
    CHECK(held(session) == before);
    ids[3] = -1;
    CHECK_STATUS(say(model, session, ids, 8, 5, &two), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(held(session) == before);
    fill_ids(ids, 64, 2);
    CHECK_OK(prm_cancel_open(&control.cancel));
    two.cancel = control.cancel;
    two.fire_at_token = 4;
    options.session = session;
    CHECK_STATUS(prm_generate(model, &prompt, &options, &control, &info), PRM_STATUS_CANCELLED);
    CHECK(info.finish == PRM_FINISH_CANCELLED && info.generated_tokens >= 4);
    CHECK(held(session) == before);
    /* The next turn is what it would have been. */
    memcpy(ids + 10, one.tokens, 5 * sizeof *ids);
    CHECK_OK(say(model, session, ids + 15, 8, MORE, &one));
    CHECK_STATUS(say(model, NULL, ids, 23, MORE, &two), PRM_STATUS_CONTEXT_FULL); /* the session has the only page */
    prm_session_close(session);
    CHECK_OK(say(model, NULL, ids, 23, MORE, &two));
    CHECK(!memcmp(one.tokens, two.tokens, MORE * sizeof *ids));
    prm_cancel_close(control.cancel);
    prm_model_close(model);
    prm_engine_close(engine);
}

static void a_callback_keeps_what_was_said(void) {
    prm_engine *engine = open_engine(0);
    prm_model *model = open_with(engine, QWEN, 1, 128);
    prm_session *session = NULL;
    prm_generate_options options;
    prm_request_info info = PRM_INIT(prm_request_info);
    int32_t ids[64];
    prm_prompt prompt = token_prompt(ids, 7), nothing = text_prompt("");
    CHECK(model);
    CHECK_OK(prm_session_open(model, NULL, NULL, &session));
    fill_ids(ids, 64, 9);
    options = collecting(&one, 20);
    options.session = session;
    one.stop_at_token = 6;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.finish == PRM_FINISH_CALLBACK && held(session) == 7 + 6);
    options = collecting(&two, 14);
    options.session = session;
    CHECK_OK(prm_generate(model, &nothing, &options, NULL, NULL)); /* on from there */
    memcpy(one.tokens + 6, two.tokens, 14 * sizeof *ids);
    options = collecting(&two, 20);
    CHECK_OK(prm_session_truncate(session, 0));
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
    CHECK(!memcmp(one.tokens, two.tokens, 20 * sizeof *ids));
    prm_session_close(session);
    prm_model_close(model);
    prm_engine_close(engine);
}

typedef struct meddler {
    prm_model *model;
    prm_session *session;
    prm_status generated, truncated, queried;
    int close;
} meddler;
static int32_t meddle(void *user, int32_t token) {
    meddler *m = user;
    prm_session_info info = PRM_INIT(prm_session_info);
    int32_t ids[2] = { 30, 31 };
    (void)token;
    m->generated = say(m->model, m->session, ids, 2, 1, &two);
    m->truncated = prm_session_truncate(m->session, 0);
    m->queried = prm_session_query(m->session, &info);
    if (m->close) prm_session_close(m->session);
    return 1;
}

static void one_call_at_a_time(void) {
    prm_engine *engine = open_engine(0);
    prm_model *model = open_with(engine, QWEN, 1, 128);
    prm_generate_options options = PRM_INIT(prm_generate_options);
    meddler m = { model, NULL, 0, 0, 0, 0 };
    int32_t ids[5];
    prm_prompt prompt = token_prompt(ids, 5);
    CHECK(model);
    fill_ids(ids, 5, 1);
    CHECK_OK(prm_session_open(model, NULL, NULL, &m.session));
    options.on_token = meddle;
    options.user = &m;
    options.session = m.session;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
    CHECK(m.generated == PRM_STATUS_INVALID_STATE && m.truncated == PRM_STATUS_INVALID_STATE && m.queried == PRM_STATUS_OK);
    CHECK(held(m.session) == 6);
    m.close = 1; /* closed while it is in use: free for the next when the call has ended */
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
    CHECK_OK(prm_session_open(model, NULL, NULL, &m.session));
    CHECK(held(m.session) == 0);
    prm_session_close(m.session);
    prm_model_close(model);
    prm_engine_close(engine);
}

static void as_many_as_were_granted(void) {
    enum { GRANTED = 3 };
    prm_engine *engine = open_engine(0);
    prm_model *model = open_with(engine, QWEN, GRANTED, 32), *none = open_with(engine, QWEN, 0, 32), *headers = NULL;
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_session *sessions[GRANTED], *more = NULL;
    prm_control control = PRM_INIT(prm_control);
    prm_session_options wrong = PRM_INIT(prm_session_options);
    int32_t ids[32];
    int i;
    CHECK(model && none);
    fill_ids(ids, 32, 5);
    for (i = 0; i < GRANTED; ++i) CHECK_OK(prm_session_open(model, NULL, NULL, &sessions[i]));
    CHECK_STATUS(prm_session_open(model, NULL, NULL, &more), PRM_STATUS_LIMIT);
    CHECK(contains(prm_last_error(), "3") && contains(prm_last_error(), "options.sessions"));
    CHECK_STATUS(prm_session_open(none, NULL, NULL, &more), PRM_STATUS_LIMIT);
    CHECK(!more);
    for (i = 0; i < GRANTED; ++i) CHECK_OK(say(model, sessions[i], ids, 32, 1, &one)); /* each to the brim */
    CHECK_STATUS(say(model, NULL, ids, 4, 1, &one), PRM_STATUS_CONTEXT_FULL);          /* nothing is left for others */
    CHECK(contains(prm_last_error(), "sessions"));
    prm_session_close(sessions[1]);
    CHECK_OK(say(model, NULL, ids, 4, 1, &one));
    CHECK_OK(prm_session_open(model, NULL, NULL, &sessions[1]));
    CHECK(held(sessions[1]) == 0 && held(sessions[0]) == 32);
    CHECK_STATUS(say(none, sessions[0], ids, 1, 1, &one), PRM_STATUS_INVALID_ARGUMENT); /* of another model */
    CHECK(contains(prm_last_error(), "another model"));
    CHECK_STATUS(prm_session_open(NULL, NULL, NULL, &more), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_session_open(model, NULL, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    wrong.flags = 1;
    CHECK_STATUS(prm_session_open(model, &wrong, NULL, &more), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_session_query(NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_session_query(sessions[0], NULL), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_session_truncate(NULL, 0), PRM_STATUS_INVALID_ARGUMENT);
    control.deadline_ns = 1;
    prm_session_close(sessions[2]);
    CHECK_STATUS(prm_session_open(model, NULL, &control, &more), PRM_STATUS_DEADLINE);
    CHECK_OK(prm_session_open(model, NULL, NULL, &sessions[2]));
    options.sessions = 4097;
    CHECK_STATUS(prm_model_open(engine, model_path(QWEN), &options, NULL, &headers), PRM_STATUS_INVALID_ARGUMENT);
    options.sessions = -1;
    CHECK_STATUS(prm_model_open(engine, model_path(QWEN), &options, NULL, &headers), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(contains(prm_last_error(), "sessions"));
    options.sessions = 1;
    options.flags = PRM_MODEL_HEADER_ONLY;
    CHECK_OK(prm_model_open(engine, model_path(QWEN), &options, NULL, &headers));
    CHECK_STATUS(prm_session_open(headers, NULL, NULL, &more), PRM_STATUS_UNSUPPORTED);
    prm_model_close(headers);
    prm_session_close(NULL);
    prm_model_close(model); /* before its sessions: they keep it */
    prm_engine_close(engine);
    CHECK(held(sessions[0]) == 32);
    for (i = 0; i < GRANTED; ++i) prm_session_close(sessions[i]);
    prm_model_close(none);
}

typedef struct talker {
    prm_model *model;
    prm_session *session;
    int32_t seed;
    int wrong;
} talker;
static void *talk(void *user) {
    talker *t = user;
    static const int turns = 6;
    prm_generate_options options = PRM_INIT(prm_generate_options);
    int32_t ids[4] = { 0 };
    prm_prompt prompt = token_prompt(ids, 4);
    int i;
    options.session = t->session;
    options.max_tokens = 5;
    options.flags = PRM_GENERATE_IGNORE_END;
    for (i = 0; i < turns; ++i) {
        fill_ids(ids, 4, (unsigned)(t->seed + i));
        if (prm_generate(t->model, &prompt, &options, NULL, NULL) || held(t->session) != 9 * (i + 1)) ++t->wrong;
        if (i == 3 && prm_session_truncate(t->session, 36)) ++t->wrong;
    }
    return NULL;
}

static void sessions_of_several_threads(void) {
    enum { THREADS = 4 };
    prm_engine *engine = open_engine(1);
    prm_model *model = open_with(engine, QUANTIZED, THREADS, 128);
    talker talkers[THREADS];
    pthread_t threads[THREADS];
    int i;
    CHECK(model);
    for (i = 0; i < THREADS; ++i) {
        talkers[i].model = model;
        talkers[i].seed = i * 100;
        talkers[i].wrong = 0;
        CHECK_OK(prm_session_open(model, NULL, NULL, &talkers[i].session));
    }
    for (i = 0; i < THREADS; ++i) CHECK(pthread_create(&threads[i], NULL, talk, &talkers[i]) == 0);
    for (i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
    for (i = 0; i < THREADS; ++i) {
        CHECK(talkers[i].wrong == 0);
        prm_session_close(talkers[i].session);
    }
    prm_model_close(model);
    prm_engine_close(engine);
}

/* Sessions, sampling, stops and log probabilities: the plan is the high-water mark, and nothing is taken on the way. */
static int32_t drop_records(void *user, const prm_token *tokens, size_t count) {
    (void)user, (void)tokens, (void)count;
    return 0;
}
static int32_t drop_logits(void *user, float *logits, size_t count) {
    (void)user, (void)logits, (void)count;
    return 0;
}

static void everything_on_is_what_was_planned(void) {
    enum { SESSIONS = 3 };
    int which, turn, i;
    for (which = 0; which < MODEL_COUNT; ++which) {
        prm_host host = PRM_INIT(prm_host);
        prm_engine_options engine_options = PRM_INIT(prm_engine_options);
        prm_engine_info info = PRM_INIT(prm_engine_info);
        prm_model_options options = PRM_INIT(prm_model_options);
        prm_plan plan = PRM_INIT(prm_plan);
        ledger book = { 0 };
        prm_engine *engine = NULL;
        prm_model *model = NULL;
        prm_session *sessions[SESSIONS];
        prm_text stops[2];
        prm_bias bias = { 7, -INFINITY };
        int64_t calls;
        host.memory_user = &book;
        host.alloc = ledger_alloc;
        host.release = ledger_release;
        engine_options.host = &host;
        engine_options.threads = 1;
        options.context = 256;
        options.chunk_tokens = 16;
        options.sessions = SESSIONS;
        options.flags = PRM_MODEL_HEADER_ONLY;
        CHECK_OK(prm_engine_open(PRM_VERSION, &engine_options, &engine));
        CHECK_OK(prm_model_open(engine, model_path(which), &options, NULL, &model));
        CHECK_OK(prm_model_plan(model, NULL, &plan, NULL, 0, NULL));
        prm_model_close(model);
        prm_engine_close(engine);
        options.flags = 0;
        engine_options.max_host_bytes = plan.host_bytes;
        CHECK_OK(prm_engine_open(PRM_VERSION, &engine_options, &engine));
        CHECK_OK(prm_model_open(engine, model_path(which), &options, NULL, &model));
        for (i = 0; i < SESSIONS; ++i) CHECK_OK(prm_session_open(model, NULL, NULL, &sessions[i]));
        stops[0] = PRM_TEXT("this will not come");
        stops[1] = PRM_TEXT("nor will that");
        calls = book.calls;
        for (turn = 0; turn < 3; ++turn)
            for (i = 0; i < SESSIONS; ++i) {
                prm_prompt prompt = text_prompt("the quick brown fox jumps over");
                prm_generate_options generate = collecting(&one, 12);
                generate.temperature = 0.9f;
                generate.top_k = 200;
                generate.typical_p = 0.99f;
                generate.top_p = 0.95f;
                generate.min_p = 0.01f;
                generate.repetition_penalty = 1.1f;
                generate.penalty_tokens = -1;
                generate.stops = stops;
                generate.stop_count = 2;
                generate.biases = &bias;
                generate.bias_count = 1;
                generate.min_tokens = 3;
                generate.logprobs = 65;
                generate.on_logprobs = drop_records;
                generate.on_logits = drop_logits;
                generate.session = sessions[i];
                CHECK_OK(prm_generate(model, &prompt, &generate, NULL, NULL));
                CHECK(one.token_count == 12);
                CHECK_OK(prm_session_truncate(sessions[i], 20));
            }
        CHECK(book.calls == calls);
        CHECK_OK(prm_engine_query(engine, &info));
        CHECK(info.peak_host_bytes == plan.host_bytes);
        for (i = 0; i < SESSIONS; ++i) prm_session_close(sessions[i]);
        prm_model_close(model);
        prm_engine_close(engine);
        CHECK(book.blocks == 0 && book.wrong == 0);
    }
}

static const test_case cases[] = {
    { "turns are one long prompt, with other conversations between", turns_are_one_long_prompt },
    { "truncated sessions go on from there, with and without new words", truncated_sessions_go_on_from_there },
    { "texts get one begin token a conversation", texts_get_one_begin_token },
    { "failures leave a session as it was", failures_leave_a_session_as_it_was },
    { "a callback that stops keeps what was said", a_callback_keeps_what_was_said },
    { "one call at a time uses a session", one_call_at_a_time },
    { "as many sessions as were granted, and handles in any order", as_many_as_were_granted },
    { "sessions of several threads", sessions_of_several_threads },
    { "sessions with every stage on take what was planned, to the byte", everything_on_is_what_was_planned },
};
extern const test_suite session_suite;
const test_suite session_suite = SUITE("sessions", cases);
