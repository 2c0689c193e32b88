/* What cases share: the tiny models, logits of a run, a generated answer, threads. */
#ifndef PREMISE_TESTS_FIXTURES_H
#define PREMISE_TESTS_FIXTURES_H

#include <premise/premise.h>
#include <stddef.h>

enum { GEMMA, QWEN, QUANTIZED, MODEL_COUNT };

typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

/* Static storage; the file may be missing. */
const char *model_path(int which);
/* data is NULL when the file cannot be read; free(data). */
bytes read_file(const char *path);

prm_engine *open_engine(int32_t threads);
/* NULL on failure. options may be NULL. */
prm_model *open_model(prm_engine *engine, int which, const prm_model_options *options);
/* Engine and model in one: context 0 = the model's own. The engine is closed already: the model keeps it. */
prm_model *open_simple(int which, int32_t threads, int32_t context, int32_t chunk);

prm_model_info model_info(prm_model *model);

/* The tokens tensor over `ids`, rank 1 when B is 0. */
prm_tensor tokens_tensor(const int32_t *ids, int64_t B, int64_t T);
prm_tensor logits_tensor(float *data, size_t count);
/* count ids that all models here know, the same for the same seed. */
void fill_ids(int32_t *ids, size_t count, unsigned seed);
/* Logits [T, V] of the ids, NULL on failure; free(). */
float *run_ids(prm_model *model, const int32_t *ids, size_t count);

/* What callbacks of prm_generate collect. */
typedef struct answer {
    char text[1 << 16];
    size_t size;
    int32_t tokens[4096];
    size_t token_count, text_calls;
    size_t stop_at_text, stop_at_token; /* 0: never */
    size_t fire_at_token;
    prm_cancel *cancel;
    int sleep_ms; /* before each token */
} answer;
int32_t collect_text(void *user, const char *text, size_t size);
int32_t collect_token(void *user, int32_t token);
/* Starts the options with both callbacks. */
prm_generate_options collecting(answer *to, int32_t max_tokens);
/* The same, at a high temperature: texts of one seed are the same. */
prm_generate_options sampling(answer *to, int32_t max_tokens, uint64_t seed);
int same_answer(const answer *a, const answer *b);
prm_prompt text_prompt(const char *text);
prm_prompt token_prompt(const int32_t *ids, size_t count);

void sleep_ms(int ms);
int contains(const char *text, const char *part);

#endif
