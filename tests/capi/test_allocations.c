/* Counts what the whole process asks the system for while text is generated: malloc and its kin, mmap and brk, interposed
 * before the C library's own.
 *
 *     test_allocations [MODEL TOKENS]
 *
 * Without arguments: the tiny models. Between the second and the last token nothing may be asked for, by any thread: with greedy
 * text, and with every stage of the sampler, stop strings and log probabilities. Likewise in 1,000 runs of a tensor model, behind the
 * first of its shape. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fixtures.h"
#include "tensor_fixtures.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* So that the library finds it, too: the flags of this build hide names. */
#define EXPORTED __attribute__((visibility("default")))

static atomic_long asked;

#if !SANITIZED
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t align, size_t size);

EXPORTED void *malloc(size_t size) { return atomic_fetch_add(&asked, 1), __libc_malloc(size); }
EXPORTED void *calloc(size_t count, size_t size) { return atomic_fetch_add(&asked, 1), __libc_calloc(count, size); }
EXPORTED void *realloc(void *memory, size_t size) { return atomic_fetch_add(&asked, 1), __libc_realloc(memory, size); }
EXPORTED void *memalign(size_t align, size_t size) { return atomic_fetch_add(&asked, 1), __libc_memalign(align, size); }
EXPORTED void *aligned_alloc(size_t align, size_t size) { return atomic_fetch_add(&asked, 1), __libc_memalign(align, size); }
EXPORTED int posix_memalign(void **out, size_t align, size_t size) {
    void *memory = memalign(align, size);
    if (!memory) return ENOMEM;
    *out = memory;
    return 0;
}
EXPORTED void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    atomic_fetch_add(&asked, 1);
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}
#endif

typedef struct count {
    long tokens, wanted, at_second, at_last, changed;
} count;

static int32_t count_token(void *user, int32_t token) {
    count *seen = user;
    (void)token;
    ++seen->tokens;
    if (seen->tokens == 2) seen->at_second = atomic_load(&asked);
    if (seen->tokens == seen->wanted) seen->at_last = atomic_load(&asked);
    return 0;
}

static int32_t drop_text(void *user, const char *text, size_t size) {
    (void)user, (void)text, (void)size;
    return 0;
}

static int32_t drop_logprobs(void *user, const prm_token *tokens, size_t places) {
    (void)user, (void)tokens, (void)places;
    return 0;
}

static const prm_bias bias = { 5, -1.0f };
static prm_text stops[2];

static void turn_all_on(prm_generate_options *generate) {
    stops[0] = PRM_TEXT("a text that will not come");
    stops[1] = PRM_TEXT("the same");
    generate->temperature = 0.9f;
    generate->top_k = 100;
    generate->typical_p = 0.99f;
    generate->top_p = 0.98f;
    generate->min_p = 0.001f;
    generate->repetition_penalty = 1.1f;
    generate->frequency_penalty = 0.1f;
    generate->stops = stops;
    generate->stop_count = 2;
    generate->biases = &bias;
    generate->bias_count = 1;
    generate->logprobs = 21;
    generate->on_logprobs = drop_logprobs;
}

/* 1 when nothing was asked for, 0 when something was or the model does not run. */
static int generate_quietly(const char *path, int32_t context, long tokens, int all_on) {
    prm_engine *engine = open_engine(1);
    prm_model *model = NULL;
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_generate_options generate = PRM_INIT(prm_generate_options);
    prm_prompt prompt = text_prompt("It was a dark and stormy night.");
    count seen = { 0, tokens, 0, 0, 0 };
    prm_status status;
    options.context = context;
    generate.flags = PRM_GENERATE_IGNORE_END;
    generate.max_tokens = (int32_t)tokens;
    generate.on_token = count_token;
    generate.on_text = drop_text;
    generate.user = &seen;
    if (all_on) turn_all_on(&generate);
    status = prm_model_open(engine, path, &options, NULL, &model);
    if (!status) status = prm_generate(model, &prompt, &generate, NULL, NULL);
    if (status) printf("  %s: %s\n", path, prm_last_error());
    prm_model_close(model);
    prm_engine_close(engine);
    printf("%s%s: %ld tokens, %ld allocations between the second and the last\n", path, all_on ? ", every stage on" : "", seen.tokens, seen.at_last - seen.at_second);
    return !status && seen.tokens == tokens && seen.at_last == seen.at_second;
}

static int run_quietly(void) {
    enum { RUNS = 1000 };
    message file = affine_model();
    prm_model *model = open_onnx_alone(file, NULL);
    float got[AFFINE_N * AFFINE_C];
    prm_status status = PRM_STATUS_OK;
    long before = 0;
    int i;
    for (i = 0; i <= RUNS && !status; ++i) {
        prm_tensor in = affine_input(), out = room_for("y", got, sizeof got);
        if (i == 1) before = atomic_load(&asked);
        status = prm_run(model, &in, 1, NULL, &out, 1);
    }
    before = atomic_load(&asked) - before;
    printf("tensors: %d runs, %ld allocations behind the first\n", i - 1, before);
    prm_model_close(model);
    free(file.data);
    return !status && before == 0;
}

int main(int argc, char **argv) {
    int which, passed = 0, failed = 0;
    prm_engine *probe;
    long before = atomic_load(&asked);
    if (SANITIZED) {
        printf("skip: the sanitizers bring an allocator of their own\n0 passed, 0 failed, %d skipped\n", 2 * MODEL_COUNT + 1);
        return 0;
    }
    probe = open_engine(0);
    prm_engine_close(probe);
    if (atomic_load(&asked) == before) {
        printf("  the counter does not count what the library takes\n0 passed, 1 failed, 0 skipped\n");
        return 1;
    }
    if (argc == 3) {
        int all_on;
        for (all_on = 0; all_on < 2; ++all_on) {
            int good = generate_quietly(argv[1], 0, atol(argv[2]), all_on);
            passed += good;
            failed += !good;
        }
    } else {
        for (which = 0; which < 2 * MODEL_COUNT; ++which) {
            int good = generate_quietly(model_path(which % MODEL_COUNT), 256, 200, which >= MODEL_COUNT);
            passed += good;
            failed += !good;
        }
        which = run_quietly();
        passed += which;
        failed += !which;
    }
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
