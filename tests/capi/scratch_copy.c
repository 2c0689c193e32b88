#define _GNU_SOURCE
#include "scratch_copy.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixtures.h"

static int copy_file(const char *from, const char *to) {
    bytes file = read_file(from);
    FILE *out = fopen(to, "wb");
    int good = out && file.data && fwrite(file.data, 1, file.size, out) == file.size;
    if (out) good &= !fclose(out);
    free(file.data);
    return good;
}

int scratch_make(scratch_copy *copy, const char *model) {
    const char *slash = strrchr(model, '/'), *parts;
    memset(copy, 0, sizeof *copy);
    snprintf(copy->origin, sizeof copy->origin, "%.*s", (int)(slash - model), model);
    parts = strstr(slash + 1, "-0000");
    if (parts) snprintf(copy->only, sizeof copy->only, "%.*s", (int)(parts - slash - 1), slash + 1);
    else snprintf(copy->only, sizeof copy->only, "%s", slash + 1);
    snprintf(copy->folder, sizeof copy->folder, "%s/premise-XXXXXX", P_tmpdir);
    if (!mkdtemp(copy->folder)) return 0;
    snprintf(copy->model, sizeof copy->model, "%s/%s", copy->folder, slash + 1);
    return scratch_restore(copy);
}

/* done(from, to) for each file of the copy. */
static int each_file(const scratch_copy *copy, int (*done)(const char *from, const char *to)) {
    DIR *folder = opendir(copy->origin);
    struct dirent *entry;
    int good = folder != NULL;
    while (folder && (entry = readdir(folder))) {
        char from[1024], to[1024];
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, copy->only, strlen(copy->only)) || entry->d_type == DT_DIR) continue;
        snprintf(from, sizeof from, "%s/%s", copy->origin, entry->d_name);
        snprintf(to, sizeof to, "%s/%s", copy->folder, entry->d_name);
        good &= done(from, to);
    }
    if (folder) closedir(folder);
    return good;
}

int scratch_restore(const scratch_copy *copy) { return each_file(copy, copy_file); }

static int empty_file(const char *from, const char *to) {
    (void)from;
    return !truncate(to, 0);
}

int scratch_empty(const scratch_copy *copy) { return each_file(copy, empty_file); }

static int remove_file(const char *from, const char *to) {
    (void)from;
    return !unlink(to);
}

void scratch_remove(scratch_copy *copy) {
    if (!copy->folder[0]) return;
    each_file(copy, remove_file);
    rmdir(copy->folder);
    copy->folder[0] = 0;
}
