/* The promise on real ONNX models: a call returns within 50 ms of its cancel, in 99 of 100 tries, in load and run, and leaves nothing
 * behind.
 *
 *     full_tensor_cancel [--json] [--tries N] [--threads N] [MODEL.onnx [1x3x224x224]]
 *
 * Models have one input of floats. Without a model: some of those that script/model makes. One line per stage, then `N passed, N
 * failed, 0 skipped`. --json: stdout is one JSON object, {"load":{"p50_ms","p99_ms","max_ms","tries","pass"},"run"}, of one model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cancel_latency.h"

static const double kBoundMs = 50;

static int passed, failed;

typedef struct network {
    const char *path;
    prm_engine *engine;
    prm_model *model;
    prm_model_options options;
    prm_tensor in, out;
    char name[256];
    void *first; /* what it answered before anything was cancelled */
    uint64_t held_bytes;
    int loads; /* whether loading is what is ended */
} network;

static uint64_t held_bytes(prm_engine *engine) {
    prm_engine_info info = PRM_INIT(prm_engine_info);
    prm_engine_query(engine, &info);
    return info.host_bytes;
}

static uint64_t count_of(const prm_tensor *t) {
    uint64_t count = 1;
    int i;
    for (i = 0; i < t->rank; ++i) count *= (uint64_t)t->shape[i];
    return count;
}

static int32_t read_shape(const char *text, int64_t *shape) {
    int32_t rank = 0;
    char *end;
    for (; *text && rank < PRM_MAX_RANK; text = *end == 'x' ? end + 1 : end) {
        shape[rank++] = strtol(text, &end, 10);
        if (end == text) return 0;
    }
    return rank;
}

/* Room for the input, with values in it. */
static int fill_input(network *to) {
    uint64_t count = count_of(&to->in), i;
    float *values = malloc(count * sizeof *values);
    unsigned seed = 77;
    if (!values) return 0;
    for (i = 0; i < count; ++i) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(seed >> 8) / (1 << 23) - 1;
    }
    to->in.data = values;
    to->in.bytes = count * sizeof *values;
    return 1;
}

static prm_status run_it(network *on, const prm_control *control) {
    prm_tensor out = on->out;
    return prm_run(on->model, &on->in, 1, control, &out, 1);
}

/* Room for what a run says that it needs: the file may leave the output's extents open. */
static int make_room(network *to) {
    to->out.data = NULL;
    to->out.bytes = 0;
    if (prm_run(to->model, &to->in, 1, NULL, &to->out, 1) != PRM_STATUS_BUFFER_TOO_SMALL) return 0;
    to->out.bytes = count_of(&to->out) * 4;
    to->out.data = malloc(to->out.bytes);
    to->first = malloc(to->out.bytes);
    return to->out.data && to->first;
}

static int open_it(network *to, const char *path, const char *shape, int32_t threads) {
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_model_options header = PRM_INIT(prm_model_options), loaded = PRM_INIT(prm_model_options);
    memset(to, 0, sizeof *to);
    to->path = path;
    to->options = loaded;
    options.threads = threads;
    options.isa = getenv("PREMISE_ISA");
    header.flags = PRM_MODEL_HEADER_ONLY;
    if (prm_engine_open(PRM_VERSION, &options, &to->engine) != PRM_STATUS_OK) return 0;
    if (prm_model_open(to->engine, path, &header, NULL, &to->model) != PRM_STATUS_OK) return 0;
    if (prm_model_tensor(to->model, PRM_INPUT, 0, &to->in) != PRM_STATUS_OK) return 0;
    snprintf(to->name, sizeof to->name, "%s", to->in.name);
    to->in.name = to->name;
    prm_model_close(to->model);
    to->model = NULL;
    if (shape) to->in.rank = read_shape(shape, to->in.shape);
    to->options.shapes = &to->in;
    to->options.shape_count = 1;
    if (!fill_input(to)) return 0;
    if (prm_model_open(to->engine, path, &to->options, NULL, &to->model) != PRM_STATUS_OK) return 0;
    if (prm_model_tensor(to->model, PRM_OUTPUT, 0, &to->out) != PRM_STATUS_OK) return 0;
    to->out.name = NULL;
    if (!make_room(to) || run_it(to, NULL) != PRM_STATUS_OK) return 0;
    memcpy(to->first, to->out.data, to->out.bytes);
    to->held_bytes = held_bytes(to->engine);
    return 1;
}

static void close_it(network *from) {
    prm_model_close(from->model);
    prm_engine_close(from->engine);
    free(from->in.data);
    free(from->out.data);
    free(from->first);
}

static prm_status call(void *user, const prm_control *control, int64_t *first_ns) {
    network *on = user;
    prm_model *opened = NULL;
    prm_status status;
    (void)first_ns;
    if (!on->loads) return run_it(on, control);
    status = prm_model_open(on->engine, on->path, &on->options, control, &opened);
    prm_model_close(opened);
    return status;
}

/* After a cancelled run another gives the first one's bytes; not each time, for that takes as long as the run. */
static const char *check(void *user) {
    network *on = user;
    static unsigned turn;
    if (held_bytes(on->engine) != on->held_bytes) return "the engine holds other bytes than before";
    if (++turn % 16) return NULL;
    memset(on->out.data, 0, on->out.bytes);
    if (run_it(on, NULL) != PRM_STATUS_OK) return "the model does not answer any more";
    return memcmp(on->out.data, on->first, on->out.bytes) ? "the model answers otherwise" : NULL;
}

static void stage_of(network *on, int loads, int tries, FILE *json) {
    const char *name = loads ? "load" : "run", *wrong;
    ended_call of = { call, check, on, loads ? 5 : 6 };
    latency found;
    int ok;
    memset(&found, 0, sizeof found);
    on->loads = loads;
    wrong = measure_ended(&of, 0, tries, &found);
    ok = !wrong && found.tries == tries && found.p99_ms <= kBoundMs;
    if (ok) ++passed;
    else ++failed;
    fprintf(stderr, "%s: %s %s: ", ok ? "pass" : "FAIL", on->path, name);
    if (wrong) fprintf(stderr, "%s\n", wrong);
    else fprintf(stderr, "p50 %.2f ms, p99 %.2f ms, max %.2f ms of %d tries\n", found.p50_ms, found.p99_ms, found.max_ms, found.tries);
    if (json)
        fprintf(json, "%s\"%s\":{\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"tries\":%d,\"pass\":%s}", loads ? "{" : ",", name,
                found.p50_ms, found.p99_ms, found.max_ms, found.tries, ok ? "true" : "false");
}

static void check_network(const char *path, const char *shape, int32_t threads, int tries, FILE *json) {
    network on;
    if (open_it(&on, path, shape, threads)) {
        stage_of(&on, 1, tries, json);
        stage_of(&on, 0, tries, json);
        if (json) fputs("}\n", json);
    } else {
        ++failed;
        fprintf(stderr, "FAIL: %s: %s\n", path, prm_last_error());
    }
    close_it(&on);
}

int main(int argc, char **argv) {
    static const char *const known[][2] = { { "models/vision/resnet50.onnx", NULL }, { "models/ppocr/det.onnx", "1x3x640x640" } };
    const char *given[2] = { NULL, NULL };
    int count = 0, tries = 100, i, json = 0;
    int32_t threads = 1;
    for (i = 1; i < argc; ++i) {
        if (!strcmp(argv[i], "--json")) json = 1;
        else if (!strcmp(argv[i], "--tries") && i + 1 < argc) tries = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--threads") && i + 1 < argc) threads = atoi(argv[++i]);
        else if (argv[i][0] != '-' && count < 2) given[count++] = argv[i];
        else return fprintf(stderr, "usage: full_tensor_cancel [--json] [--tries N] [--threads N] [MODEL.onnx [1x3x224x224]]\n"), 2;
    }
    if (json && !count) return fprintf(stderr, "full_tensor_cancel: --json takes one model\n"), 2;
    if (count) check_network(given[0], given[1], threads, tries, json ? stdout : NULL);
    else
        for (i = 0; i < 2; ++i) check_network(known[i][0], known[i][1], threads, tries, NULL);
    if (!json) printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
