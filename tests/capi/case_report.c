/* Reports: valid JSON, sizes, which handle answers which. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"
#include "json_check.h"

static void the_checker_knows_json(void) {
    static const char *const good[] = { "{}", " [1, -0.5e+3, \"a\\u00e9\\n\", null, true, {\"k\": []}] ",
                                        "\"\xc3\xa9\"", "0" };
    static const char *const bad[] = { "",      "{",        "{\"a\":}",        "[1,]",    "01",
                                       "nul",   "\"\x01\"", "\"\xc3\"",        "\"\\x\"", "1 2",
                                       "{1:2}", "+1",       "\"\xed\xa0\x80\"" };
    size_t i;
    for (i = 0; i < sizeof good / sizeof good[0]; ++i)
        if (!is_json(good[i], strlen(good[i]))) test_fail(__FILE__, __LINE__, good[i]);
    for (i = 0; i < sizeof bad / sizeof bad[0]; ++i)
        if (is_json(bad[i], strlen(bad[i]))) test_fail(__FILE__, __LINE__, bad[i]);
}

/* One way to ask, whichever the handle. */
static prm_status report(prm_engine *engine, prm_model *model, prm_report what, char *buffer, size_t capacity,
                         size_t *size) {
    return model ? prm_model_report(model, what, buffer, capacity, size)
                 : prm_engine_report(engine, what, buffer, capacity, size);
}

/* The report, its sizes checked on the way; free(). */
static char *ask_then_fill(prm_engine *engine, prm_model *model, prm_report what) {
    size_t need = 0, size = 0;
    char *text;
    if (report(engine, model, what, NULL, 0, &need) != PRM_STATUS_BUFFER_TOO_SMALL || !need) return NULL;
    text = malloc(need + 2);
    if (!text) return NULL;
    memset(text, '#', need + 2);
    if (report(engine, model, what, text, need, &size) == PRM_STATUS_BUFFER_TOO_SMALL && size == need &&
        text[0] == '#' && report(engine, model, what, text, need + 1, &size) == PRM_STATUS_OK && size == need &&
        strlen(text) == need && text[need + 1] == '#')
        return text;
    free(text);
    return NULL;
}

static void check_json(prm_engine *engine, prm_model *model, prm_report what, const char *const *keys) {
    char *text = ask_then_fill(engine, model, what), quoted[64];
    CHECK(text);
    CHECK(is_json(text, strlen(text)) && text[0] == '{');
    for (; *keys; ++keys) {
        strcpy(quoted, "\"");
        strcat(strcat(quoted, *keys), "\":");
        if (!contains(text, quoted)) test_fail(__FILE__, __LINE__, *keys);
    }
    free(text);
}

static void capabilities(void) {
    static const char *const keys[] = { "version",       "isa",        "devices", "formats", "types",
                                        "architectures", "tokenizers", "ops",     NULL };
    prm_engine *engine = open_engine(0);
    CHECK(engine);
    check_json(engine, NULL, PRM_REPORT_CAPABILITIES, keys);
    prm_engine_close(engine);
}

static void inspection(void) {
    static const char *const keys[] = {
        "kind", "arch", "metadata", "tensors", "types", "inputs", "outputs", "ops", NULL
    };
    int which;
    for (which = 0; which < MODEL_COUNT; ++which) {
        prm_model *model = open_simple(which, 0, 0, 0);
        CHECK(model);
        check_json(NULL, model, PRM_REPORT_INSPECT, keys);
        prm_model_close(model);
    }
}

static void placement(void) {
    static const char *const keys[] = { "device", "weights_bytes", "kv_bytes", "scratch_bytes", "kv_tokens", "launches", NULL };
    prm_model *model = open_simple(QUANTIZED, 0, 0, 0);
    CHECK(model);
    check_json(NULL, model, PRM_REPORT_PLACEMENT, keys);
    prm_model_close(model);
}

static void a_graph_has_a_line_a_node(void) {
    prm_model *model = open_simple(GEMMA, 0, 0, 0);
    char *text, *line;
    size_t lines = 0;
    CHECK(model);
    CHECK((text = ask_then_fill(NULL, model, PRM_REPORT_GRAPH)) != NULL);
    for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) ++lines;
    CHECK(lines > 20);
    free(text);
    prm_model_close(model);
}

static void unknown_reports_are_refused(void) {
    prm_engine *engine = open_engine(0);
    prm_model *model = open_model(engine, QWEN, NULL);
    prm_report wrong[] = { 0, -1, 999, INT32_MAX };
    char text[16] = "#";
    size_t i, size = 5;
    CHECK(model);
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
        CHECK_STATUS(prm_engine_report(engine, wrong[i], text, sizeof text, &size), PRM_STATUS_INVALID_ARGUMENT);
        CHECK_STATUS(prm_model_report(model, wrong[i], text, sizeof text, &size), PRM_STATUS_INVALID_ARGUMENT);
    }
    CHECK_STATUS(prm_engine_report(engine, PRM_REPORT_INSPECT, text, sizeof text, &size), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_model_report(model, PRM_REPORT_CAPABILITIES, text, sizeof text, &size),
                 PRM_STATUS_INVALID_ARGUMENT);
    CHECK(size == 5 && text[0] == '#');
    prm_model_close(model);
    prm_engine_close(engine);
}

static const test_case cases[] = {
    { "the checker knows JSON", the_checker_knows_json },
    { "capabilities of an engine", capabilities },
    { "inspection of a model", inspection },
    { "placement of a model", placement },
    { "a graph has a line a node", a_graph_has_a_line_a_node },
    { "unknown reports are refused", unknown_reports_are_refused },
};
const test_suite report_suite = SUITE("report", cases);
