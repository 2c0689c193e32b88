/* prm_limits: each bound at what something needs, and at one less. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

#define FOLDER PREMISE_TEST_DATA "/folders/tiny-llama-f16"

static prm_engine *engine_within(const prm_limits *limits, prm_status *status) {
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_engine *engine = NULL;
    options.limits = limits;
    *status = prm_engine_open(PRM_VERSION, &options, &engine);
    return engine;
}

/* Of a header-only open within the limits. */
static prm_status opens(const prm_limits *limits, const char *path) {
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_model *model = NULL;
    prm_status status;
    prm_engine *engine = engine_within(limits, &status);
    options.flags = PRM_MODEL_HEADER_ONLY;
    if (!status) status = prm_model_open(engine, path, &options, NULL, &model);
    prm_model_close(model);
    prm_engine_close(engine);
    return status;
}

static prm_status opens_in_memory(const prm_limits *limits, bytes file) {
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_model *model = NULL;
    prm_status status;
    prm_engine *engine = engine_within(limits, &status);
    options.flags = PRM_MODEL_HEADER_ONLY;
    options.data = file.data;
    options.data_size = file.size;
    if (!status) status = prm_model_open(engine, NULL, &options, NULL, &model);
    prm_model_close(model);
    prm_engine_close(engine);
    return status;
}

static uint64_t number_at(bytes file, size_t at) {
    uint64_t n;
    memcpy(&n, file.data + at, sizeof n);
    return n;
}

/* The least value of a field with which a model opens, between `low`, with which it does not, and `high`. */
static uint64_t least(const char *path, size_t field, uint64_t low, uint64_t high) {
    while (high - low > 1) {
        prm_limits limits = PRM_INIT(prm_limits);
        uint64_t middle = low + (high - low) / 2;
        prm_status status;
        memcpy((char *)&limits + field, &middle, sizeof middle);
        status = opens(&limits, path);
        if (status == PRM_STATUS_OK) high = middle;
        else if (status == PRM_STATUS_LIMIT) low = middle;
        else return 0;
    }
    return high;
}

static void of_files(void) {
    bytes file = read_file(model_path(QWEN)), weights = read_file(FOLDER "/model.safetensors");
    prm_limits limits = PRM_INIT(prm_limits);
    CHECK(file.data && weights.data);
    limits.file_bytes = file.size;
    CHECK_OK(opens(&limits, model_path(QWEN)));
    CHECK_OK(opens_in_memory(&limits, file));
    --limits.file_bytes;
    CHECK_STATUS(opens(&limits, model_path(QWEN)), PRM_STATUS_LIMIT);
    CHECK(contains(prm_last_error(), "file_bytes"));
    CHECK_STATUS(opens_in_memory(&limits, file), PRM_STATUS_LIMIT);
    limits.file_bytes = weights.size; /* the largest of the folder */
    CHECK_OK(opens(&limits, FOLDER));
    --limits.file_bytes;
    CHECK_STATUS(opens(&limits, FOLDER), PRM_STATUS_LIMIT);
    free(file.data);
    free(weights.data);
}

static void of_tensors(void) {
    bytes file = read_file(model_path(QWEN));
    prm_limits limits = PRM_INIT(prm_limits);
    uint64_t of_folder = least(FOLDER, offsetof(prm_limits, tensors), 1, 1000);
    CHECK(file.data);
    limits.tensors = (int64_t)number_at(file, 8);
    CHECK_OK(opens(&limits, model_path(QWEN)));
    --limits.tensors;
    CHECK_STATUS(opens(&limits, model_path(QWEN)), PRM_STATUS_LIMIT);
    CHECK(of_folder > 10 && of_folder < 100); /* what opens with it does not with one less */
    free(file.data);
}

static void of_metadata(void) {
    bytes file = read_file(model_path(QWEN)), weights = read_file(FOLDER "/model.safetensors"), tokenizer = read_file(FOLDER "/tokenizer.json");
    uint64_t header = least(model_path(QWEN), offsetof(prm_limits, metadata_bytes), 1, 1 << 20), of_folder;
    prm_limits limits = PRM_INIT(prm_limits);
    CHECK(file.data && weights.data && tokenizer.data);
    CHECK(header > 1000 && header < file.size);
    of_folder = number_at(weights, 0) > tokenizer.size ? number_at(weights, 0) : tokenizer.size;
    limits.metadata_bytes = of_folder;
    CHECK_OK(opens(&limits, FOLDER));
    --limits.metadata_bytes;
    CHECK_STATUS(opens(&limits, FOLDER), PRM_STATUS_LIMIT);
    free(file.data);
    free(weights.data);
    free(tokenizer.data);
}

static prm_status renders(prm_model *model, const char *tools, const char *template_text, const char *content) {
    static char text[4096];
    prm_message message;
    prm_prompt prompt = PRM_INIT(prm_prompt);
    memset(&message, 0, sizeof message);
    message.role = "user";
    message.text = PRM_TEXT(content);
    prompt.messages = &message;
    prompt.message_count = 1;
    prompt.tools_json = tools;
    prompt.template_text = template_text;
    return prm_prompt_render(model, &prompt, text, sizeof text, NULL);
}

static void of_nesting(void) {
    prm_limits limits = PRM_INIT(prm_limits);
    prm_status status;
    prm_engine *engine;
    prm_model *model;
    limits.nesting = 6; /* tokenizer.json of the folder has so many */
    CHECK_OK(opens(&limits, model_path(QWEN)));
    engine = engine_within(&limits, &status);
    CHECK_OK(status);
    CHECK((model = open_model(engine, QWEN, NULL)) != NULL);
    CHECK_OK(renders(model, "[[[[[[1]]]]]]", "{{ tools }}", "U"));
    CHECK_STATUS(renders(model, "[[[[[[[1]]]]]]]", "{{ tools }}", "U"), PRM_STATUS_LIMIT);
    CHECK_OK(renders(model, NULL, "{{ (((1))) }}", "U"));
    CHECK_STATUS(renders(model, NULL, "{{ (((((((((1))))))))) }}", "U"), PRM_STATUS_LIMIT);
    prm_model_close(model);
    prm_engine_close(engine);
    limits.nesting = 1;
    CHECK_STATUS(opens(&limits, FOLDER), PRM_STATUS_LIMIT);
}

static void of_prompts(void) {
    prm_limits limits = PRM_INIT(prm_limits);
    prm_status status;
    prm_engine *engine;
    prm_model *model;
    prm_prompt prompt;
    int32_t ids[64], out[64];
    size_t count, size;
    char text[256];
    limits.prompt_bytes = 20;
    engine = engine_within(&limits, &status);
    CHECK_OK(status);
    CHECK((model = open_model(engine, QWEN, NULL)) != NULL);
    prompt = text_prompt("the hand and the han"); /* 20 bytes */
    CHECK_OK(prm_tokenize(model, &prompt, out, 64, &count));
    prompt = text_prompt("the hand and the hand");
    CHECK_STATUS(prm_tokenize(model, &prompt, out, 64, &count), PRM_STATUS_LIMIT);
    CHECK_STATUS(prm_generate(model, &prompt, NULL, NULL, NULL), PRM_STATUS_LIMIT);
    fill_ids(ids, 21, 2);
    prompt = token_prompt(ids, 20);
    CHECK_OK(prm_tokenize(model, &prompt, out, 64, &count));
    prompt = token_prompt(ids, 21);
    CHECK_STATUS(prm_tokenize(model, &prompt, out, 64, &count), PRM_STATUS_LIMIT);
    CHECK_OK(prm_detokenize(model, ids, 20, 0, text, sizeof text, &size));
    CHECK_STATUS(prm_detokenize(model, ids, 21, 0, text, sizeof text, &size), PRM_STATUS_LIMIT);
    CHECK_OK(renders(model, NULL, "{{ messages[0].content }}", "0123456789abcdef")); /* and four of the role */
    CHECK_STATUS(renders(model, NULL, "{{ messages[0].content }}", "0123456789abcdefg"), PRM_STATUS_LIMIT);
    CHECK_OK(renders(model, "[10, 11, 12, 13, 14]", "{{ tools }}", "U"));
    CHECK_STATUS(renders(model, "[10, 11, 12, 13, 145]", "{{ tools }}", "U"), PRM_STATUS_LIMIT);
    prm_model_close(model);
    prm_engine_close(engine);
}

/* One engine more for each step, until it is enough: there one step less was not. */
static void of_template_steps(void) {
    const char *loop = "{% for i in range(50) %}{{ i }}{% endfor %}";
    prm_status last = PRM_STATUS_LIMIT;
    int64_t steps;
    for (steps = 1; steps < 1000 && last == PRM_STATUS_LIMIT; ++steps) {
        prm_limits limits = PRM_INIT(prm_limits);
        prm_model_options header = PRM_INIT(prm_model_options);
        prm_engine *engine;
        prm_model *model;
        limits.template_steps = steps;
        header.flags = PRM_MODEL_HEADER_ONLY;
        engine = engine_within(&limits, &last);
        CHECK_OK(last);
        CHECK((model = open_model(engine, QWEN, &header)) != NULL);
        last = renders(model, NULL, loop, "U");
        prm_model_close(model);
        prm_engine_close(engine);
    }
    CHECK_OK(last);
    CHECK(steps > 50);
}

static void out_of_range(void) {
    struct { size_t field, size; int64_t value; } wrong[] = {
        { offsetof(prm_limits, nesting), 4, -1 },          { offsetof(prm_limits, nesting), 4, 65 },
        { offsetof(prm_limits, file_bytes), 8, -1 },       { offsetof(prm_limits, file_bytes), 8, (INT64_C(1) << 40) + 1 },
        { offsetof(prm_limits, metadata_bytes), 8, -1 },   { offsetof(prm_limits, metadata_bytes), 8, (256 << 20) + 1 },
        { offsetof(prm_limits, tensors), 8, -1 },          { offsetof(prm_limits, tensors), 8, (1 << 20) + 1 },
        { offsetof(prm_limits, prompt_bytes), 8, -1 },     { offsetof(prm_limits, prompt_bytes), 8, (16 << 20) + 1 },
        { offsetof(prm_limits, template_steps), 8, -1 },   { offsetof(prm_limits, template_steps), 8, (1 << 20) + 1 },
        { offsetof(prm_limits, image_elements), 8, -1 },   { offsetof(prm_limits, image_elements), 8, (INT64_C(1) << 30) + 1 },
    };
    size_t i;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
        prm_limits limits = PRM_INIT(prm_limits);
        int32_t narrow = (int32_t)wrong[i].value;
        prm_status status;
        memcpy((char *)&limits + wrong[i].field, wrong[i].size == 4 ? (void *)&narrow : (void *)&wrong[i].value, wrong[i].size);
        CHECK(!engine_within(&limits, &status));
        CHECK(status == PRM_STATUS_INVALID_ARGUMENT && contains(prm_last_error(), "limits."));
    }
}

static const test_case cases[] = {
    { "file_bytes", of_files },
    { "tensors", of_tensors },
    { "metadata_bytes", of_metadata },
    { "nesting", of_nesting },
    { "prompt_bytes", of_prompts },
    { "template_steps", of_template_steps },
    { "what is out of range is refused", out_of_range },
};
extern const test_suite limits_suite;
const test_suite limits_suite = SUITE("limits", cases);
