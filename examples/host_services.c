/* What a host lends: memory with a bound of its own, log lines, a thread, and a budget.
 *
 *     host_services MODEL [PROMPT]
 */
#include <premise/premise.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Memory: the library asks for each block with its kind, and gives size and kind back. */
static _Atomic long long held[5]; /* by kind */

static void *take_memory(void *user, size_t size, size_t align, int32_t kind) {
    void *memory = aligned_alloc(align, (size + align - 1) / align * align);
    (void)user;
    if (memory) held[kind] += (long long)size;
    return memory; /* NULL is an answer: the call ends with OUT_OF_MEMORY */
}

static void give_memory(void *user, void *memory, size_t size, int32_t kind) {
    (void)user;
    held[kind] -= (long long)size;
    free(memory);
}

static void log_line(void *user, int32_t level, const char *text, size_t size) {
    (void)user;
    fprintf(stderr, "[%s] %.*s\n", level == PRM_LOG_ERROR ? "error" : level == PRM_LOG_WARNING ? "warning" : "info", (int)size, text);
}

/* Threads: a real host has a pool. Here a thread comes and goes with each step, and this one takes part. */
typedef struct errand {
    prm_work_fn run;
    void *work;
} errand;

static void *do_errand(void *raw) {
    errand *one = raw;
    one->run(one->work);
    return NULL;
}

static void lend_threads(void *user, prm_work_fn run, void *work, int32_t helpers) {
    errand one = { run, work };
    pthread_t thread;
    int started = helpers > 0 && pthread_create(&thread, NULL, do_errand, &one) == 0;
    (void)user;
    run(work);
    if (started) pthread_join(thread, NULL);
}

static int32_t print(void *user, const char *text, size_t size) { return fwrite(text, 1, size, user) != size; }

static int report(prm_status status) {
    if (status) fprintf(stderr, "%s: %s\n", prm_status_name(status), prm_last_error());
    return status != PRM_STATUS_OK;
}

int main(int argc, char **argv) {
    prm_host host = PRM_INIT(prm_host);
    prm_engine_options engine_options = PRM_INIT(prm_engine_options);
    prm_model_options model_options = PRM_INIT(prm_model_options);
    prm_generate_options options = PRM_INIT(prm_generate_options);
    prm_prompt prompt = PRM_INIT(prm_prompt);
    prm_engine *engine = NULL;
    prm_model *model = NULL;
    prm_status status;
    if (argc < 2) return fprintf(stderr, "usage: host_services MODEL [PROMPT]\n"), 2;
    host.alloc = take_memory;
    host.release = give_memory;
    host.log = log_line;
    host.help = lend_threads;
    host.helpers = 1;
    engine_options.host = &host;
    engine_options.max_host_bytes = 1ull << 30;
    model_options.context = 2048;
    prompt.text = PRM_TEXT(argc > 2 ? argv[2] : "The capital of France is");
    options.max_tokens = 32;
    options.on_text = print;
    options.user = stdout;
    status = prm_engine_open(PRM_VERSION, &engine_options, &engine);
    if (!status) status = prm_model_open(engine, argv[1], &model_options, NULL, &model);
    if (!status) status = prm_generate(model, &prompt, &options, NULL, NULL);
    printf("\n");
    fprintf(stderr, "held: objects %lld, weights %lld, cache %lld, scratch %lld bytes\n", held[PRM_MEMORY_OBJECTS],
            held[PRM_MEMORY_WEIGHTS], held[PRM_MEMORY_CACHE], held[PRM_MEMORY_SCRATCH]);
    prm_model_close(model);
    prm_engine_close(engine);
    return report(status);
}
