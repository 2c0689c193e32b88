/* A host that loads the library, generates on threads of its own, and unloads it again, 100 times: the library has to be gone,
 * its threads too, and the memory of the process may not grow. Under the sanitizers what it left behind is told at the end. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <premise/premise.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define TIMES 100
#define TOKENS 8

static const char *const model_path = PREMISE_TEST_DATA "/tiny-gemma3-f16.gguf";

/* Of the sanitizers' run times; nothing without. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

typedef struct api {
    void *library;
    prm_status (*engine_open)(int32_t, const prm_engine_options *, prm_engine **);
    prm_status (*model_open)(prm_engine *, const char *, const prm_model_options *, const prm_control *, prm_model **);
    prm_status (*generate)(prm_model *, const prm_prompt *, const prm_generate_options *, const prm_control *, prm_request_info *);
    void (*engine_close)(prm_engine *);
    void (*model_close)(prm_model *);
    const char *(*last_error)(void);
} api;

typedef struct answer {
    int32_t tokens[TOKENS];
    int count;
} answer;

static int find(api *to, const char *name, void *function) {
    void *found = dlsym(to->library, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static int load(api *to, int flags) {
    to->library = dlopen(PREMISE_LIBRARY, flags);
    if (!to->library) return printf("%s\n", dlerror()), 0;
    return find(to, "prm_engine_open", &to->engine_open) && find(to, "prm_model_open", &to->model_open) && find(to, "prm_generate", &to->generate) &&
           find(to, "prm_engine_close", &to->engine_close) && find(to, "prm_model_close", &to->model_close) && find(to, "prm_last_error", &to->last_error);
}

static int32_t keep_token(void *user, int32_t token) {
    answer *to = user;
    to->tokens[to->count++] = token;
    return 0;
}

/* One engine with a thread of ours, one answer, and one failure. */
static int use(const api *on, answer *said) {
    prm_engine_options threads = PRM_INIT(prm_engine_options);
    prm_prompt prompt = PRM_INIT(prm_prompt);
    prm_generate_options options = PRM_INIT(prm_generate_options);
    prm_engine *engine = NULL;
    prm_model *model = NULL;
    int fine;
    threads.threads = 1;
    prompt.text = PRM_TEXT("the hand");
    options.max_tokens = TOKENS;
    options.on_token = keep_token;
    options.user = said;
    fine = on->engine_open(PRM_VERSION, &threads, &engine) == PRM_STATUS_OK && on->model_open(engine, model_path, NULL, NULL, &model) == PRM_STATUS_OK &&
           on->generate(model, &prompt, &options, NULL, NULL) == PRM_STATUS_OK;
    if (!fine) printf("%s\n", on->last_error());
    on->model_close(model);
    model = NULL;
    fine = fine && on->model_open(engine, "gone.gguf", NULL, NULL, &model) == PRM_STATUS_NOT_FOUND && strstr(on->last_error(), "gone.gguf");
    on->engine_close(engine);
    return fine;
}

typedef struct visit {
    const api *on;
    answer said;
    int fine;
} visit;

static void *use_on_thread(void *user) {
    visit *one = user;
    one->fine = use(one->on, &one->said);
    return NULL;
}

static int threads_alive(void) {
    DIR *folder = opendir("/proc/self/task");
    struct dirent *entry;
    int count = 0;
    if (!folder) return -1;
    while ((entry = readdir(folder))) count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static int is_mapped(void) {
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "r");
    int found = 0;
    if (!maps) return -1;
    while (fgets(line, sizeof line, maps)) found |= strstr(line, "libpremise") != NULL;
    fclose(maps);
    return found;
}

static size_t allocated(void) {
    if (__sanitizer_get_current_allocated_bytes) return __sanitizer_get_current_allocated_bytes();
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

static const char *loaded_and_unloaded(void) {
    api on;
    answer first = {{0}, 0};
    size_t before = 0;
    int i, threads = threads_alive(); /* a sanitizer may have one of its own */
    for (i = 0; i < TIMES; ++i) {
        visit here = {&on, {{0}, 0}, 0}, there = {&on, {{0}, 0}, 0};
        pthread_t thread;
        if (!load(&on, i % 2 ? RTLD_NOW | RTLD_LOCAL : RTLD_LAZY | RTLD_GLOBAL)) return "the library does not load";
        if (pthread_create(&thread, NULL, use_on_thread, &there)) return "no thread";
        here.fine = use(&on, &here.said);
        pthread_join(thread, NULL);
        if (!here.fine || !there.fine) return "it does not work";
        if (i == 0) first = here.said;
        if (memcmp(&here.said, &first, sizeof first) || memcmp(&there.said, &first, sizeof first) || first.count != TOKENS) return "another answer";
        if (dlclose(on.library)) return "the library does not unload";
        if (is_mapped()) return "the library is still there";
        if (threads_alive() != threads) return "a thread is still there";
        if (i == TIMES / 2) before = allocated(); /* malloc keeps some of what was freed, until its caches are full */
    }
    if (allocated() > before + 10 * (TIMES / 2)) { /* 10 bytes each time would be a leak */
        printf("%zu bytes after %d times, %zu after %d\n", before, TIMES / 2, allocated(), TIMES);
        return "the process grows";
    }
    return NULL;
}

int main(void) {
    const char *wrong = loaded_and_unloaded();
    if (wrong) printf("FAIL: %s\n", wrong);
    printf("%d passed, %d failed, 0 skipped\n", !wrong, wrong != NULL);
    return wrong != NULL;
}
