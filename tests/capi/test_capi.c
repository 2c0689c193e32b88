/* Tests of the C API, in C, against the shared library alone.
 *
 *     test_capi [--guard] [FILTER]
 *
 * FILTER: only cases whose "suite: name" contains it. --guard: under a system call filter that kills the process when it
 * opens a socket, forks or executes. The last line is `N passed, N failed, N skipped`. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guard.h"
#include "harness.h"

extern const test_suite status_suite, struct_suite, engine_suite, device_suite, model_suite, hostile_suite, text_suite,
    generate_suite, stop_suite, cancel_suite, run_suite, same_bits_suite, report_suite, memory_suite, services_suite,
    sampling_suite, stop_text_suite, session_suite, chat_suite, split_suite, folder_suite,
    abuse_suite, close_suite, fork_suite, limits_suite, turns_suite, verify_suite, tensor_suite,
    tensor_work_suite, tensor_file_suite, image_suite, tile_suite;

static int failed_now, skipped_now;

void test_fail(const char *file, int line, const char *what) {
    printf("  %s:%d: %s\n", file, line, what);
    failed_now = 1;
}

void test_fail_status(const char *file, int line, const char *call, prm_status found, const char *expected) {
    printf("  %s:%d: %s gave %s, expected %s; last error: %s\n", file, line, call, prm_status_name(found), expected,
           prm_last_error());
    failed_now = 1;
}

void test_skip(const char *reason) {
    printf("  skipped: %s\n", reason);
    skipped_now = 1;
}

static int matches(const test_suite *suite, const test_case *one, const char *filter) {
    char name[512];
    snprintf(name, sizeof name, "%s: %s", suite->name, one->name);
    return !filter || strstr(name, filter);
}

/* Leaves at once: sanitizers' checks at exit fork. */
static int leave(int code) {
    fflush(stdout);
    fflush(stderr);
    _exit(code);
}

/* 1: on; 0: not possible here; -1: it does not hold. */
static int enter_guard(void) {
    int bites = guard_bites();
    if (bites == 1 && install_guard() == 0) {
        printf("guard: on\n");
        return 1;
    }
    if (bites == 0) {
        printf("guard: a child under the filter opened a socket and lived\n0 passed, 1 failed, 0 skipped\n");
        return -1;
    }
    printf("  skipped: this system takes no seccomp filter\n0 passed, 0 failed, 1 skipped\n");
    return 0;
}

int main(int argc, char **argv) {
    const test_suite *const suites[] = { &status_suite,  &struct_suite,    &engine_suite, &device_suite,  &model_suite,
                                         &hostile_suite, &text_suite,      &generate_suite, &stop_suite,
                                         &cancel_suite,  &run_suite,       &same_bits_suite, &report_suite,
                                         &memory_suite,  &services_suite,  &sampling_suite, &stop_text_suite,
                                         &session_suite,    &chat_suite,      &split_suite,     &folder_suite,
                                         &abuse_suite,   &close_suite,     &fork_suite,     &limits_suite,
                                         &turns_suite,   &verify_suite,  &tensor_suite,     &tensor_work_suite,
                                         &tensor_file_suite, &image_suite, &tile_suite };
    size_t s, i, passed = 0, failed = 0, skipped = 0;
    int guarded = argc > 1 && !strcmp(argv[1], "--guard");
    const char *filter = argc > 1 + guarded ? argv[1 + guarded] : NULL;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    if (guarded) {
        int entered = enter_guard();
        if (entered <= 0) return entered < 0;
    }
    for (s = 0; s < sizeof suites / sizeof suites[0]; ++s)
        for (i = 0; i < suites[s]->count; ++i) {
            const test_case *one = &suites[s]->cases[i];
            if (!matches(suites[s], one, filter)) continue;
            printf("%s: %s\n", suites[s]->name, one->name);
            failed_now = skipped_now = 0;
            one->run();
            if (failed_now) ++failed;
            else if (skipped_now) ++skipped;
            else ++passed;
        }
    printf("%zu passed, %zu failed, %zu skipped\n", passed, failed, skipped);
    return guarded ? leave(failed != 0) : failed != 0;
}
