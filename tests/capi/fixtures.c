#include "fixtures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *model_path(int which) {
    static const char *const paths[MODEL_COUNT] = {
        PREMISE_TEST_DATA "/tiny-gemma3-f32.gguf",
        PREMISE_TEST_DATA "/tiny-qwen2-f32.gguf",
        PREMISE_TEST_DATA "/tiny-qwen2-q4_k_m-like.gguf",
    };
    return paths[which];
}

bytes read_file(const char *path) {
    bytes out = { NULL, 0 };
    FILE *file = fopen(path, "rb");
    long size;
    if (!file) return out;
    if (!fseek(file, 0, SEEK_END) && (size = ftell(file)) > 0 && !fseek(file, 0, SEEK_SET)) {
        out.data = malloc((size_t)size);
        if (out.data) out.size = fread(out.data, 1, (size_t)size, file);
    }
    fclose(file);
    return out;
}

prm_engine *open_engine(int32_t threads) {
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_engine *engine = NULL;
    options.threads = threads;
    prm_engine_open(PRM_VERSION, &options, &engine);
    return engine;
}

prm_model *open_model(prm_engine *engine, int which, const prm_model_options *options) {
    prm_model *model = NULL;
    if (prm_model_open(engine, model_path(which), options, NULL, &model) != PRM_STATUS_OK)
        fprintf(stderr, "open_model: %s\n", prm_last_error());
    return model;
}

prm_model *open_simple(int which, int32_t threads, int32_t context, int32_t chunk) {
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_engine *engine = open_engine(threads);
    prm_model *model;
    options.context = context;
    options.chunk_tokens = chunk;
    model = open_model(engine, which, &options);
    prm_engine_close(engine);
    return model;
}

prm_model_info model_info(prm_model *model) {
    prm_model_info info = PRM_INIT(prm_model_info);
    prm_model_query(model, &info);
    return info;
}

prm_tensor tokens_tensor(const int32_t *ids, int64_t B, int64_t T) {
    prm_tensor tensor;
    memset(&tensor, 0, sizeof tensor);
    tensor.name = "tokens";
    tensor.data = (void *)ids;
    tensor.dtype = PRM_DTYPE_I32;
    tensor.rank = B ? 2 : 1;
    tensor.shape[0] = B ? B : T;
    tensor.shape[1] = B ? T : 0;
    tensor.bytes = (uint64_t)(B ? B : 1) * (uint64_t)T * sizeof(int32_t);
    return tensor;
}

prm_tensor logits_tensor(float *data, size_t count) {
    prm_tensor tensor;
    memset(&tensor, 0, sizeof tensor);
    tensor.name = "logits";
    tensor.data = data;
    tensor.bytes = count * sizeof(float);
    return tensor;
}

void fill_ids(int32_t *ids, size_t count, unsigned seed) {
    size_t i;
    for (i = 0; i < count; ++i) {
        seed = seed * 1664525u + 1013904223u;
        ids[i] = (int32_t)(20 + (seed >> 16) % 200); /* below every vocabulary here */
    }
}

float *run_ids(prm_model *model, const int32_t *ids, size_t count) {
    size_t n = count * (size_t)model_info(model).vocabulary;
    float *logits = malloc(n * sizeof(float));
    prm_tensor in = tokens_tensor(ids, 0, (int64_t)count), out = logits_tensor(logits, n);
    if (prm_run(model, &in, 1, NULL, &out, 1) == PRM_STATUS_OK) return logits;
    fprintf(stderr, "run_ids: %s\n", prm_last_error());
    free(logits);
    return NULL;
}

int32_t collect_text(void *user, const char *text, size_t size) {
    answer *to = user;
    if (size < sizeof to->text - to->size) {
        memcpy(to->text + to->size, text, size);
        to->size += size;
    }
    return ++to->text_calls == to->stop_at_text;
}

int32_t collect_token(void *user, int32_t token) {
    answer *to = user;
    if (to->sleep_ms) sleep_ms(to->sleep_ms);
    if (to->token_count < sizeof to->tokens / sizeof to->tokens[0]) to->tokens[to->token_count] = token;
    ++to->token_count;
    if (to->fire_at_token == to->token_count) prm_cancel_fire(to->cancel);
    return to->stop_at_token == to->token_count;
}

prm_generate_options collecting(answer *to, int32_t max_tokens) {
    prm_generate_options options = PRM_INIT(prm_generate_options);
    memset(to, 0, sizeof *to);
    options.flags = PRM_GENERATE_IGNORE_END;
    options.max_tokens = max_tokens;
    options.on_text = collect_text;
    options.on_token = collect_token;
    options.user = to;
    return options;
}

prm_generate_options sampling(answer *to, int32_t max_tokens, uint64_t seed) {
    prm_generate_options options = collecting(to, max_tokens);
    options.temperature = 1.2f;
    options.top_k = 100;
    options.top_p = 0.98f;
    options.seed = seed;
    return options;
}

int same_answer(const answer *a, const answer *b) {
    return a->token_count == b->token_count && !memcmp(a->tokens, b->tokens, a->token_count * sizeof a->tokens[0]) && a->size == b->size &&
           !memcmp(a->text, b->text, a->size);
}

prm_prompt text_prompt(const char *text) {
    prm_prompt prompt = PRM_INIT(prm_prompt);
    prompt.text = PRM_TEXT(text);
    return prompt;
}

prm_prompt token_prompt(const int32_t *ids, size_t count) {
    prm_prompt prompt = PRM_INIT(prm_prompt);
    prompt.tokens = ids;
    prompt.token_count = count;
    return prompt;
}

void sleep_ms(int ms) {
    struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&time, NULL);
}

int contains(const char *text, const char *part) {
    return strstr(text, part) != NULL;
}
