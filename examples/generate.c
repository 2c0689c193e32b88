/* Streams a model's answer, and says how fast it came. Usage: generate MODEL.gguf PROMPT [TOKENS] */
#include <premise/premise.h>
#include <stdio.h>
#include <stdlib.h>

static int32_t print(void *user, const char *text, size_t size) {
    size_t written = fwrite(text, 1, size, user);
    return written != size || fflush(user) != 0; /* not 0: stop */
}

int main(int argc, char **argv) {
    prm_engine_options threads = PRM_INIT(prm_engine_options);
    prm_prompt prompt = PRM_INIT(prm_prompt);
    prm_generate_options options = PRM_INIT(prm_generate_options);
    prm_request_info info = PRM_INIT(prm_request_info);
    prm_engine *engine = NULL;
    prm_model *model = NULL;
    prm_status status;

    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: %s MODEL.gguf PROMPT [TOKENS]\n", argv[0]);
        return 2;
    }
    threads.threads = PRM_THREADS_ALL;
    prompt.flags = PRM_PROMPT_SPECIAL; /* the prompt is the program's own: chat markers in it count */
    prompt.text = PRM_TEXT(argv[2]);
    options.max_tokens = argc > 3 ? atoi(argv[3]) : 64;
    options.on_text = print;
    options.user = stdout;

    status = prm_engine_open(PRM_VERSION, &threads, &engine);
    if (!status) status = prm_model_open(engine, argv[1], NULL, NULL, &model);
    if (!status) status = prm_generate(model, &prompt, &options, NULL, &info);
    if (status) {
        fprintf(stderr, "%s: %s: %s\n", argv[0], prm_status_name(status), prm_last_error());
    } else {
        double seconds = (double)(info.total_ns - info.first_ns) / 1e9;
        putchar('\n');
        if (info.generated_tokens > 1 && seconds > 0)
            fprintf(stderr, "tokens_per_s: %.1f\n", (double)(info.generated_tokens - 1) / seconds);
    }
    prm_model_close(model);
    prm_engine_close(engine);
    return status != PRM_STATUS_OK;
}
