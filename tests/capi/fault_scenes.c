#include "fault_scenes.h"

#include <string.h>

#include "fixtures.h"

enum { TOKENS = 8, REPORT_ROOM = 1 << 20, LONG_TEXT = 20000, PREFILLED = 40, VOCABULARY_ROOM = 4096 };

static uint64_t digest_of(uint64_t seed, const void *data, size_t size) {
    const unsigned char *at = data;
    size_t i;
    for (i = 0; i < size; ++i) seed = (seed ^ at[i]) * UINT64_C(1099511628211);
    return seed;
}

static void add_answer(scene *at, const answer *text) {
    at->digest = digest_of(at->digest, text->tokens, text->token_count * sizeof text->tokens[0]);
    at->digest = digest_of(at->digest, text->text, text->size);
}

static prm_status open_small(scene *at, int32_t sessions, prm_model **model) {
    prm_model_options options = PRM_INIT(prm_model_options);
    prm_status status;
    options.context = 256;
    options.chunk_tokens = 16;
    options.sessions = sessions;
    status = prm_model_open(at->engine, at->path, &options, NULL, model);
    return status && *model ? BROKEN_PROMISE : status;
}

static prm_status generate_some(scene *at, prm_model *model, prm_session *session, const prm_prompt *prompt, int32_t count) {
    static answer text;
    prm_generate_options options = sampling(&text, count, 11);
    prm_status status;
    options.session = session;
    status = prm_generate(model, prompt, &options, NULL, NULL);
    if (!status) add_answer(at, &text);
    return status;
}

static prm_status act_engine(scene *at) {
    static char report[REPORT_ROOM];
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_engine *engine = NULL;
    prm_status status;
    size_t size = 0;
    options.host = at->host;
    options.threads = 2;
    status = prm_engine_open(PRM_VERSION, &options, &engine);
    if (status && engine) return BROKEN_PROMISE;
    if (!status) status = prm_engine_report(engine, PRM_REPORT_CAPABILITIES, report, sizeof report, &size);
    if (!status) at->digest = digest_of(at->digest, report, size);
    prm_engine_close(engine);
    return status;
}

static prm_status act_load(scene *at) {
    prm_prompt prompt = text_prompt("The quick brown fox jumps over the lazy dog.");
    prm_model *model = NULL;
    prm_status status = open_small(at, 0, &model);
    if (!status) status = generate_some(at, model, NULL, &prompt, TOKENS);
    prm_model_close(model);
    return status;
}

/* Two sequences in one call. */
static prm_status act_prefill(scene *at) {
    static float logits[PREFILLED * VOCABULARY_ROOM];
    static int32_t ids[PREFILLED];
    prm_tensor in = tokens_tensor(ids, 2, PREFILLED / 2), out = logits_tensor(logits, sizeof logits / sizeof logits[0]);
    prm_status status;
    fill_ids(ids, PREFILLED, 5);
    status = prm_run(at->model, &in, 1, NULL, &out, 1);
    if (!status) at->digest = digest_of(at->digest, logits, (size_t)out.bytes);
    return status;
}

static prm_status act_generate(scene *at) {
    prm_prompt prompt = text_prompt("Once upon a time there was a number, which was all there was, and it went on.");
    return generate_some(at, at->model, NULL, &prompt, TOKENS);
}

static prm_status act_sessions(scene *at) {
    prm_prompt first = text_prompt("One goes first"), second = text_prompt("another one second"), more = text_prompt(" and on");
    prm_session *sessions[2] = { NULL, NULL };
    prm_status status = prm_session_open(at->model, NULL, NULL, &sessions[0]);
    if (!status) status = prm_session_open(at->model, NULL, NULL, &sessions[1]);
    if (!status) status = generate_some(at, at->model, sessions[0], &first, TOKENS / 2);
    if (!status) status = generate_some(at, at->model, sessions[1], &second, TOKENS / 2);
    if (!status) status = generate_some(at, at->model, sessions[0], &more, TOKENS / 2);
    if (!status) status = generate_some(at, at->model, sessions[1], &more, TOKENS / 2);
    prm_session_close(sessions[0]);
    prm_session_close(sessions[1]);
    return status;
}

static const char *long_text(void) {
    static char text[LONG_TEXT + 1];
    size_t i;
    for (i = 0; i < LONG_TEXT; ++i) text[i] = i % 7 == 6 ? ' ' : (char)('a' + i * i % 26);
    return text;
}

/* Its tokens outgrow what the model holds for them: the next call must not notice, however far they came. */
static prm_status act_overlong(scene *at) {
    prm_prompt too_long = text_prompt(long_text());
    prm_status status = generate_some(at, at->model, NULL, &too_long, TOKENS);
    return status == PRM_STATUS_CONTEXT_FULL ? act_generate(at) : status;
}

static const char chatml[] =
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content | trim + '<|im_end|>\\n' }}{% endfor %}"
    "{% if tools %}{{ tools | tojson }}{% endif %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

static prm_status act_chat(scene *at) {
    static char rendered[4 * LONG_TEXT];
    prm_message messages[2];
    prm_prompt prompt = PRM_INIT(prm_prompt);
    prm_status status;
    size_t size = 0;
    memset(messages, 0, sizeof messages);
    messages[0].role = "system";
    messages[0].text = PRM_TEXT(long_text());
    messages[1].role = "user";
    messages[1].text = PRM_TEXT("What is it?");
    prompt.messages = messages;
    prompt.message_count = 2;
    prompt.template_text = chatml;
    prompt.tools_json = "[{\"name\": \"look \\u00e4\", \"parameters\": {\"at\": [1, 2.5, null]}}]";
    status = prm_prompt_render(at->model, &prompt, rendered, sizeof rendered, &size);
    if (!status) at->digest = digest_of(at->digest, rendered, size);
    messages[0].text = PRM_TEXT("Be short.");
    if (!status) status = generate_some(at, at->model, NULL, &prompt, TOKENS);
    return status;
}

static prm_status act_text(scene *at) {
    static int32_t ids[3 * LONG_TEXT + 2];
    static char room[REPORT_ROOM];
    static const prm_report reports[] = { PRM_REPORT_INSPECT, PRM_REPORT_PLACEMENT, PRM_REPORT_GRAPH };
    prm_prompt prompt = text_prompt(long_text());
    size_t count = 0, size = 0, i;
    prm_status status = prm_tokenize(at->model, &prompt, ids, sizeof ids / sizeof ids[0], &count);
    if (!status) status = prm_detokenize(at->model, ids, count, 0, room, sizeof room, &size);
    if (!status) at->digest = digest_of(digest_of(at->digest, ids, count * sizeof ids[0]), room, size);
    for (i = 0; i < 3 && !status; ++i) {
        status = prm_model_report(at->model, reports[i], room, sizeof room, &size);
        if (!status) at->digest = digest_of(at->digest, room, size);
    }
    if (!status) status = prm_model_plan(at->model, NULL, NULL, room, sizeof room, &size);
    if (!status) at->digest = digest_of(at->digest, room, size);
    return status;
}

/* Opened for no shape, run for two, described. */
static prm_status act_tensors(scene *at) {
    static float values[3 * 16], got[3 * 16];
    static char report[REPORT_ROOM];
    prm_model *model = NULL;
    prm_status status = prm_model_open(at->engine, at->path, NULL, NULL, &model);
    int64_t n;
    size_t size = 0, i;
    if (status && model) return BROKEN_PROMISE;
    for (i = 0; i < sizeof values / sizeof values[0]; ++i) values[i] = (float)i * 0.25f - 4;
    for (n = 4; n <= 16 && !status; n += 12) {
        prm_tensor in, out;
        memset(&in, 0, sizeof in);
        in.name = "x";
        in.data = values;
        in.bytes = sizeof values;
        in.dtype = PRM_DTYPE_F32;
        in.rank = 2;
        in.shape[0] = n;
        in.shape[1] = 3;
        memset(&out, 0, sizeof out);
        out.name = "y";
        out.data = got;
        out.bytes = sizeof got;
        got[0] = -1;
        status = prm_run(model, &in, 1, NULL, &out, 1);
        if (status && (got[0] != -1 || out.bytes != sizeof got)) status = BROKEN_PROMISE;
        if (!status) at->digest = digest_of(at->digest, got, (size_t)out.bytes);
    }
    if (!status) status = prm_model_report(model, PRM_REPORT_INSPECT, report, sizeof report, &size);
    if (!status) at->digest = digest_of(at->digest, report, size);
    prm_model_close(model);
    return status;
}

#define QUANTIZED_PATH PREMISE_TEST_DATA "/tiny-qwen2-q4_k_m-like.gguf"
const scenario fault_scenarios[FAULT_SCENARIOS] = {
    { "engine", QUANTIZED_PATH, 0, act_engine },
    { "load gguf", QUANTIZED_PATH, 0, act_load },
    { "load split gguf", PREMISE_TEST_DATA "/split-qwen3-f16-00001-of-00003.gguf", 0, act_load },
    { "load folder", PREMISE_TEST_DATA "/folders/tiny-qwen3-f16/", 0, act_load },
    { "prefill", QUANTIZED_PATH, 1, act_prefill },
    { "generate", QUANTIZED_PATH, 1, act_generate },
    { "text over the context", QUANTIZED_PATH, 1, act_overlong },
    { "two sessions", QUANTIZED_PATH, 1, act_sessions },
    { "chat", QUANTIZED_PATH, 1, act_chat },
    { "texts and reports", QUANTIZED_PATH, 1, act_text },
    { "tensors", PREMISE_TEST_DATA "/tiny-affine.onnx", 0, act_tensors },
};

prm_status scene_open(scene *at, const scenario *what, const char *path, const prm_host *host) {
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_status status;
    memset(at, 0, sizeof *at);
    at->path = path ? path : what->path;
    at->host = host;
    options.host = host;
    options.threads = 1;
    status = prm_engine_open(PRM_VERSION, &options, &at->engine);
    if (!status && what->loaded) status = open_small(at, 2, &at->model);
    return status;
}

void scene_close(scene *at) {
    prm_model_close(at->model);
    prm_engine_close(at->engine);
}
