/* Text to tokens and back. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

enum { ROOM = 512 };

static void null_arguments(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_prompt prompt = text_prompt("the"), none = PRM_INIT(prm_prompt);
    int32_t ids[ROOM];
    char text[ROOM];
    size_t count;
    CHECK(model);
    CHECK_STATUS(prm_tokenize(NULL, &prompt, ids, ROOM, &count), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_tokenize(model, NULL, ids, ROOM, &count), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_tokenize(model, &none, ids, ROOM, &count), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_tokenize(model, &prompt, NULL, 0, NULL), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK_OK(prm_tokenize(model, &prompt, ids, ROOM, NULL));
    CHECK_STATUS(prm_detokenize(NULL, ids, 1, 0, text, ROOM, &count), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_detokenize(model, NULL, 1, 0, text, ROOM, &count), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_detokenize(model, ids, 1, 0, NULL, 0, NULL), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK_OK(prm_detokenize(model, NULL, 0, 0, text, ROOM, &count));
    CHECK(count == 0 && !*text);
    prm_model_close(model);
}

static void ask_then_fill_tokens(void) {
    prm_model *model = open_simple(GEMMA, 0, 0, 0);
    prm_prompt prompt = text_prompt("the hand and the thing");
    prm_error_info error = PRM_INIT(prm_error_info);
    int32_t ids[ROOM], i;
    size_t need = 0, count = 0;
    CHECK(model);
    CHECK_STATUS(prm_tokenize(model, &prompt, NULL, 0, &need), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK(need > 2 && need < ROOM);
    prm_error_query(&error);
    CHECK(error.needed_bytes == need * sizeof(int32_t));
    for (i = 0; i < ROOM; ++i) ids[i] = -7;
    CHECK_STATUS(prm_tokenize(model, &prompt, ids, need - 1, &count), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK(count == need && ids[0] == -7);
    CHECK_OK(prm_tokenize(model, &prompt, ids, need, &count));
    CHECK(count == need && ids[need - 1] >= 0 && ids[need] == -7);
    prm_model_close(model);
}

static void ask_then_fill_text(void) {
    prm_model *model = open_simple(GEMMA, 0, 0, 0);
    prm_prompt prompt = text_prompt("the hand and the thing");
    int32_t ids[ROOM];
    char text[ROOM];
    size_t count, size = 0;
    CHECK(model);
    CHECK_OK(prm_tokenize(model, &prompt, ids, ROOM, &count));
    CHECK_STATUS(prm_detokenize(model, ids, count, 0, NULL, 0, &size), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK(size == strlen("the hand and the thing"));
    memset(text, '#', sizeof text);
    CHECK_STATUS(prm_detokenize(model, ids, count, 0, text, size, &size),
                 PRM_STATUS_BUFFER_TOO_SMALL); /* no room for the NUL */
    CHECK(text[0] == '#');
    CHECK_OK(prm_detokenize(model, ids, count, 0, text, size + 1, &size));
    CHECK(!strcmp(text, "the hand and the thing") && text[size + 1] == '#');
    prm_model_close(model);
}

static const char *const texts[] = {
    "the hand",
    "a",
    "The quick brown fox.",
    "two\nlines\n\nand\ttabs",
    "caf\xc3\xa9 \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80",
    "x y",
    "1234567890",
    "don't, they're",
    "\x01\x02\x7f",
    "<b>bold</b>",
};

static void text_comes_back_byte_for_byte(void) {
    int which;
    for (which = 0; which < 2; ++which) {
        prm_model *model = open_simple(which, 0, 0, 0);
        size_t i;
        CHECK(model);
        for (i = 0; i < sizeof texts / sizeof texts[0]; ++i) {
            prm_prompt prompt = text_prompt(texts[i]);
            int32_t ids[ROOM];
            char back[ROOM];
            size_t count, size;
            prompt.flags = PRM_PROMPT_NO_BOS;
            CHECK_OK(prm_tokenize(model, &prompt, ids, ROOM, &count));
            CHECK(count > 0);
            CHECK_OK(prm_detokenize(model, ids, count, 0, back, sizeof back, &size));
            if (size != strlen(texts[i]) || memcmp(back, texts[i], size)) test_fail(__FILE__, __LINE__, texts[i]);
        }
        prm_model_close(model);
    }
}

static void any_bytes_are_a_prompt(void) {
    static const char *const wrong[] = {
        "\xff\xfe", "caf\xc3", "\xe4\xb8", "\xed\xa0\x80", "\xc0\x80", "a\x80z", "\xf8\x88\x80\x80\x80"
    };
    int which;
    for (which = 0; which < 2; ++which) {
        prm_model *model = open_simple(which, 0, 0, 0);
        size_t i;
        CHECK(model);
        for (i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
            prm_prompt prompt = text_prompt(wrong[i]);
            int32_t ids[ROOM];
            size_t count;
            CHECK_OK(prm_tokenize(model, &prompt, ids, ROOM, &count));
            CHECK(count > 0);
        }
        prm_model_close(model);
    }
}

static void a_size_counts_not_the_nul(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_prompt whole = text_prompt("the hand"), part = text_prompt("the hand and more"), inner = text_prompt("");
    int32_t a[ROOM], b[ROOM];
    size_t n, m;
    CHECK(model);
    part.text.size = strlen("the hand");
    CHECK_OK(prm_tokenize(model, &whole, a, ROOM, &n));
    CHECK_OK(prm_tokenize(model, &part, b, ROOM, &m));
    CHECK(n == m && !memcmp(a, b, n * sizeof *a));
    inner.text.data = "a\0b";
    inner.text.size = 3;
    CHECK_OK(prm_tokenize(model, &inner, a, ROOM, &n));
    CHECK(n >= 3);
    prm_model_close(model);
}

static void the_begin_token_is_put_in_front(void) {
    prm_model *model = open_simple(GEMMA, 0, 0, 0);
    prm_prompt prompt = text_prompt("the"), empty = text_prompt("");
    int32_t with[ROOM], without[ROOM];
    size_t n, m;
    CHECK(model);
    CHECK_OK(prm_tokenize(model, &prompt, with, ROOM, &n));
    prompt.flags = PRM_PROMPT_NO_BOS;
    CHECK_OK(prm_tokenize(model, &prompt, without, ROOM, &m));
    CHECK(n == m + 1 && with[0] == model_info(model).begin_token);
    CHECK(!memcmp(with + 1, without, m * sizeof *without));
    CHECK_OK(prm_tokenize(model, &empty, with, ROOM, &n));
    CHECK(n == 1);
    empty.flags = PRM_PROMPT_NO_BOS;
    CHECK_OK(prm_tokenize(model, &empty, NULL, 0, &n));
    CHECK(n == 0);
    prm_model_close(model);
}

static void control_tokens_are_text_unless_asked(void) {
    int which;
    for (which = 0; which < 2; ++which) {
        prm_model *model = open_simple(which, 0, 0, 0);
        int32_t end, ids[ROOM];
        char name[ROOM];
        size_t count, size;
        prm_prompt prompt;
        CHECK(model && (end = model_info(model).end_token) >= 0);
        CHECK_OK(prm_detokenize(model, &end, 1, 0, name, sizeof name, &size));
        CHECK(size == 0);
        CHECK_OK(prm_detokenize(model, &end, 1, PRM_PROMPT_SPECIAL, name, sizeof name, &size));
        CHECK(size > 0);
        prompt = text_prompt(name);
        prompt.flags = PRM_PROMPT_NO_BOS | PRM_PROMPT_SPECIAL;
        CHECK_OK(prm_tokenize(model, &prompt, ids, ROOM, &count));
        CHECK(count == 1 && ids[0] == end);
        prompt.flags = PRM_PROMPT_NO_BOS;
        CHECK_OK(prm_tokenize(model, &prompt, ids, ROOM, &count));
        CHECK(count > 1 && ids[0] != end);
        prm_model_close(model);
    }
}

static void wrong_ids_and_flags_are_refused(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_prompt prompt = text_prompt("the");
    int32_t wrong[] = { -1, 1 << 30, INT32_MIN, 0 }, ids[ROOM];
    char text[ROOM] = "#";
    size_t i, n;
    CHECK(model);
    wrong[3] = model_info(model).vocabulary;
    for (i = 0; i < 4; ++i) {
        CHECK_STATUS(prm_detokenize(model, &wrong[i], 1, 0, text, ROOM, &n), PRM_STATUS_INVALID_ARGUMENT);
        CHECK(text[0] == '#');
    }
    CHECK_STATUS_OF(prm_detokenize(model, ids, 0, 1u << 20, text, ROOM, &n), PRM_STATUS_UNSUPPORTED,
                    PRM_STATUS_INVALID_ARGUMENT);
    prompt.flags = 1u << 20;
    CHECK_STATUS_OF(prm_tokenize(model, &prompt, ids, ROOM, &n), PRM_STATUS_UNSUPPORTED, PRM_STATUS_INVALID_ARGUMENT);
    prompt = text_prompt("the");
    prompt.tokens = ids;
    prompt.token_count = 1;
    CHECK_STATUS(prm_tokenize(model, &prompt, ids, ROOM, &n), PRM_STATUS_INVALID_ARGUMENT);
    prm_model_close(model);
}

static void a_long_text_is_quick_and_a_huge_one_over_the_limit(void) {
    enum { LONG = 1 << 20, HUGE_TEXT = 32 << 20 };
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    char *text = malloc(HUGE_TEXT);
    int32_t *ids = malloc((LONG + 8) * sizeof *ids);
    prm_prompt prompt = text_prompt("");
    int64_t begin = prm_now_ns();
    size_t count = 0;
    CHECK(model && text && ids);
    memset(text, 'a', HUGE_TEXT); /* one word without an end: the hard case of a merge loop */
    prompt.text.data = text;
    prompt.text.size = LONG;
    CHECK_OK(prm_tokenize(model, &prompt, ids, LONG + 8, &count));
    CHECK(count > 0);
    CHECK(prm_now_ns() - begin < INT64_C(20000000000));
    prompt.text.size = HUGE_TEXT;
    CHECK_STATUS(prm_tokenize(model, &prompt, ids, LONG, &count), PRM_STATUS_LIMIT);
    free(text);
    free(ids);
    prm_model_close(model);
}

static const test_case cases[] = {
    { "NULL arguments are refused", null_arguments },
    { "tokens: ask, then fill", ask_then_fill_tokens },
    { "text: ask, then fill", ask_then_fill_text },
    { "text comes back byte for byte", text_comes_back_byte_for_byte },
    { "any bytes are a prompt", any_bytes_are_a_prompt },
    { "a prompt's size holds, NUL or not", a_size_counts_not_the_nul },
    { "the begin token is put in front", the_begin_token_is_put_in_front },
    { "control tokens are plain text unless asked", control_tokens_are_text_unless_asked },
    { "wrong ids and flags are refused", wrong_ids_and_flags_are_refused },
    { "a long text is quick, a huge one over the limit", a_long_text_is_quick_and_a_huge_one_over_the_limit },
};
const test_suite text_suite = SUITE("text", cases);
