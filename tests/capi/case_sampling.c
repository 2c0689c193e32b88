/* Sampling and log probabilities through prm_generate. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

enum { MOST = 40 };

static answer one, two;

/* The same seed and input: the same text, for any instruction set, threads and chunks; another seed, another text. */
static void a_seed_is_a_text(void) {
    static const char *const isas[] = { "scalar", "avx2", "avx512" };
    int which, i, chunk, ran = 0;
    for (which = 0; which < MODEL_COUNT; ++which) {
        prm_model *model = open_simple(which, 0, 0, 0);
        prm_prompt prompt = text_prompt("the hand in the");
        prm_generate_options options = sampling(&one, MOST, 7);
        int different = 0;
        CHECK(model);
        options.typical_p = 0.95f;
        options.min_p = 0.001f;
        options.repetition_penalty = 1.1f;
        options.presence_penalty = 0.1f;
        options.frequency_penalty = 0.1f;
        CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
        CHECK(one.token_count == MOST);
        prm_model_close(model);
        for (i = 0; i < 3; ++i)
            for (chunk = 0; chunk < 2; ++chunk) {
                prm_engine_options engine_options = PRM_INIT(prm_engine_options);
                prm_model_options model_options = PRM_INIT(prm_model_options);
                prm_engine *engine = NULL;
                engine_options.isa = isas[i];
                engine_options.threads = i;
                model_options.chunk_tokens = chunk ? 3 : 0;
                if (prm_engine_open(PRM_VERSION, &engine_options, &engine)) continue; /* not on this machine */
                model = open_model(engine, which, &model_options);
                CHECK(model);
                memset(&two, 0, sizeof two);
                options.user = &two;
                CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
                CHECK(same_answer(&one, &two));
                prm_model_close(model);
                prm_engine_close(engine);
                ++ran;
            }
        model = open_simple(which, 0, 0, 0);
        for (i = 0; i < 4; ++i) {
            options = sampling(&two, MOST, 100 + (uint64_t)i);
            CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
            different += memcmp(one.tokens, two.tokens, sizeof one.tokens[0] * MOST) != 0;
        }
        CHECK(different == 4);
        prm_model_close(model);
    }
    CHECK(ran >= 2 * MODEL_COUNT);
}

/* Options that change nothing leave greedy text what it is. */
static void neutral_options_are_greedy(void) {
    int which;
    for (which = 0; which < MODEL_COUNT; ++which) {
        prm_model *model = open_simple(which, 0, 0, 0);
        prm_prompt prompt = text_prompt("the hand");
        prm_generate_options options = collecting(&one, MOST);
        prm_bias nothing = { 5, 0.0f };
        CHECK(model);
        CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
        options = collecting(&two, MOST);
        options.seed = 99;
        options.top_k = 5;
        options.top_p = 0.1f;
        options.repetition_penalty = 1;
        options.biases = &nothing;
        options.bias_count = 1;
        CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
        CHECK(same_answer(&one, &two));
        options = collecting(&two, MOST); /* the best alone, by every cut */
        options.temperature = 1;
        options.top_k = 1;
        CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
        CHECK(same_answer(&one, &two));
        prm_model_close(model);
    }
}

static void biases_and_penalties_reach_greedy_text(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_prompt prompt = text_prompt("the hand");
    prm_generate_options options = collecting(&one, MOST);
    prm_bias bias[2];
    size_t i, seen[4096] = { 0 };
    CHECK(model);
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
    bias[0].token = one.tokens[0];
    bias[0].bias = -INFINITY;
    bias[1].token = 77;
    bias[1].bias = 1e6f;
    options = collecting(&two, MOST);
    options.biases = bias;
    options.bias_count = 1;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
    for (i = 0; i < two.token_count; ++i) CHECK(two.tokens[i] != bias[0].token);
    options = collecting(&two, 5);
    options.biases = bias;
    options.bias_count = 2;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
    for (i = 0; i < 5; ++i) CHECK(two.tokens[i] == 77);
    /* A presence penalty over everything: no token twice, nor one of the prompt. */
    options = collecting(&two, MOST);
    options.presence_penalty = 100;
    options.penalty_tokens = -1;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
    for (i = 0; i < two.token_count; ++i) CHECK(++seen[two.tokens[i]] == 1);
    prm_model_close(model);
}

typedef struct stage {
    answer *to;
    int calls, forbid, stop_at;
    size_t count;
} stage;
static int32_t change_logits(void *user, float *logits, size_t count) {
    stage *s = user;
    s->count = count;
    if (s->forbid >= 0) logits[s->forbid] = -INFINITY;
    else if (s->forbid == -2) logits[3] = NAN;
    else if (s->forbid == -3) {
        size_t i;
        for (i = 0; i < count; ++i) logits[i] = -INFINITY;
    }
    return ++s->calls == s->stop_at;
}
static int32_t stage_token(void *user, int32_t token) {
    return collect_token(((stage *)user)->to, token);
}

static void a_stage_of_the_hosts_own(void) {
    prm_model *model = open_simple(GEMMA, 0, 0, 0);
    prm_prompt prompt = text_prompt("the hand");
    prm_generate_options options = collecting(&one, MOST);
    prm_request_info info = PRM_INIT(prm_request_info);
    stage s = { &two, 0, -1, 0, 0 };
    size_t i;
    CHECK(model);
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
    memset(&two, 0, sizeof two);
    options.on_logits = change_logits;
    options.on_token = stage_token;
    options.on_text = NULL;
    options.user = &s;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL)); /* looks, and changes nothing */
    CHECK(s.calls == MOST && s.count == (size_t)model_info(model).vocabulary);
    CHECK(!memcmp(one.tokens, two.tokens, MOST * sizeof one.tokens[0]));
    memset(&two, 0, sizeof two);
    s.forbid = one.tokens[0];
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
    for (i = 0; i < two.token_count; ++i) CHECK(two.tokens[i] != s.forbid);
    memset(&two, 0, sizeof two);
    s.calls = 0;
    s.stop_at = 3;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.finish == PRM_FINISH_CALLBACK && info.generated_tokens == 2 && two.token_count == 2);
    s.stop_at = 0;
    s.forbid = -2;
    CHECK_STATUS(prm_generate(model, &prompt, &options, NULL, NULL), PRM_STATUS_NUMERIC);
    s.forbid = -3;
    CHECK_STATUS(prm_generate(model, &prompt, &options, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(contains(prm_last_error(), "forbid every token"));
    options = collecting(&two, MOST);
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
    CHECK(same_answer(&one, &two));
    prm_model_close(model);
}

/* A field out of range: INVALID_ARGUMENT, named, with its value. */
static void out_of_range_is_refused_by_name(void) {
    prm_model *model = open_simple(QWEN, 0, 32, 0);
    prm_prompt prompt = text_prompt("the");
    prm_error_info error = PRM_INIT(prm_error_info);
    prm_bias bias = { 1, 0 };
    prm_text stops[40];
    char long_stop[300];
    int32_t id = 1;
    int i;
    CHECK(model);
#define REFUSED(field, set, value_text) \
    do { \
        prm_generate_options options = collecting(&one, 4); \
        set; \
        CHECK_STATUS(prm_generate(model, &prompt, &options, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT); \
        prm_error_query(&error); \
        CHECK(!strcmp(error.subject, field) && contains(error.message, field) && contains(error.message, value_text)); \
        CHECK(one.token_count == 0); \
    } while (0)
#define REFUSED_REAL(field, low, high) \
    do { \
        REFUSED(#field, options.field = (low), "expected"); \
        REFUSED(#field, options.field = (high), "expected"); \
        REFUSED(#field, options.field = NAN, "nan"); \
        REFUSED(#field, options.field = INFINITY, "inf"); \
    } while (0)
    REFUSED_REAL(temperature, -0.1f, 100.5f);
    REFUSED_REAL(top_p, -0.5f, 1.5f);
    REFUSED_REAL(min_p, -0.5f, 1.5f);
    REFUSED_REAL(typical_p, -0.5f, 1.5f);
    REFUSED_REAL(repetition_penalty, -1, 101);
    REFUSED_REAL(presence_penalty, -101, 101);
    REFUSED_REAL(frequency_penalty, -101, 101);
    REFUSED("top_k", options.top_k = -1, "-1");
    REFUSED("penalty_tokens", options.penalty_tokens = -2, "-2");
    REFUSED("min_tokens", options.min_tokens = -1, "-1");
    REFUSED("min_tokens", options.min_tokens = 5, "0 to 4");
    REFUSED("max_tokens", options.max_tokens = -7, "-7");
    REFUSED("logprobs", options.logprobs = 66, "66");
    REFUSED("logprobs", options.logprobs = -1, "-1");
    REFUSED("logprobs", options.logprobs = 1, "on_logprobs");
    REFUSED("biases", options.bias_count = 1, "bias_count");
    REFUSED("biases", (options.biases = &bias, options.bias_count = 1, bias.bias = NAN), "nan");
    REFUSED("biases", (options.biases = &bias, options.bias_count = 1, bias.bias = INFINITY), "inf");
    REFUSED("biases", (options.biases = &bias, options.bias_count = 1, bias.bias = 2e6f), "2000000");
    REFUSED("biases", (options.biases = &bias, options.bias_count = 1, bias.bias = 1, bias.token = -1), "-1");
    REFUSED("biases", (options.biases = &bias, options.bias_count = 1, bias.token = model_info(model).vocabulary), "expected 0 to");
    REFUSED("bias_count", (options.biases = &bias, options.bias_count = (size_t)model_info(model).vocabulary + 1), "expected");
    REFUSED("stop_tokens", options.stop_token_count = 1, "stop_token_count");
    REFUSED("stop_tokens", (options.stop_tokens = &id, options.stop_token_count = 1, id = -3), "-3");
    REFUSED("stop_token_count", (options.stop_tokens = &id, options.stop_token_count = 257), "257");
    for (i = 0; i < 40; ++i) stops[i] = PRM_TEXT("x");
    REFUSED("stops", options.stop_count = 1, "stop_count");
    REFUSED("stop_count", (options.stops = stops, options.stop_count = 33), "33");
    REFUSED("stops", (options.stops = stops, options.stop_count = 2, stops[1] = PRM_TEXT("")), "stops[1] has 0 bytes");
    memset(long_stop, 'y', sizeof long_stop);
    stops[1].data = long_stop;
    stops[1].size = 257;
    REFUSED("stops", (options.stops = stops, options.stop_count = 2), "257");
    REFUSED("stops", (options.stops = stops, options.stop_count = 2, stops[1] = PRM_TEXT("\xbc""a")), "inside a character");
    REFUSED("stops", (options.stops = stops, options.stop_count = 2, stops[1] = PRM_TEXT("a\xc3")), "inside a character");
    REFUSED("stops", (options.stops = stops, options.stop_count = 2, stops[1].data = NULL, stops[1].size = 3), "no data");
    stops[1].data = long_stop; /* the largest of everything is fine */
    stops[1].size = 256;
    for (i = 2; i < 32; ++i) stops[i] = stops[1];
    {
        prm_generate_options options = collecting(&one, 4);
        options.stops = stops;
        options.stop_count = 32;
        options.temperature = 100;
        options.top_p = options.min_p = options.typical_p = 1;
        options.repetition_penalty = options.presence_penalty = options.frequency_penalty = 100;
        options.top_k = options.penalty_tokens = INT32_MAX;
        options.min_tokens = 4;
        CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
    }
    prm_model_close(model);
}

enum { BEST = 5 };
typedef struct records {
    answer *to;
    prm_token at[MOST][1 + BEST];
    size_t places, wrong_count, text_calls_before;
} records;
static int32_t keep_records(void *user, const prm_token *tokens, size_t count) {
    records *r = user;
    if (count != 1 + BEST) ++r->wrong_count;
    else memcpy(r->at[r->places++], tokens, sizeof r->at[0]);
    return 0;
}
static int32_t records_token(void *user, int32_t token) {
    return collect_token(((records *)user)->to, token);
}
static int32_t records_text(void *user, const char *text, size_t size) {
    return collect_text(((records *)user)->to, text, size);
}

/* Against prm_run: log of the softmax of the model's own logits, whatever the sampler does to them. */
static void logprobs_are_the_models_own(void) {
    enum { PROMPT = 6 };
    static records r;
    int which, t, k, v;
    for (which = 0; which < MODEL_COUNT; ++which) {
        prm_model *model = open_simple(which, 0, 0, 0);
        prm_generate_options options = sampling(&one, MOST, 11);
        int32_t ids[PROMPT + MOST];
        prm_prompt prompt = token_prompt(ids, PROMPT);
        float *logits;
        int V;
        CHECK(model);
        fill_ids(ids, PROMPT, 4);
        CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
        memset(&r, 0, sizeof r);
        memset(&two, 0, sizeof two);
        r.to = &two;
        options.on_token = records_token;
        options.on_text = records_text;
        options.user = &r;
        options.on_logprobs = keep_records;
        options.logprobs = 1 + BEST;
        CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
        CHECK(same_answer(&one, &two)); /* to look changes nothing */
        CHECK(r.places == MOST && r.wrong_count == 0);
        memcpy(ids + PROMPT, one.tokens, MOST * sizeof *ids);
        V = model_info(model).vocabulary;
        CHECK((logits = run_ids(model, ids, PROMPT + MOST - 1)) != NULL);
        for (t = 0; t < MOST; ++t) {
            const float *row = logits + (size_t)(PROMPT - 1 + t) * (size_t)V;
            double top = -1e30, sum = 0;
            for (v = 0; v < V; ++v) top = row[v] > top ? row[v] : top;
            for (v = 0; v < V; ++v) sum += exp(row[v] - top);
            CHECK(r.at[t][0].id == one.tokens[t]);
            for (k = 0; k <= BEST; ++k) {
                prm_token token = r.at[t][k];
                char text[256];
                size_t size;
                CHECK(token.rank == k);
                CHECK(fabs((double)token.logprob - (row[token.id] - top - log(sum))) < 1e-5);
                CHECK_OK(prm_detokenize(model, &token.id, 1, 0, text, sizeof text, &size));
                CHECK(token.text_size == (int32_t)size || token.text_size == (int32_t)size + 1); /* a leading space */
                if (k > 1) CHECK(row[token.id] <= row[r.at[t][k - 1].id]);
            }
        }
        free(logits);
        prm_model_close(model);
    }
}

static const test_case cases[] = {
    { "a seed is a text, on every instruction set, for threads and chunks", a_seed_is_a_text },
    { "options that change nothing leave greedy text as it is", neutral_options_are_greedy },
    { "biases and penalties reach greedy text", biases_and_penalties_reach_greedy_text },
    { "a stage of the host's own changes, stops, and may not leave nonsense", a_stage_of_the_hosts_own },
    { "values out of range are refused by name", out_of_range_is_refused_by_name },
    { "log probabilities are the model's own", logprobs_are_the_models_own },
};
extern const test_suite sampling_suite;
const test_suite sampling_suite = SUITE("sampling", cases);
