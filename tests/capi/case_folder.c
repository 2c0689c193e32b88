/* Folders with safetensors. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"
#include "services.h"

#define FOLDER(name) PREMISE_TEST_DATA "/folders/" name

static const char *const folders[] = { FOLDER("tiny-llama-f16"), FOLDER("tiny-qwen3-f16"), FOLDER("tiny-qwen3moe-f16") };
enum { FOLDERS = sizeof folders / sizeof folders[0], TOKENS = 11 };

static prm_status answer_of(prm_engine *engine, const char *path, answer *to) {
    prm_generate_options generate = collecting(to, TOKENS);
    prm_prompt prompt = text_prompt("the hand and the thing");
    prm_model *model = NULL;
    prm_status status = prm_model_open(engine, path, NULL, NULL, &model);
    if (!status) status = prm_generate(model, &prompt, &generate, NULL, NULL);
    prm_model_close(model);
    return status;
}

static void planned_to_the_byte(void) {
    static answer text;
    int i;
    for (i = 0; i < FOLDERS; ++i) {
        prm_model_options options = PRM_INIT(prm_model_options);
        prm_plan plan = PRM_INIT(prm_plan);
        prm_engine_info info = PRM_INIT(prm_engine_info);
        ledger book = { 0 };
        prm_engine *engine = open_over_services(&book, NULL);
        prm_model *model = NULL;
        options.flags = PRM_MODEL_HEADER_ONLY;
        CHECK_OK(prm_model_open(engine, folders[i], &options, NULL, &model));
        CHECK_OK(prm_model_plan(model, NULL, &plan, NULL, 0, NULL));
        prm_model_close(model);
        prm_engine_close(engine);
        engine = open_over_services(&book, NULL);
        CHECK_OK(answer_of(engine, folders[i], &text));
        CHECK_OK(prm_engine_query(engine, &info));
        CHECK(plan.host_bytes > 0 && info.peak_host_bytes == plan.host_bytes);
        prm_engine_close(engine);
        CHECK(book.blocks == 0 && book.bytes == 0 && book.wrong == 0);
    }
}

/* Every read may fail. */
static void files_of_a_host(void) {
    static answer truth, text;
    const char *path = FOLDER("tiny-qwen3-f16/");
    shelf files = { 0 };
    ledger book = { 0 };
    prm_engine *engine = open_engine(0);
    int n, reads;
    CHECK_OK(answer_of(engine, path, &truth));
    prm_engine_close(engine);
    engine = open_over_services(&book, &files);
    CHECK_OK(answer_of(engine, path, &text));
    CHECK(same_answer(&truth, &text));
    CHECK(files.opened == 6 && files.open == 0); /* config, two shards and their index, tokenizer and its settings */
    reads = files.reads;
    CHECK(reads > 6);
    for (n = 1; n <= reads; ++n) {
        files.reads = 0;
        files.fail_read = n;
        CHECK_STATUS(answer_of(engine, path, &text), PRM_STATUS_CALLBACK);
        CHECK(files.open == 0);
    }
    prm_engine_close(engine);
    CHECK(book.blocks == 0 && book.wrong == 0);
}

static void failing_allocations(void) {
    static answer text;
    ledger book = { 0 };
    int64_t n, total, stride;
    prm_engine *engine = open_over_services(&book, NULL);
    CHECK_OK(answer_of(engine, folders[2], &text));
    prm_engine_close(engine);
    total = book.calls;
    stride = total / 100 + 1;
    for (n = 1; n <= total; n += stride) {
        ledger failing = { 0 };
        prm_status status = PRM_STATUS_OUT_OF_MEMORY;
        failing.fail_at = n;
        engine = open_over_services(&failing, NULL);
        if (engine) status = answer_of(engine, folders[2], &text);
        CHECK(status == PRM_STATUS_OUT_OF_MEMORY);
        prm_engine_close(engine);
        CHECK(failing.blocks == 0 && failing.wrong == 0);
    }
}

static void paths_of_a_folder(void) {
    static answer truth, text;
    prm_engine *engine = open_engine(0);
    prm_model *model = NULL;
    CHECK_OK(answer_of(engine, FOLDER("tiny-llama-f16"), &truth));
    CHECK_OK(answer_of(engine, FOLDER("tiny-llama-f16/"), &text));
    CHECK(same_answer(&truth, &text));
    CHECK_OK(answer_of(engine, FOLDER("tiny-llama-f16/model.safetensors"), &text));
    CHECK(same_answer(&truth, &text));
    CHECK_STATUS(prm_model_open(engine, FOLDER("tiny-qwen3-f16/model-00001-of-00002.safetensors"), NULL, NULL, &model), PRM_STATUS_UNSUPPORTED);
    CHECK(contains(prm_last_error(), "give the path of a folder"));
    CHECK_STATUS(prm_model_open(engine, FOLDER("no-such-model/"), NULL, NULL, &model), PRM_STATUS_NOT_FOUND);
    CHECK(contains(prm_last_error(), "no-such-model/config.json"));
    CHECK(!model);
    prm_engine_close(engine);
}

static const test_case cases[] = {
    { "what a folder will take is planned to the byte", planned_to_the_byte },
    { "folders of a host's files; every read may fail", files_of_a_host },
    { "failing allocations while a folder is opened, sampled: a status, nothing leaked", failing_allocations },
    { "a folder by its name, with a slash, by its weights; other paths are refused by name", paths_of_a_folder },
};
extern const test_suite folder_suite;
const test_suite folder_suite = SUITE("folder", cases);
