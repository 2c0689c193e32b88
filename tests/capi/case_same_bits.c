/* Same input, same bits: batch, threads, chunks, instruction sets, neighbours. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

enum { T = 37 };

/* Logits of one model opened in some way; NULL on failure. */
static float *logits_of(int which, int32_t threads, int32_t chunk, const char *isa, const int32_t *ids, size_t *size) {
    prm_engine_options engine_options = PRM_INIT(prm_engine_options);
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_engine *engine = NULL;
    prm_model *model;
    float *logits = NULL;
    engine_options.threads = threads;
    engine_options.isa = isa;
    options.chunk_tokens = chunk;
    if (prm_engine_open(PRM_VERSION, &engine_options, &engine) != PRM_STATUS_OK) return NULL;
    model = open_model(engine, which, &options);
    if (model) {
        *size = T * (size_t)model_info(model).vocabulary * sizeof(float);
        logits = run_ids(model, ids, T);
    }
    prm_model_close(model);
    prm_engine_close(engine);
    return logits;
}

static void same(int which, int32_t threads, int32_t chunk, const char *isa) {
    int32_t ids[T];
    size_t size = 0, other_size = 1;
    float *plain, *other;
    fill_ids(ids, T, 17);
    plain = logits_of(which, 0, 0, "scalar", ids, &size);
    other = logits_of(which, threads, chunk, isa, ids, &other_size);
    CHECK(plain && other);
    CHECK(size == other_size && !memcmp(plain, other, size));
    free(plain);
    free(other);
}

static void over_threads(void) {
    int which;
    for (which = 0; which < MODEL_COUNT; ++which) {
        same(which, 1, 0, "scalar");
        same(which, 2, 0, NULL);
        same(which, 5, 0, NULL);
    }
}

static void over_chunks(void) {
    int which;
    for (which = 0; which < MODEL_COUNT; ++which) {
        same(which, 0, 1, "scalar");
        same(which, 0, 7, NULL);
        same(which, 1, 36, NULL);
        same(which, 1, 37, "scalar");
    }
}

static void over_instruction_sets(void) {
    int which;
    for (which = 0; which < MODEL_COUNT; ++which) same(which, 0, 0, NULL);
}

static void a_batch_is_its_sequences(void) {
    int which;
    for (which = 0; which < MODEL_COUNT; ++which) {
        prm_model *model = open_simple(which, 1, 0, 0);
        int32_t ids[2 * T];
        size_t row;
        float *both, *first, *second;
        prm_tensor in = tokens_tensor(ids, 2, T), out;
        CHECK(model);
        row = T * (size_t)model_info(model).vocabulary;
        fill_ids(ids, 2 * T, 23);
        CHECK((both = malloc(2 * row * sizeof(float))) != NULL);
        out = logits_tensor(both, 2 * row);
        CHECK_OK(prm_run(model, &in, 1, NULL, &out, 1));
        first = run_ids(model, ids, T);
        second = run_ids(model, ids + T, T);
        CHECK(first && second);
        CHECK(!memcmp(both, first, row * sizeof(float)) && !memcmp(both + row, second, row * sizeof(float)));
        free(both);
        free(first);
        free(second);
        prm_model_close(model);
    }
}

static void what_follows_changes_nothing_before_it(void) {
    prm_model *model = open_simple(GEMMA, 0, 0, 0);
    int32_t ids[T];
    float *whole, *part;
    CHECK(model);
    fill_ids(ids, T, 29);
    whole = run_ids(model, ids, T);
    part = run_ids(model, ids, 11);
    CHECK(whole && part);
    CHECK(!memcmp(whole, part, 11 * (size_t)model_info(model).vocabulary * sizeof(float)));
    free(whole);
    free(part);
    prm_model_close(model);
}

static void generated_text_does_not_depend_on_how(void) {
    static answer first, other;
    int32_t threads[] = { 0, 2, 3 }, chunks[] = { 0, 1, 5 };
    int which, i;
    for (which = 0; which < MODEL_COUNT; ++which)
        for (i = 0; i < 3; ++i) {
            answer *to = i ? &other : &first;
            prm_model *model = open_simple(which, threads[i], 0, chunks[i]);
            prm_prompt prompt = text_prompt("the hand in the thing, and the other hand");
            prm_generate_options options = collecting(to, 40);
            CHECK(model);
            CHECK_OK(prm_generate(model, &prompt, &options, NULL, NULL));
            CHECK(to->size == first.size && !memcmp(to->text, first.text, first.size));
            CHECK(!memcmp(to->tokens, first.tokens, 40 * sizeof(int32_t)));
            prm_model_close(model);
        }
}

static void again_is_the_same(void) {
    prm_model *model = open_simple(QUANTIZED, 1, 0, 0);
    int32_t ids[T];
    float *first, *again;
    size_t size;
    int i;
    CHECK(model);
    size = T * (size_t)model_info(model).vocabulary * sizeof(float);
    fill_ids(ids, T, 31);
    CHECK((first = run_ids(model, ids, T)) != NULL);
    for (i = 0; i < 5; ++i) {
        CHECK((again = run_ids(model, ids, T)) != NULL);
        CHECK(!memcmp(first, again, size));
        free(again);
    }
    free(first);
    prm_model_close(model);
}

static const test_case cases[] = {
    { "over threads", over_threads },
    { "over chunks", over_chunks },
    { "over instruction sets", over_instruction_sets },
    { "a batch is its sequences", a_batch_is_its_sequences },
    { "what follows changes nothing before it", what_follows_changes_nothing_before_it },
    { "generated text does not depend on threads and chunks", generated_text_does_not_depend_on_how },
    { "again is the same", again_is_the_same },
};
const test_suite same_bits_suite = SUITE("same bits", cases);
