/* Text generation: what comes, and what it says of itself. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

static answer one, two;

static void null_arguments(void) {
    prm_model *model = open_simple(QWEN, 0, 32, 0);
    prm_prompt prompt = text_prompt("the");
    CHECK(model);
    CHECK_STATUS(prm_generate(NULL, &prompt, NULL, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_generate(model, NULL, NULL, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_OK(prm_generate(model, &prompt, NULL, NULL, NULL));
    prm_model_close(model);
}

static void the_stream_is_the_tokens_text(void) {
    int which;
    for (which = 0; which < MODEL_COUNT; ++which) {
        prm_model *model = open_simple(which, 1, 0, 0);
        prm_prompt prompt = text_prompt("the hand in the");
        prm_generate_options options = collecting(&one, 64);
        prm_request_info info = PRM_INIT(prm_request_info);
        char text[1 << 14];
        size_t size, count;
        CHECK(model);
        CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
        CHECK(info.finish == PRM_FINISH_LENGTH && info.generated_tokens == 64 && one.token_count == 64);
        CHECK(prm_tokenize(model, &prompt, NULL, 0, &count) == PRM_STATUS_BUFFER_TOO_SMALL);
        CHECK(info.prompt_tokens == (int64_t)count);
        CHECK(info.first_ns > 0 && info.total_ns >= info.first_ns);
        CHECK_OK(prm_detokenize(model, one.tokens, one.token_count, 0, text, sizeof text, &size));
        CHECK(size == one.size && !memcmp(text, one.text, size));
        prm_model_close(model);
    }
}

/* The largest logit, the lowest id among equals: what prm_run says is what prm_generate does. */
static void greedy_is_the_largest_logit(void) {
    enum { PROMPT = 7, MORE = 20 };
    int which;
    for (which = 0; which < MODEL_COUNT; ++which) {
        prm_model *model = open_simple(which, 0, 0, 0);
        prm_generate_options options = collecting(&one, MORE);
        int32_t ids[PROMPT + MORE];
        prm_prompt prompt = token_prompt(ids, PROMPT);
        float *logits;
        int V, t, v;
        CHECK(model);
        fill_ids(ids, PROMPT, 5);
        CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
        memcpy(ids + PROMPT, one.tokens, MORE * sizeof *ids);
        V = model_info(model).vocabulary;
        CHECK((logits = run_ids(model, ids, PROMPT + MORE - 1)) != NULL);
        for (t = 0; t < MORE; ++t) {
            const float *row = logits + (size_t)(PROMPT - 1 + t) * (size_t)V;
            int best = 0;
            for (v = 1; v < V; ++v)
                if (row[v] > row[best]) best = v;
            CHECK(best == one.tokens[t]);
        }
        free(logits);
        prm_model_close(model);
    }
}

static void tokens_are_taken_as_they_are(void) {
    prm_model *model = open_simple(GEMMA, 0, 0, 0);
    prm_prompt text = text_prompt("the hand"), tokens;
    prm_generate_options options;
    prm_request_info info = PRM_INIT(prm_request_info);
    int32_t ids[64];
    size_t count;
    CHECK(model);
    CHECK_OK(prm_tokenize(model, &text, ids, 64, &count));
    tokens = token_prompt(ids, count);
    options = collecting(&one, 8);
    CHECK_OK(prm_generate(model, &text, &options, NULL, NULL));
    options = collecting(&two, 8);
    CHECK_OK(prm_generate(model, &tokens, &options, NULL, &info));
    CHECK(info.prompt_tokens == (int64_t)count);
    CHECK(!memcmp(one.tokens, two.tokens, 8 * sizeof *one.tokens));
    prm_model_close(model);
}

static void a_callback_stops_with_success(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_prompt prompt = text_prompt("the hand");
    prm_generate_options options = collecting(&one, 50);
    prm_request_info info = PRM_INIT(prm_request_info);
    CHECK(model);
    one.stop_at_text = 3;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.finish == PRM_FINISH_CALLBACK && one.text_calls == 3);
    CHECK(info.generated_tokens == (int64_t)one.token_count && one.token_count < 50);
    options = collecting(&one, 50);
    one.stop_at_token = 2;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.finish == PRM_FINISH_CALLBACK && one.token_count == 2);
    prm_model_close(model);
}

static void stops_when_the_context_is_full(void) {
    enum { CONTEXT = 24, PROMPT = 5 };
    prm_model *model = open_simple(QWEN, 0, CONTEXT, 0);
    prm_generate_options options = collecting(&one, 0);
    prm_request_info info = PRM_INIT(prm_request_info);
    int32_t ids[PROMPT];
    prm_prompt prompt = token_prompt(ids, PROMPT);
    CHECK(model);
    fill_ids(ids, PROMPT, 9);
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.finish == PRM_FINISH_LENGTH);
    /* The last token needs no place: it is not fed back. */
    CHECK(info.generated_tokens == CONTEXT - PROMPT || info.generated_tokens == CONTEXT - PROMPT + 1);
    options = collecting(&one, 1000);
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.finish == PRM_FINISH_LENGTH && info.generated_tokens < 1000);
    prm_model_close(model);
}

static void a_prompt_over_the_context_is_refused_with_both_figures(void) {
    enum { CONTEXT = 16, PROMPT = 23 };
    prm_model *model = open_simple(GEMMA, 0, CONTEXT, 0);
    prm_generate_options options = collecting(&one, 4);
    prm_request_info info = PRM_INIT(prm_request_info);
    int32_t ids[PROMPT];
    prm_prompt prompt = token_prompt(ids, PROMPT);
    CHECK(model);
    fill_ids(ids, PROMPT, 9);
    CHECK_STATUS(prm_generate(model, &prompt, &options, NULL, &info), PRM_STATUS_CONTEXT_FULL);
    CHECK(contains(prm_last_error(), "23") && contains(prm_last_error(), "16"));
    CHECK(info.finish == PRM_FINISH_ERROR && info.prompt_tokens == PROMPT && info.generated_tokens == 0);
    CHECK(one.token_count == 0 && one.text_calls == 0);
    prompt.token_count = CONTEXT; /* full to the brim is fine */
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    prm_model_close(model);
}

static void wrong_prompts_are_refused(void) {
    prm_model *model = open_simple(QWEN, 0, 32, 0);
    prm_generate_options options = collecting(&one, 4), wrong;
    prm_prompt prompt;
    int32_t ids[4];
    CHECK(model);
    fill_ids(ids, 4, 1);
    prompt = token_prompt(ids, 4);
    prompt.text = PRM_TEXT("both");
    CHECK_STATUS(prm_generate(model, &prompt, &options, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    prompt = token_prompt(ids, 0);
    CHECK_STATUS(prm_generate(model, &prompt, &options, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    prompt = token_prompt(NULL, 4);
    CHECK_STATUS(prm_generate(model, &prompt, &options, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    prompt = token_prompt(NULL, 0);
    CHECK_STATUS(prm_generate(model, &prompt, &options, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    prompt = text_prompt("the");
    prompt.text.data = NULL;
    prompt.text.size = 4;
    CHECK_STATUS(prm_generate(model, &prompt, &options, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    ids[2] = model_info(model).vocabulary;
    prompt = token_prompt(ids, 4);
    CHECK_STATUS(prm_generate(model, &prompt, &options, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(contains(prm_last_error(), "token"));
    ids[2] = -1;
    CHECK_STATUS(prm_generate(model, &prompt, &options, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(one.token_count == 0 && one.text_calls == 0);
    prompt = text_prompt("the");
    wrong = options;
    wrong.max_tokens = -1;
    CHECK_STATUS(prm_generate(model, &prompt, &wrong, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(contains(prm_last_error(), "max_tokens"));
    wrong = options;
    wrong.flags = 1u << 30;
    CHECK_STATUS_OF(prm_generate(model, &prompt, &wrong, NULL, NULL), PRM_STATUS_UNSUPPORTED,
                    PRM_STATUS_INVALID_ARGUMENT);
    prm_model_close(model);
}

/* A prompt of no tokens has nothing to go on from; where the file asks for a begin token there is one. */
static void an_empty_prompt_needs_a_begin_token(void) {
    int which;
    for (which = 0; which < 2; ++which) {
        prm_model *model = open_simple(which, 0, 32, 0);
        prm_generate_options options = collecting(&one, 2);
        prm_prompt prompt = text_prompt("");
        CHECK(model);
        CHECK_STATUS(prm_generate(model, &prompt, &options, NULL, NULL),
                     model_info(model).begin_token >= 0 ? PRM_STATUS_OK : PRM_STATUS_INVALID_ARGUMENT);
        prompt.flags = PRM_PROMPT_NO_BOS;
        CHECK_STATUS(prm_generate(model, &prompt, &options, NULL, NULL), PRM_STATUS_INVALID_ARGUMENT);
        prm_model_close(model);
    }
}

/* Teaches the model's file a new end token: one that it is about to write. */
static void the_end_token_ends(void) {
    enum { MOST = 40 };
    static const char key[] = "tokenizer.ggml.eos_token_id";
    bytes file = read_file(model_path(QWEN));
    prm_engine *engine = open_engine(0);
    prm_model_options model_options = PRM_INIT(prm_model_options);
    prm_model *model = open_model(engine, QWEN, NULL), *changed = NULL;
    prm_generate_options options = collecting(&one, MOST);
    prm_request_info info = PRM_INIT(prm_request_info);
    int32_t ids[6];
    prm_prompt prompt = token_prompt(ids, 6);
    size_t at, cut = 0;
    CHECK(model && file.data);
    fill_ids(ids, 6, 12);
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
    while (cut < 8 && one.tokens[cut] != one.tokens[8]) ++cut; /* where the ninth token comes first */
    for (at = 0; at + sizeof key + 8 < file.size && memcmp(file.data + at, key, sizeof key - 1); ++at) continue;
    CHECK(at + sizeof key + 8 < file.size);
    memcpy(file.data + at + sizeof key - 1 + 4, &one.tokens[8], 4);
    model_options.data = file.data;
    model_options.data_size = file.size;
    CHECK_OK(prm_model_open(engine, NULL, &model_options, NULL, &changed));
    options = collecting(&two, MOST);
    options.flags = 0;
    CHECK_OK(prm_generate(changed, &prompt, &options, NULL, &info));
    CHECK(info.finish == PRM_FINISH_END && info.generated_tokens == (int64_t)cut && two.token_count == cut);
    options.flags = PRM_GENERATE_IGNORE_END;
    CHECK_OK(prm_generate(changed, &prompt, &options, NULL, &info));
    CHECK(info.finish == PRM_FINISH_LENGTH && info.generated_tokens == MOST);
    prm_model_close(model);
    prm_model_close(changed);
    prm_engine_close(engine);
    free(file.data);
}

static const test_case cases[] = {
    { "NULL arguments are refused, NULL options are defaults", null_arguments },
    { "the streamed text is the tokens' text", the_stream_is_the_tokens_text },
    { "greedy is the largest logit of prm_run", greedy_is_the_largest_logit },
    { "tokens are taken as they are", tokens_are_taken_as_they_are },
    { "a callback stops with success", a_callback_stops_with_success },
    { "stops when the context is full", stops_when_the_context_is_full },
    { "a prompt over the context is refused with both figures",
      a_prompt_over_the_context_is_refused_with_both_figures },
    { "wrong prompts and options are refused", wrong_prompts_are_refused },
    { "an empty prompt needs a begin token", an_empty_prompt_needs_a_begin_token },
    { "the end token ends, unless ignored", the_end_token_ends },
};
const test_suite generate_suite = SUITE("generate", cases);
