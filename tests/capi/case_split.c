/* Models split over several files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixtures.h"
#include "harness.h"
#include "services.h"

#define WHOLE PREMISE_TEST_DATA "/tiny-qwen3-f16.gguf"
#define PART(number) PREMISE_TEST_DATA "/split-qwen3-f16-0000" #number "-of-00003.gguf"

enum { TOKENS = 9 };

/* Logits of some ids, free(); NULL on failure. */
static float *logits_of(prm_engine *engine, const char *path, size_t *size) {
    int32_t ids[TOKENS];
    float *logits = NULL;
    prm_model *model = NULL;
    fill_ids(ids, TOKENS, 5);
    if (!prm_model_open(engine, path, NULL, NULL, &model)) {
        logits = run_ids(model, ids, TOKENS);
        *size = TOKENS * (size_t)model_info(model).vocabulary * sizeof(float);
    }
    prm_model_close(model);
    return logits;
}

static void same_bytes_as_the_whole(void) {
    ledger book = { 0 };
    prm_engine *engine = open_over_services(&book, NULL);
    size_t size = 0, same_size = 0;
    float *whole = logits_of(engine, WHOLE, &size), *parts;
    int lend;
    CHECK(whole && size);
    parts = logits_of(engine, PART(1), &same_size);
    CHECK(parts && same_size == size && !memcmp(whole, parts, size));
    free(parts);
    prm_engine_close(engine);
    CHECK(book.blocks == 0 && book.bytes == 0 && book.wrong == 0);
    for (lend = 0; lend < 2; ++lend) { /* the host is asked for each part by name */
        shelf files = { 0 };
        files.lend = lend;
        engine = open_over_services(&book, &files);
        parts = logits_of(engine, PART(1), &same_size);
        CHECK(parts && same_size == size && !memcmp(whole, parts, size));
        free(parts);
        prm_engine_close(engine);
        CHECK(files.opened == 3 && files.open == 0 && book.blocks == 0 && book.wrong == 0);
    }
    free(whole);
}

static void planned_to_the_byte(void) {
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_plan plan = PRM_INIT(prm_plan);
    prm_engine_info info = PRM_INIT(prm_engine_info);
    ledger book = { 0 };
    prm_engine *engine = open_over_services(&book, NULL);
    prm_model *model = NULL;
    size_t size;
    options.flags = PRM_MODEL_HEADER_ONLY;
    CHECK_OK(prm_model_open(engine, PART(1), &options, NULL, &model));
    CHECK_OK(prm_model_plan(model, NULL, &plan, NULL, 0, NULL));
    prm_model_close(model);
    prm_engine_close(engine);
    engine = open_over_services(&book, NULL);
    free(logits_of(engine, PART(1), &size));
    CHECK_OK(prm_engine_query(engine, &info));
    CHECK(plan.host_bytes > 0 && info.peak_host_bytes == plan.host_bytes);
    prm_engine_close(engine);
}

static void refused_by_name(void) {
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_error_info error = PRM_INIT(prm_error_info);
    prm_engine *engine = open_engine(0);
    prm_model *model = NULL;
    bytes first = read_file(PART(1));
    char alone[64], missing[64];
    FILE *copy;
    CHECK_STATUS(prm_model_open(engine, PART(2), NULL, NULL, &model), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(contains(prm_last_error(), "open the first") && contains(prm_last_error(), "split-qwen3-f16-00001-of-00003.gguf"));
    CHECK(first.data != NULL);
    options.data = first.data;
    options.data_size = first.size;
    CHECK_STATUS(prm_model_open(engine, NULL, &options, NULL, &model), PRM_STATUS_UNSUPPORTED);
    CHECK(contains(prm_last_error(), "part of a split model"));
    snprintf(alone, sizeof alone, "alone%ld-00001-of-00003.gguf", (long)getpid());
    snprintf(missing, sizeof missing, "alone%ld-00002-of-00003.gguf", (long)getpid());
    copy = fopen(alone, "wb");
    CHECK(copy && fwrite(first.data, 1, first.size, copy) == first.size);
    if (copy) fclose(copy);
    CHECK_STATUS(prm_model_open(engine, alone, NULL, NULL, &model), PRM_STATUS_NOT_FOUND);
    prm_error_query(&error);
    CHECK(!strcmp(error.subject, missing));
    remove(alone);
    free(first.data);
    CHECK(!model);
    prm_engine_close(engine);
}

static const test_case cases[] = {
    { "the parts give the bytes of the whole, from the system's files and the host's", same_bytes_as_the_whole },
    { "what parts will take is planned to the byte", planned_to_the_byte },
    { "a part that is not the first, is missing or lies in memory is refused by name", refused_by_name },
};
extern const test_suite split_suite;
const test_suite split_suite = SUITE("split", cases);
