/* A guest in C. Usage: use MODEL PROMPT TOKENS. Prints the ids that the model answers with, what a file that is not there
 * gives, and the text: three parts that every guest of this folder prints alike. */
#include <premise/premise.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct answer {
    char text[4096];
    size_t size;
} answer;

static int32_t keep_text(void *user, const char *text, size_t size) {
    answer *to = user;
    if (size > sizeof to->text - to->size) return 1;
    memcpy(to->text + to->size, text, size);
    to->size += size;
    return 0;
}

static int32_t print_token(void *user, int32_t token) {
    (void)user;
    return printf("%d ", (int)token) < 0;
}

int main(int argc, char **argv) {
    prm_engine *engine = NULL;
    prm_model *model = NULL, *gone = NULL;
    prm_prompt prompt = PRM_INIT(prm_prompt);
    prm_generate_options options = PRM_INIT(prm_generate_options);
    answer said = {"", 0};
    prm_status status;
    if (argc != 4) return 2;
    prompt.text = PRM_TEXT(argv[2]);
    options.max_tokens = atoi(argv[3]);
    options.on_text = keep_text;
    options.on_token = print_token;
    options.user = &said;
    status = prm_engine_open(PRM_VERSION, NULL, &engine);
    if (!status) status = prm_model_open(engine, argv[1], NULL, NULL, &model);
    if (!status) status = prm_generate(model, &prompt, &options, NULL, NULL);
    if (status) {
        fprintf(stderr, "%s: %s\n", prm_status_name(status), prm_last_error());
        return 1;
    }
    status = prm_model_open(engine, "gone.gguf", NULL, NULL, &gone);
    printf("\n%s: %s\n", prm_status_name(status), prm_last_error());
    fwrite(said.text, 1, said.size, stdout);
    prm_model_close(model);
    prm_engine_close(engine);
    return 0;
}
