/* Every function of the header called wrongly, at least five times each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abuse.h"
#include "fixtures.h"
#include "harness.h"

enum { LEAST = 5, MOST_FUNCTIONS = 128, NAME = 64 };

typedef struct tally {
    char name[NAME];
    int cases;
} tally;
static tally tallies[MOST_FUNCTIONS];
static int functions, wrong_calls;

static void count(const char *function) {
    int i;
    for (i = 0; i < functions && strcmp(tallies[i].name, function); ++i) {}
    if (i == MOST_FUNCTIONS) return;
    if (i == functions) snprintf(tallies[functions++].name, NAME, "%s", function);
    ++tallies[i].cases;
    ++wrong_calls;
}

static int cases_of(const char *function) {
    int i;
    for (i = 0; i < functions; ++i)
        if (!strcmp(tallies[i].name, function)) return tallies[i].cases;
    return 0;
}

void abuse_seen(const char *file, int line, const char *function, const char *what, prm_status found, prm_status expected) {
    count(function);
    if (found == expected && (found == PRM_STATUS_OK || *prm_last_error())) return;
    printf("  %s: %s: %s, expected %s\n", function, what, prm_status_name(found), prm_status_name(expected));
    test_fail(file, line, prm_last_error());
}

void abuse_held(const char *file, int line, const char *function, const char *what, int holds) {
    count(function);
    if (holds) return;
    printf("  %s: %s\n", function, what);
    test_fail(file, line, "does not hold");
}

static const char PROMPT[] = "the hand";
static answer truth;

int victims_open(victims *on) {
    prm_model_options options = PRM_INIT(prm_model_options), header = PRM_INIT(prm_model_options);
    prm_generate_options generate = collecting(&truth, 6);
    prm_prompt prompt = text_prompt(PROMPT);
    memset(on, 0, sizeof *on);
    options.context = 256;
    options.sessions = 2;
    header.flags = PRM_MODEL_HEADER_ONLY;
    on->engine = open_engine(1);
    on->closed_engine = open_engine(0);
    on->model = open_model(on->engine, QUANTIZED, &options);
    on->closed_model = open_model(on->engine, GEMMA, NULL);
    on->header = open_model(on->engine, QWEN, &header);
    if (prm_session_open(on->model, NULL, NULL, &on->session) || prm_session_open(on->model, NULL, NULL, &on->closed_session)) return 0;
    if (prm_cancel_open(&on->cancel) || prm_cancel_open(&on->closed_cancel)) return 0;
    prm_engine_close(on->closed_engine);
    prm_model_close(on->closed_model);
    prm_session_close(on->closed_session);
    prm_cancel_close(on->closed_cancel);
    return on->header && !prm_generate(on->model, &prompt, &generate, NULL, NULL);
}

void victims_close(victims *on) {
    prm_session_close(on->session);
    prm_cancel_close(on->cancel);
    prm_model_close(on->header);
    prm_model_close(on->model);
    prm_engine_close(on->engine);
}

int victims_well(const victims *on) {
    static answer now;
    prm_generate_options generate = collecting(&now, 6);
    prm_prompt prompt = text_prompt(PROMPT);
    return !prm_generate(on->model, &prompt, &generate, NULL, NULL) && same_answer(&truth, &now);
}

static void run_group(void (*group)(const victims *on)) {
    static victims on;
    CHECK(victims_open(&on));
    group(&on);
    CHECK(victims_well(&on));
    victims_close(&on);
}

static void engines(void) { run_group(abuse_of_engines); }
static void models(void) { run_group(abuse_of_models); }
static void texts(void) { run_group(abuse_of_texts); }
static void runs(void) { run_group(abuse_of_runs); }
static void sessions(void) { run_group(abuse_of_sessions); }
static void tensors(void) { run_group(abuse_of_tensors); }
static void images(void) { run_group(abuse_of_images); }

/* The header is read, so that a function which came without wrong calls is missed. */
static void every_function_was_abused(void) {
    bytes header = read_file(PREMISE_HEADER);
    const char *at;
    int found = 0;
    CHECK(header.data);
    if (!wrong_calls) {
        free(header.data);
        SKIP("the wrong calls were filtered out");
    }
    header.data[header.size - 1] = 0;
    for (at = strstr((const char *)header.data, "\nPRM_API "); at; at = strstr(at + 1, "\nPRM_API ")) {
        const char *open = strchr(at, '('), *name = open;
        char function[NAME];
        while (name[-1] != ' ' && name[-1] != '*') --name;
        snprintf(function, sizeof function, "%.*s", (int)(open - name), name);
        ++found;
        if (cases_of(function) < LEAST) {
            printf("  %s has %d wrong calls, expected %d\n", function, cases_of(function), LEAST);
            test_fail(__FILE__, __LINE__, function);
        }
    }
    free(header.data);
    printf("  %d functions, %d wrong calls\n", found, wrong_calls);
    CHECK(found > 20 && functions == found);
}

static const test_case cases[] = {
    { "engines, cancel tokens and what needs no handle", engines },
    { "models", models },
    { "texts and tokens", texts },
    { "runs and generated text", runs },
    { "sessions", sessions },
    { "tensor models", tensors },
    { "images", images },
    { "every function of the header has five wrong calls", every_function_was_abused },
};
extern const test_suite abuse_suite;
const test_suite abuse_suite = SUITE("abuse", cases);
