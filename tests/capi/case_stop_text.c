/* What ends a text: stop strings, stop tokens, and the least number of tokens before them. */
#include <math.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

enum { MOST = 40 };

static answer one, two;

/* NULL: nowhere. */
static const char *find(const answer *in, const char *what, size_t size) {
    size_t i;
    for (i = 0; i + size <= in->size; ++i)
        if (!memcmp(in->text + i, what, size)) return in->text + i;
    return NULL;
}

static int is_plain(const char *text, size_t size) {
    size_t i;
    for (i = 0; i < size; ++i)
        if ((unsigned char)text[i] >= 0x80) return 0;
    return 1;
}

static void stop_strings_end_the_text_before_them(void) {
    int which, tried;
    size_t begin, length;
    for (which = 0; which < MODEL_COUNT; ++which) {
        prm_model *model = open_simple(which, 0, 0, 0);
        prm_prompt prompt = text_prompt("the hand in the");
        prm_generate_options options = sampling(&one, MOST, 5);
        prm_request_info info = PRM_INIT(prm_request_info);
        CHECK(model);
        CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
        CHECK(one.size > 30);
        tried = 0;
        for (begin = 0; begin + 9 < one.size && tried < 30; ++begin)
            for (length = 1; length <= 9; length += 4) {
                prm_text stops[3];
                const char *first, *wanted = one.text + begin;
                if (!is_plain(wanted, length)) continue;
                ++tried;
                stops[0] = PRM_TEXT("never to be seen");
                stops[1].data = wanted;
                stops[1].size = length;
                stops[2] = PRM_TEXT("nor this");
                options = sampling(&two, MOST, 5);
                options.stops = stops;
                options.stop_count = 3;
                CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
                first = find(&one, wanted, length);
                CHECK(first && two.size == (size_t)(first - one.text) && !memcmp(one.text, two.text, two.size));
                CHECK(info.finish == PRM_FINISH_STOP_STRING && info.generated_tokens == (int64_t)two.token_count);
                CHECK(!memcmp(one.tokens, two.tokens, two.token_count * sizeof one.tokens[0]));
            }
        CHECK(tried >= 3);
        /* One that never comes holds text back, and gives all of it in the end. */
        {
            prm_text stop;
            char never[20];
            size_t end = one.size;
            while (end > 0 && !is_plain(one.text + end - 1, 1)) --end;
            CHECK(end > 0);
            never[0] = one.text[end - 1];
            memcpy(never + 1, "\x01never\x02", 8);
            stop = PRM_TEXT(never);
            options = sampling(&two, MOST, 5);
            options.stops = &stop;
            options.stop_count = 1;
            CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
            CHECK(info.finish == PRM_FINISH_LENGTH && same_answer(&one, &two));
        }
        prm_model_close(model);
    }
}

static void stop_tokens_and_least_lengths(void) {
    prm_model *model = open_simple(GEMMA, 0, 0, 0);
    prm_prompt prompt = text_prompt("the hand");
    prm_generate_options options = collecting(&one, MOST);
    prm_request_info info = PRM_INIT(prm_request_info);
    prm_text stop;
    int32_t stop_token;
    size_t cut = 0;
    CHECK(model);
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
    stop_token = one.tokens[9];
    while (one.tokens[cut] != stop_token) ++cut;
    options = collecting(&two, MOST);
    options.stop_tokens = &stop_token;
    options.stop_token_count = 1;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.finish == PRM_FINISH_END && info.generated_tokens == (int64_t)cut && two.token_count == cut);
    options = collecting(&two, MOST);
    options.stop_tokens = &stop_token;
    options.stop_token_count = 1;
    options.min_tokens = (int32_t)cut + 4;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.generated_tokens >= (int64_t)cut + 4);
    /* A stop string in the least part is text. */
    stop.data = one.text;
    stop.size = 1;
    options = collecting(&two, MOST);
    options.stops = &stop;
    options.stop_count = 1;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.finish == PRM_FINISH_STOP_STRING && two.size == 0);
    options = collecting(&two, 6);
    options.stops = &stop;
    options.stop_count = 1;
    options.min_tokens = 6;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.finish == PRM_FINISH_LENGTH && two.token_count == 6 && !memcmp(one.text, two.text, two.size) && two.size > 0);
    prm_model_close(model);
}

/* The model's end token is out of the draw before min_tokens, unless it means nothing anyway. */
static void no_end_before_the_least(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_prompt prompt = text_prompt("the hand");
    prm_generate_options options = collecting(&one, 30);
    prm_request_info info = PRM_INIT(prm_request_info);
    prm_bias always;
    CHECK(model);
    always.token = model_info(model).end_token;
    always.bias = 1e6f;
    CHECK(always.token >= 0);
    options.flags = 0;
    options.biases = &always;
    options.bias_count = 1;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.finish == PRM_FINISH_END && info.generated_tokens == 0);
    options.min_tokens = 12;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.finish == PRM_FINISH_END && info.generated_tokens == 12);
    options.flags = PRM_GENERATE_IGNORE_END;
    memset(&one, 0, sizeof one);
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.finish == PRM_FINISH_LENGTH && one.tokens[0] == always.token);
    prm_model_close(model);
}

static const test_case cases[] = {
    { "stop strings end the text before them, across tokens", stop_strings_end_the_text_before_them },
    { "stop tokens, and the least number of tokens", stop_tokens_and_least_lengths },
    { "no end token before the least number of tokens", no_end_before_the_least },
};
extern const test_suite stop_text_suite;
const test_suite stop_text_suite = SUITE("stop text", cases);
