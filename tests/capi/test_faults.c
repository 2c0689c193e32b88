/* Failure loops: in each scenario (fault_scenes.c) the n-th allocation, read, open or map fails, for every n, once and from there
 * on. The call must answer with a status, leave nothing behind, and give all its bytes when it is made again.
 *
 *     test_faults [--all] [--json] [FILTER]
 *
 * Without --all: about 60 n of each loop. FILTER: loops whose "scenario, fault" contains it. --json: one line of counts at the end. Each
 * loop runs in a process of its own, so that a crash is counted. The last line is `N passed, N failed, N skipped`. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault_scenes.h"
#include "fixtures.h"
#include "scratch_copy.h"
#include "system_faults.h"

typedef struct fault {
    const char *name;
    int shelf;               /* SHELF_..., over files of a host */
    enum system_fault system;
    int allocations;         /* of a host */
    prm_status expected[3];  /* what a call may answer, beside OK; 0: no more */
    int may_differ;          /* OK with other bytes: another file is no failure */
    int harmless;            /* no call may fail */
    int once_only;
} fault;

static const fault faults[] = {
    { "host's allocator refuses", 0, 0, 1, { PRM_STATUS_OUT_OF_MEMORY }, 0, 0, 0 },
    { "host's read fails", SHELF_REFUSES, 0, 0, { PRM_STATUS_CALLBACK }, 0, 0, 0 },
    { "host's read is short", SHELF_SHORT, 0, 0, { PRM_STATUS_CALLBACK }, 0, 0, 0 },
    { "host's file is gone", SHELF_ABSENT, 0, 0, { PRM_STATUS_CALLBACK, PRM_STATUS_NOT_FOUND, PRM_STATUS_BAD_FILE }, 1, 0, 0 },
    { "host's file shrinks", SHELF_SHRINKS, 0, 0, { PRM_STATUS_CALLBACK, PRM_STATUS_BAD_FILE }, 0, 0, 0 },
    { "host's file grew", SHELF_GREW, 0, 0, { PRM_STATUS_CALLBACK, PRM_STATUS_BAD_FILE }, 0, 0, 0 },
    { "malloc refuses", 0, SYSTEM_MALLOC, 0, { PRM_STATUS_OUT_OF_MEMORY }, 0, 0, 0 },
    { "mmap and mprotect refuse", 0, SYSTEM_MAP, 0, { PRM_STATUS_OUT_OF_MEMORY }, 0, 0, 0 },
    { "pread fails", 0, SYSTEM_READ_FAILS, 0, { PRM_STATUS_IO }, 0, 0, 0 },
    { "pread is interrupted", 0, SYSTEM_READ_BREAKS, 0, { 0 }, 0, 1, 1 },
    { "pread is short", 0, SYSTEM_READ_SHORT, 0, { 0 }, 0, 1, 0 },
    { "the file is cut before a pread", 0, SYSTEM_READ_CUTS, 0, { PRM_STATUS_IO, PRM_STATUS_BAD_FILE }, 0, 0, 0 },
};
enum { FAULTS = sizeof faults / sizeof faults[0], SAMPLES = 60, BUFFER = 512 };

/* What one loop found. */
typedef struct counts {
    int64_t n, refused, survived, equal, unequal, wrong, leaks;
} counts;

typedef struct loop {
    const scenario *what;
    const fault *how;
    int onwards;
    ledger book;
    shelf files;
    prm_host host;
    scene at;
    scratch_copy copy;
    uint64_t truth;
    counts found;
} loop;

static prm_status act(loop *one) {
    one->at.digest = 14695981039346656037ull;
    return one->what->act(&one->at);
}

static void arm(loop *one, int64_t n) {
    if (one->how->allocations) {
        one->book.calls = 0;
        one->book.fail_on = one->onwards;
        one->book.fail_at = n;
    } else if (one->how->shelf) {
        one->files.calls = 0;
        one->files.fail_on = one->onwards;
        one->files.fail_at = n;
    } else {
        system_fault_arm(one->how->system, n, one->onwards);
    }
}

/* The calls that could fail since. */
static int64_t disarm(loop *one) {
    one->book.fail_at = one->files.fail_at = 0;
    if (one->how->allocations) return one->book.calls;
    if (one->how->shelf) return one->files.calls;
    return system_fault_disarm();
}

static void complain(const loop *one, int64_t n, const char *what, prm_status status) {
    if (one->found.wrong + one->found.unequal + one->found.leaks > 5) return;
    printf("  %s, %s, %s n = %lld: %s (%s: %s)\n", one->what->name, one->how->name, one->onwards ? "from" : "once", (long long)n, what,
           prm_status_name(status), status ? prm_last_error() : "");
}

static void judge(loop *one, int64_t n, prm_status status) {
    const prm_status *may = one->how->expected;
    if (status == PRM_STATUS_OK) {
        ++one->found.survived;
        if (one->at.digest == one->truth || one->how->may_differ) return;
        ++one->found.unequal;
        complain(one, n, "other bytes and no status", status);
    } else {
        ++one->found.refused;
        if (!one->how->harmless && (status == may[0] || (may[1] && status == may[1]) || (may[2] && status == may[2]))) return;
        ++one->found.wrong;
        complain(one, n, status == BROKEN_PROMISE ? "an output was written by a call that failed" : "an unexpected status", status);
    }
}

static void judge_again(loop *one, int64_t n, prm_status status) {
    if (status == PRM_STATUS_OK && one->at.digest == one->truth) {
        ++one->found.equal;
        return;
    }
    ++one->found.unequal;
    complain(one, n, "the same call again gave something else", status);
}

static void count_leaks(loop *one, int64_t n, int64_t blocks, int open) {
    if (one->book.blocks == blocks && one->files.open == open && !one->book.wrong) return;
    ++one->found.leaks;
    complain(one, n, "something stays behind", 0);
    one->book.wrong = 0;
}

/* Where the system's allocator is to fail the host must have none. */
static void set_services(loop *one) {
    prm_host none = PRM_INIT(prm_host);
    one->host = none;
    if (one->how->system != SYSTEM_MALLOC) {
        one->host.memory_user = &one->book;
        one->host.alloc = ledger_alloc;
        one->host.release = ledger_release;
    }
    if (!one->how->shelf) return;
    one->files.how = one->how->shelf;
    one->host.file_user = &one->files;
    one->host.file_open = shelf_open;
    one->host.file_read = shelf_read;
    one->host.file_close = shelf_close;
}

static int prepare(loop *one) {
    const char *path = NULL;
    set_services(one);
    if (one->how->system == SYSTEM_READ_CUTS) {
        if (!scratch_make(&one->copy, one->what->path)) return 0;
        path = one->copy.model;
    }
    if (scene_open(&one->at, one->what, path, &one->host) || act(one)) {
        printf("  %s: %s\n", one->what->name, prm_last_error());
        return 0;
    }
    one->truth = one->at.digest;
    return 1;
}

static void walk(loop *one, int all) {
    int64_t n, blocks = one->book.blocks, total, step;
    int open = one->files.open;
    arm(one, 0);
    act(one);
    total = disarm(one);
    step = all ? 1 : total / SAMPLES + 1;
    for (n = 1; n <= total; n += step) {
        prm_status status;
        arm(one, n);
        status = act(one);
        disarm(one);
        ++one->found.n;
        judge(one, n, status);
        count_leaks(one, n, blocks, open);
        if (one->how->system == SYSTEM_READ_CUTS && !scratch_restore(&one->copy)) ++one->found.wrong;
        judge_again(one, n, act(one));
        count_leaks(one, n, blocks, open);
    }
}

static counts run_loop(const scenario *what, const fault *how, int onwards, int all) {
    static loop one;
    memset(&one, 0, sizeof one);
    one.what = what;
    one.how = how;
    one.onwards = onwards;
    if (prepare(&one)) walk(&one, all);
    else ++one.found.wrong;
    scene_close(&one.at);
    count_leaks(&one, 0, 0, 0);
    scratch_remove(&one.copy);
    return one.found;
}

/* In a process of its own; 0 when that crashed. */
static int run_apart(const scenario *what, const fault *how, int onwards, int all, counts *found) {
    int ends[2], status = 0;
    pid_t child;
    ssize_t got;
    memset(found, 0, sizeof *found);
    if (pipe(ends)) return 0;
    fflush(stdout);
    child = fork();
    if (child == 0) {
        counts mine = run_loop(what, how, onwards, all);
        fflush(stdout);
        _exit(write(ends[1], &mine, sizeof mine) != sizeof mine);
    }
    close(ends[1]);
    got = child > 0 ? read(ends[0], found, sizeof *found) : 0;
    close(ends[0]);
    if (child > 0) waitpid(child, &status, 0);
    return got == sizeof *found && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void add(counts *to, const counts *from) {
    to->n += from->n, to->refused += from->refused, to->survived += from->survived, to->equal += from->equal;
    to->unequal += from->unequal, to->wrong += from->wrong, to->leaks += from->leaks;
}

static void print_counts(FILE *to, const counts *found, int crashes) {
    const struct { const char *key; int64_t value; } list[] = {
        { "n", found->n }, { "refused", found->refused }, { "survived", found->survived }, { "equal", found->equal },
        { "unequal", found->unequal }, { "wrong", found->wrong }, { "leaks", found->leaks }, { "crashes", crashes },
    };
    size_t i;
    for (i = 0; i < sizeof list / sizeof list[0]; ++i) fprintf(to, "%s\"%s\":%lld", i ? "," : "", list[i].key, (long long)list[i].value);
}

typedef struct tally {
    counts all;
    int crashes, passed, failed, skipped;
    FILE *json; /* an object a loop */
} tally;

static void run_counted(tally *to, const scenario *what, const fault *how, int onwards, int all) {
    counts found;
    int64_t begin = prm_now_ns();
    int lived = run_apart(what, how, onwards, all, &found), good;
    good = lived && !found.unequal && !found.wrong && !found.leaks;
    to->passed += good, to->failed += !good, to->crashes += !lived;
    add(&to->all, &found);
    printf("%s, %s %s: %lld n, %lld refused, %lld survived%s (%lld ms)%s\n", what->name, how->name, onwards ? "from n on" : "once", (long long)found.n,
           (long long)found.refused, (long long)found.survived, lived ? "" : ", CRASHED", (long long)((prm_now_ns() - begin) / 1000000),
           good ? "" : ": FAILED");
    fprintf(to->json, "%s{\"scenario\":\"%s\",\"fault\":\"%s\",\"onwards\":%s,", to->passed + to->failed > 1 ? "," : "", what->name, how->name,
            onwards ? "true" : "false");
    print_counts(to->json, &found, !lived);
    fputs("}", to->json);
}

/* A file that is emptied when its model is open: what runs has all that it needs. Files are read, never mapped. */
static int runs_without_file(const char *path, const char *isa) {
    static answer truth, text;
    prm_engine_options with = PRM_INIT(prm_engine_options);
    prm_prompt prompt = text_prompt("The quick brown fox jumps over the lazy dog.");
    prm_engine *engine = NULL;
    prm_model *model = NULL;
    scratch_copy copy;
    int good;
    with.isa = isa;
    with.threads = 1;
    good = scratch_make(&copy, path) && !prm_engine_open(PRM_VERSION, &with, &engine) && !prm_model_open(engine, copy.model, NULL, NULL, &model);
    if (good) {
        prm_generate_options options = collecting(&truth, 8);
        good = !prm_generate(model, &prompt, &options, NULL, NULL) && scratch_empty(&copy);
        options = collecting(&text, 8);
        good = good && !prm_generate(model, &prompt, &options, NULL, NULL) && same_answer(&truth, &text);
    }
    if (!good) printf("  %s, %s: %s\n", path, isa ? isa : "best", prm_last_error());
    prm_model_close(model);
    prm_engine_close(engine);
    scratch_remove(&copy);
    return good;
}

static void run_without_files(tally *to) {
    int i, k;
    for (i = 0; i < FAULT_SCENARIOS; ++i)
        for (k = 0; k < 2 && strstr(fault_scenarios[i].name, "load"); ++k) {
            int good = runs_without_file(fault_scenarios[i].path, k ? "scalar" : NULL);
            to->passed += good, to->failed += !good;
            printf("%s, the file is emptied behind it, %s: %s\n", fault_scenarios[i].name, k ? "scalar" : "best", good ? "the same text" : "FAILED");
        }
}

int main(int argc, char **argv) {
    tally total = { { 0 }, 0, 0, 0, 0, NULL };
    int i, k, onwards, all = 0, as_json = 0;
    const char *filter = NULL;
    char *loops = NULL;
    size_t size = 0;
    for (i = 1; i < argc; ++i) {
        if (!strcmp(argv[i], "--all")) all = 1;
        else if (!strcmp(argv[i], "--json")) as_json = 1;
        else filter = argv[i];
    }
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    total.json = open_memstream(&loops, &size);
    for (i = 0; i < FAULT_SCENARIOS; ++i)
        for (k = 0; k < FAULTS; ++k)
            for (onwards = 0; onwards < 2; ++onwards) {
                char name[BUFFER];
                snprintf(name, sizeof name, "%s, %s", fault_scenarios[i].name, faults[k].name);
                if ((filter && !strstr(name, filter)) || (onwards && faults[k].once_only)) continue;
                if (!system_fault_possible(faults[k].system)) {
                    if (!onwards) printf("  skipped: %s: the sanitizers bring an allocator of their own\n", name);
                    ++total.skipped;
                    continue;
                }
                run_counted(&total, &fault_scenarios[i], &faults[k], onwards, all);
            }
    fclose(total.json);
    if (!filter) run_without_files(&total);
    if (as_json) {
        printf("{");
        print_counts(stdout, &total.all, total.crashes);
        printf(",\"loops\":[%s]}\n", loops);
    }
    free(loops);
    printf("%d passed, %d failed, %d skipped\n", total.passed, total.failed, total.skipped);
    return total.failed != 0;
}
