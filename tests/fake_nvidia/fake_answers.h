/* What a stub answers: lines `FILE KEY VALUE` of the file that PREMISE_FAKE_NVIDIA names, where FILE is the name that the stub was loaded
 * by, such as libcudart.so.13. Any function's own name is a key too: `crash`, `hang`, `exit`, `talk` (to stdout), or the number that it
 * shall return. The key `load` is of the moment of loading. */
#pragma once
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 0: there is no such line. */
static int find_answer(const char *key, char *value, size_t size) {
    const char *path = getenv("PREMISE_FAKE_NVIDIA");
    FILE *file = path ? fopen(path, "r") : NULL;
    Dl_info info;
    char line[1024], name[256], word[256];
    int found = 0, at = 0;
    if (!file) return 0;
    if (!dladdr((void *)find_answer, &info)) abort();
    const char *slash = strrchr(info.dli_fname, '/'), *mine = slash ? slash + 1 : info.dli_fname;
    while (!found && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%255s %255s %n", name, word, &at) != 2 || strcmp(name, mine) || strcmp(word, key)) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(value, size, "%s", line + at);
        found = 1;
    }
    fclose(file);
    return found;
}

/* What a function returns: 0 unless a line says otherwise. */
static inline int behave(const char *function) {
    char value[256];
    if (!find_answer(function, value, sizeof value)) return 0;
    if (!strcmp(value, "crash")) raise(SIGSEGV);
    if (!strcmp(value, "exit")) exit(3);
    if (!strcmp(value, "talk")) {
        printf("hello from %s\n", function);
        fflush(stdout);
    }
    if (!strcmp(value, "hang"))
        for (;;) pause();
    return atoi(value);
}

static inline long long number_of(const char *key, long long otherwise) {
    char value[256];
    return find_answer(key, value, sizeof value) ? atoll(value) : otherwise;
}

/* Of device `index`: the key is N.NAME. */
static inline long long device_number(int index, const char *name, long long otherwise) {
    char key[64];
    snprintf(key, sizeof key, "%d.%s", index, name);
    return number_of(key, otherwise);
}

__attribute__((constructor)) static void take_load(void) { behave("load"); }
