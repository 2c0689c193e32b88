/* Wrong calls of prm_run and prm_generate. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "abuse.h"
#include "fixtures.h"

enum { T = 3, ROOM = 4096 };
static const int32_t ids[T] = { 5, 6, 7 };
static float logits[T * ROOM];

static prm_tensor good_in(void) { return tokens_tensor(ids, 0, T); }
static prm_tensor good_out(void) { return logits_tensor(logits, T * ROOM); }

static void of_run_inputs(const victims *on) {
    prm_tensor in = good_in(), out = good_out();
#define OF_INPUT(what, expected) \
    do { \
        WRONG(prm_run, what, expected, prm_run(on->model, &in, 1, NULL, &out, 1)); \
        in = good_in(), out = good_out(); \
    } while (0)
    in.data = NULL;
    OF_INPUT("tokens.data is NULL", INVALID_ARGUMENT);
    in.bytes = 4;
    OF_INPUT("tokens.bytes is smaller than the shape", INVALID_ARGUMENT);
    in.rank = -1;
    OF_INPUT("rank -1", INVALID_ARGUMENT);
    in.rank = INT32_MAX;
    OF_INPUT("rank INT32_MAX", INVALID_ARGUMENT);
    in.dtype = 4711;
    OF_INPUT("dtype 4711", INVALID_ARGUMENT);
    in.shape[0] = 0;
    OF_INPUT("no tokens", INVALID_ARGUMENT);
    in.shape[0] = INT64_MAX;
    OF_INPUT("INT64_MAX tokens", INVALID_ARGUMENT);
    in.shape[0] = INT64_MIN;
    OF_INPUT("INT64_MIN tokens", INVALID_ARGUMENT);
    in.stride[0] = 2;
    OF_INPUT("tokens with gaps", INVALID_ARGUMENT);
    in.device = 1;
    OF_INPUT("another device", INVALID_ARGUMENT);
    in.reserved[1] = 1;
    OF_INPUT("reserved is set", INVALID_ARGUMENT);
    in.name = "pixels";
    OF_INPUT("an input that the model lacks", NOT_FOUND);
#undef OF_INPUT
}

static void of_run_outputs(const victims *on) {
    prm_tensor in = good_in(), out = good_out();
    prm_control control = PRM_INIT(prm_control);
    WRONG(prm_run, "model is NULL", INVALID_ARGUMENT, prm_run(NULL, &in, 1, NULL, &out, 1));
    WRONG(prm_run, "model is closed", INVALID_ARGUMENT, prm_run(on->closed_model, &in, 1, NULL, &out, 1));
    WRONG(prm_run, "model is an engine", INVALID_ARGUMENT, prm_run((prm_model *)on->engine, &in, 1, NULL, &out, 1));
    WRONG(prm_run, "inputs are NULL", INVALID_ARGUMENT, prm_run(on->model, NULL, 1, NULL, &out, 1));
    WRONG(prm_run, "SIZE_MAX inputs", INVALID_ARGUMENT, prm_run(on->model, &in, SIZE_MAX, NULL, &out, 1));
    WRONG(prm_run, "no outputs", INVALID_ARGUMENT, prm_run(on->model, &in, 1, NULL, NULL, 0));
    WRONG(prm_run, "a header alone", UNSUPPORTED, prm_run(on->header, &in, 1, NULL, &out, 1));
    out = good_out();
    out.data = NULL;
    WRONG(prm_run, "an output without data", BUFFER_TOO_SMALL, prm_run(on->model, &in, 1, NULL, &out, 1));
    out = good_out();
    out.dtype = PRM_DTYPE_I32;
    WRONG(prm_run, "an output of integers", INVALID_ARGUMENT, prm_run(on->model, &in, 1, NULL, &out, 1));
    out = good_out();
    control.struct_size = UINT32_MAX;
    WRONG(prm_run, "control.struct_size UINT32_MAX", INVALID_ARGUMENT, prm_run(on->model, &in, 1, &control, &out, 1));
    control.struct_size = sizeof control;
    control.cancel = on->closed_cancel;
    WRONG(prm_run, "a closed cancel token", INVALID_ARGUMENT, prm_run(on->model, &in, 1, &control, &out, 1));
}

static void of_generate_options(const victims *on) {
    const prm_prompt prompt = text_prompt("the hand");
    prm_generate_options fresh = PRM_INIT(prm_generate_options), options;
    prm_bias bias = { 5, NAN };
    int32_t beyond = INT32_MAX;
    prm_text stop = PRM_TEXT("");
    options = fresh;
#define OF_OPTIONS(what, expected) \
    do { \
        WRONG(prm_generate, what, expected, prm_generate(on->model, &prompt, &options, NULL, NULL)); \
        options = fresh; \
    } while (0)
    options.struct_size = 1;
    OF_OPTIONS("struct_size 1", INVALID_ARGUMENT);
    options.struct_size = UINT32_MAX;
    OF_OPTIONS("struct_size UINT32_MAX", INVALID_ARGUMENT);
    options.flags = 1 << 20;
    OF_OPTIONS("an unknown flag", UNSUPPORTED);
    options.max_tokens = -1;
    OF_OPTIONS("max_tokens -1", INVALID_ARGUMENT);
    options.temperature = NAN;
    OF_OPTIONS("temperature NaN", INVALID_ARGUMENT);
    options.top_p = INFINITY;
    OF_OPTIONS("top_p infinity", INVALID_ARGUMENT);
    options.penalty_tokens = INT32_MIN;
    OF_OPTIONS("penalty_tokens INT32_MIN", INVALID_ARGUMENT);
    options.logprobs = 1;
    OF_OPTIONS("logprobs without on_logprobs", INVALID_ARGUMENT);
    options.stops = &stop;
    options.stop_count = SIZE_MAX;
    OF_OPTIONS("SIZE_MAX stops", INVALID_ARGUMENT);
    options.stops = &stop;
    options.stop_count = 1;
    OF_OPTIONS("an empty stop", INVALID_ARGUMENT);
    options.stop_tokens = &beyond;
    options.stop_token_count = 1;
    OF_OPTIONS("a stop token beyond the vocabulary", INVALID_ARGUMENT);
    options.biases = &bias;
    options.bias_count = 1;
    OF_OPTIONS("a bias of NaN", INVALID_ARGUMENT);
    options.biases = &bias;
    options.bias_count = SIZE_MAX;
    OF_OPTIONS("SIZE_MAX biases", INVALID_ARGUMENT);
    options.session = on->closed_session;
    OF_OPTIONS("a closed session", INVALID_ARGUMENT);
    options.session = (prm_session *)on->model;
    OF_OPTIONS("a model as session", INVALID_ARGUMENT);
    options.session = GARBAGE(prm_session);
    OF_OPTIONS("garbage as session", INVALID_ARGUMENT);
#undef OF_OPTIONS
}

static void of_generate_handles(const victims *on) {
    const int32_t wrong[] = { 5, -7, 6 };
    prm_prompt prompt = text_prompt("the hand"), tokens = token_prompt(wrong, 3);
    prm_request_info info = PRM_INIT(prm_request_info);
    WRONG(prm_generate, "model is NULL", INVALID_ARGUMENT, prm_generate(NULL, &prompt, NULL, NULL, NULL));
    WRONG(prm_generate, "model is closed", INVALID_ARGUMENT, prm_generate(on->closed_model, &prompt, NULL, NULL, NULL));
    WRONG(prm_generate, "model is garbage", INVALID_ARGUMENT, prm_generate(GARBAGE(prm_model), &prompt, NULL, NULL, NULL));
    WRONG(prm_generate, "prompt is NULL", INVALID_ARGUMENT, prm_generate(on->model, NULL, NULL, NULL, NULL));
    WRONG(prm_generate, "a header alone", UNSUPPORTED, prm_generate(on->header, &prompt, NULL, NULL, NULL));
    WRONG(prm_generate, "tokens beyond the vocabulary", INVALID_ARGUMENT, prm_generate(on->model, &tokens, NULL, NULL, NULL));
    tokens.token_count = SIZE_MAX;
    WRONG(prm_generate, "SIZE_MAX tokens", LIMIT, prm_generate(on->model, &tokens, NULL, NULL, NULL));
    info.struct_size = 0;
    WRONG(prm_generate, "info.struct_size 0", INVALID_ARGUMENT, prm_generate(on->model, &prompt, NULL, NULL, &info));
}

typedef struct nested {
    const victims *on;
    prm_status query, generate, run, open, truncate;
    int asked;
} nested;

static int32_t call_from_token(void *user, int32_t token) {
    nested *inside = user;
    prm_model_info info = PRM_INIT(prm_model_info);
    prm_prompt prompt = text_prompt("the");
    prm_tensor in = good_in(), out = good_out();
    (void)token;
    if (inside->asked++) return 0;
    inside->query = prm_model_query(inside->on->model, &info);
    inside->generate = prm_generate(inside->on->model, &prompt, NULL, NULL, NULL);
    inside->run = prm_run(inside->on->model, &in, 1, NULL, &out, 1);
    inside->truncate = prm_session_truncate(inside->on->session, 0);
    inside->open = prm_model_open(inside->on->engine, "no such file", NULL, NULL, NULL);
    return 0;
}

/* Without an answer of its own such a call would wait for itself. */
static void of_callbacks(const victims *on) {
    nested inside = { on, -1, -1, -1, -1, -1, 0 };
    prm_prompt prompt = text_prompt("the hand");
    prm_generate_options options = PRM_INIT(prm_generate_options);
    options.max_tokens = 3;
    options.flags = PRM_GENERATE_IGNORE_END;
    options.on_token = call_from_token;
    options.user = &inside;
    options.session = on->session;
    WRONG(prm_generate, "calls in on_token", OK, prm_generate(on->model, &prompt, &options, NULL, NULL));
    WRONG(prm_model_query, "in a callback", OK, inside.query);
    WRONG(prm_generate, "in a callback of the same model", INVALID_STATE, inside.generate);
    WRONG(prm_run, "in a callback of the same model", INVALID_STATE, inside.run);
    WRONG(prm_session_truncate, "in a callback of the call that uses it", INVALID_STATE, inside.truncate);
    WRONG(prm_model_open, "in a callback", INVALID_ARGUMENT, inside.open);
    prm_session_truncate(on->session, 0);
}

void abuse_of_runs(const victims *on) {
    of_run_inputs(on);
    of_run_outputs(on);
    of_generate_options(on);
    of_generate_handles(on);
    of_callbacks(on);
}
