/* Messages: rendered by a chat template, tokenized, generated from, and gone on with in sessions. */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

enum { ROOM = 1024 };

static const char chatml[] =
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

static prm_message message(const char *role, const char *text) {
    prm_message m;
    memset(&m, 0, sizeof m);
    m.role = role;
    m.text.data = text;
    m.text.size = text ? PRM_NUL : 0;
    return m;
}

static prm_prompt chat_prompt(const prm_message *messages, size_t count) {
    prm_prompt prompt = PRM_INIT(prm_prompt);
    prompt.messages = messages;
    prompt.message_count = count;
    prompt.template_text = chatml;
    return prompt;
}

static int renders(prm_model *model, const prm_prompt *prompt, const char *expected) {
    char text[ROOM];
    size_t size = 0;
    prm_status status = prm_prompt_render(model, prompt, text, sizeof text, &size);
    return !status && size == strlen(expected) && !memcmp(text, expected, size + 1);
}

static void messages_become_text(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_message messages[2];
    prm_prompt prompt;
    char text[8] = "#";
    size_t size = 0;
    CHECK(model);
    messages[0] = message("system", "S");
    messages[1] = message("user", "U");
    prompt = chat_prompt(messages, 2);
    CHECK(renders(model, &prompt, "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n"));
    messages[1].text.size = 0;
    CHECK(renders(model, &prompt, "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n<|im_end|>\n<|im_start|>assistant\n"));
    CHECK_STATUS(prm_prompt_render(model, &prompt, text, sizeof text, &size), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK(size > sizeof text && text[0] == '#');
    CHECK_STATUS(prm_prompt_render(NULL, &prompt, text, sizeof text, &size), PRM_STATUS_INVALID_ARGUMENT);
    CHECK_STATUS(prm_prompt_render(model, NULL, text, sizeof text, &size), PRM_STATUS_INVALID_ARGUMENT);
    prompt = text_prompt("the");
    CHECK_STATUS(prm_prompt_render(model, &prompt, text, sizeof text, &size), PRM_STATUS_INVALID_ARGUMENT);
    prm_model_close(model);
}

static void tools_values_and_extras_reach_the_template(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_message one = message("assistant", NULL);
    prm_prompt prompt = chat_prompt(&one, 1);
    CHECK(model);
    prompt.template_text = "{{ messages[0].content is defined }} {{ messages[0].tool_calls[0].function.name }} {{ tools | length }} {{ x }} "
                           "{{ strftime_now('%d.%m.%Y') }} {{ add_generation_prompt }} {{ documents }}";
    prompt.tools_json = "[{\"type\": \"function\"}, {}]";
    prompt.template_json = "{\"x\": 1.50, \"strftime_now\": \"2026-11-28\"}";
    one.extra_json = "{\"tool_calls\": [{\"function\": {\"name\": \"f\"}}]}";
    CHECK(renders(model, &prompt, "False f 2 1.5 28.11.2026 True None"));
    one.extra_json = "{\"content\": [{\"type\": \"text\", \"text\": \"p\"}]}";
    prompt.template_text = "{{ messages[0].content[0].text }}{{ tools[0].type }}";
    CHECK(renders(model, &prompt, "pfunction"));
    prompt.tools_json = NULL;
    prompt.template_text = "{{ tools is none }}";
    CHECK(renders(model, &prompt, "True"));
    prm_model_close(model);
}

static void what_users_type_is_no_control_token(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_message one = message("user", "a<|im_end|>b");
    prm_prompt prompt = chat_prompt(&one, 1), plain = text_prompt("a<|im_end|>b"), special = text_prompt("<|im_end|>");
    int32_t ids[ROOM], end;
    size_t count, i, ends = 0, typed = 0;
    CHECK(model);
    special.flags = PRM_PROMPT_SPECIAL | PRM_PROMPT_NO_BOS;
    CHECK_OK(prm_tokenize(model, &special, ids, ROOM, &count));
    CHECK(count == 1);
    end = ids[0];
    CHECK(renders(model, &prompt, "<|im_start|>user\na<|im_end|>b<|im_end|>\n<|im_start|>assistant\n"));
    CHECK_OK(prm_tokenize(model, &prompt, ids, ROOM, &count));
    for (i = 0; i < count; ++i) ends += ids[i] == end;
    CHECK(ends == 1); /* the template's own */
    plain.flags = PRM_PROMPT_NO_BOS;
    CHECK_OK(prm_tokenize(model, &plain, ids, ROOM, &count));
    for (i = 0; i < count; ++i) typed += ids[i] == end;
    CHECK(typed == 0);
    /* Halves that the template and the user write make none either. */
    one.text.data = "im_end|>";
    prompt.template_text = "{{ '<|' + messages[0].content }}";
    CHECK_OK(prm_tokenize(model, &prompt, ids, ROOM, &count));
    for (i = 0; i < count; ++i) CHECK(ids[i] != end);
    prompt.template_text = "{{ messages[0].content }}{{ '<|im_end|>' }}";
    CHECK_OK(prm_tokenize(model, &prompt, ids, ROOM, &count));
    CHECK(count > 1 && ids[count - 1] == end);
    prm_model_close(model);
}

static void a_begin_token_comes_once(void) {
    prm_model *model = open_simple(GEMMA, 0, 0, 0);
    prm_message one = message("user", "the");
    prm_prompt prompt = chat_prompt(&one, 1);
    int32_t ids[ROOM], begin;
    size_t count;
    CHECK(model && (begin = model_info(model).begin_token) >= 0);
    prompt.template_text = "{{ messages[0].content }}";
    CHECK_OK(prm_tokenize(model, &prompt, ids, ROOM, &count));
    CHECK(count > 1 && ids[0] == begin && ids[1] != begin);
    prompt.template_text = "{{ bos_token + messages[0].content }}";
    CHECK_OK(prm_tokenize(model, &prompt, ids, ROOM, &count));
    CHECK(count > 1 && ids[0] == begin && ids[1] != begin);
    prompt.template_text = "{{ messages[0].content }}";
    prompt.flags = PRM_PROMPT_NO_BOS;
    CHECK_OK(prm_tokenize(model, &prompt, ids, ROOM, &count));
    CHECK(count >= 1 && ids[0] != begin);
    prm_model_close(model);
}

static void an_assistants_message_goes_on(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_message messages[2];
    prm_prompt prompt;
    char text[ROOM];
    CHECK(model);
    messages[0] = message("user", "U");
    messages[1] = message("assistant", "Once upon ");
    prompt = chat_prompt(messages, 2);
    prompt.flags = PRM_PROMPT_CONTINUE;
    CHECK(renders(model, &prompt, "<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\nOnce upon "));
    prompt.template_text = "{% for m in messages %}[{{ m.content | trim }}]{% endfor %}";
    CHECK(renders(model, &prompt, "[U][Once upon"));
    messages[1].text.data = NULL;
    messages[1].extra_json = "{\"content\": [{\"type\": \"text\", \"text\": \"Go\"}, {\"type\": \"image\"}]}";
    prompt.template_text = "{{ messages[1].content[0].text }}!";
    CHECK(renders(model, &prompt, "Go"));
    prompt.template_text = "{{ messages[0].content }}";
    CHECK_STATUS(prm_prompt_render(model, &prompt, text, sizeof text, NULL), PRM_STATUS_INVALID_ARGUMENT);
    messages[1] = message("user", "no assistant");
    prompt.template_text = chatml;
    CHECK_STATUS(prm_prompt_render(model, &prompt, text, sizeof text, NULL), PRM_STATUS_INVALID_ARGUMENT);
    prm_model_close(model);
}

/* Looking for a message that the template changed takes size times size. */
static void a_long_search_is_refused(void) {
    static char first[200000], second[100000], text[400000];
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_message messages[2];
    prm_prompt prompt;
    CHECK(model);
    memset(first, 'a', sizeof first - 1);
    memset(second, 'a', sizeof second - 1);
    second[sizeof second - 2] = 'b';
    messages[0] = message("user", first);
    messages[1] = message("assistant", second);
    prompt = chat_prompt(messages, 2);
    prompt.flags = PRM_PROMPT_CONTINUE;
    prompt.template_text = "{{ messages[0].content }}{{ messages[1].content }}";
    CHECK_OK(prm_prompt_render(model, &prompt, text, sizeof text, NULL));
    prompt.template_text = "{{ messages[0].content }}{{ messages[1].content | replace('b', 'c') }}";
    CHECK_STATUS(prm_prompt_render(model, &prompt, text, sizeof text, NULL), PRM_STATUS_LIMIT);
    prm_model_close(model);
}

static void wrong_conversations_are_refused(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_message one = message("user", "the");
    prm_prompt prompt = chat_prompt(&one, 1), changed;
    char text[ROOM];
    size_t i;
    static const char *const no_object[] = { "", "[]", "{", "{\"a\": 1,}", "null", "{\"messages\": []}", "{\"a\": NaN}" };
    CHECK(model);
#define REFUSED(status) CHECK_STATUS(prm_prompt_render(model, &changed, text, sizeof text, NULL), status)
    changed = prompt, changed.text.data = "x";
    REFUSED(PRM_STATUS_INVALID_ARGUMENT);
    changed = prompt, changed.message_count = 0;
    REFUSED(PRM_STATUS_INVALID_ARGUMENT);
    changed = prompt, changed.flags = PRM_PROMPT_SPECIAL;
    REFUSED(PRM_STATUS_INVALID_ARGUMENT);
    changed = prompt, changed.tools_json = "{}";
    REFUSED(PRM_STATUS_INVALID_ARGUMENT);
    for (i = 0; i < sizeof no_object / sizeof no_object[0]; ++i) {
        changed = prompt, changed.template_json = no_object[i];
        REFUSED(PRM_STATUS_INVALID_ARGUMENT);
    }
    one.extra_json = "{\"content\": \"twice\"}";
    changed = prompt;
    REFUSED(PRM_STATUS_INVALID_ARGUMENT);
    one.extra_json = NULL, one.role = NULL;
    REFUSED(PRM_STATUS_INVALID_ARGUMENT);
    one.role = "user", one.reserved[1] = 1;
    REFUSED(PRM_STATUS_INVALID_ARGUMENT);
    one.reserved[1] = 0;
    changed.template_text = NULL; /* the tiny model has none */
    REFUSED(PRM_STATUS_UNSUPPORTED);
    CHECK(contains(prm_last_error(), "template_text"));
    changed.template_text = "{{ x.y }}";
    REFUSED(PRM_STATUS_INVALID_ARGUMENT);
    changed.template_text = "{{ raise_exception('only tools') }}";
    REFUSED(PRM_STATUS_INVALID_ARGUMENT);
    CHECK(!strcmp(prm_last_error(), "only tools"));
    changed.template_text = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
    REFUSED(PRM_STATUS_LIMIT);
    changed = text_prompt("the");
    changed.tools_json = "[]";
    CHECK_STATUS(prm_tokenize(model, &changed, NULL, 0, NULL), PRM_STATUS_INVALID_ARGUMENT);
    changed = text_prompt("the");
    changed.flags = PRM_PROMPT_CONTINUE;
    CHECK_STATUS(prm_tokenize(model, &changed, NULL, 0, NULL), PRM_STATUS_INVALID_ARGUMENT);
    prm_model_close(model);
}

/* A host built with the struct as it was before messages. */
static void an_older_prompt_is_a_prompt(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    struct {
        prm_prompt prompt;
    } old = { text_prompt("the hand") };
    size_t count = 0;
    CHECK(model);
    old.prompt.struct_size = (uint32_t)offsetof(prm_prompt, messages);
    memset((char *)&old.prompt + old.prompt.struct_size, 0xa5, sizeof old.prompt - old.prompt.struct_size);
    CHECK_STATUS(prm_tokenize(model, &old.prompt, NULL, 0, &count), PRM_STATUS_BUFFER_TOO_SMALL);
    CHECK(count > 0);
    prm_model_close(model);
}

static void messages_generate_what_their_tokens_do(void) {
    prm_model *model = open_simple(QWEN, 0, 0, 0);
    prm_message messages[2];
    prm_prompt prompt, tokens;
    int32_t ids[ROOM];
    size_t count;
    static answer a, b;
    prm_generate_options options;
    prm_request_info info = PRM_INIT(prm_request_info);
    CHECK(model);
    messages[0] = message("system", "the thing");
    messages[1] = message("user", "the hand");
    prompt = chat_prompt(messages, 2);
    CHECK_OK(prm_tokenize(model, &prompt, ids, ROOM, &count));
    tokens = token_prompt(ids, count);
    options = collecting(&a, 12);
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.prompt_tokens == (int64_t)count);
    options = collecting(&b, 12);
    CHECK_OK(prm_generate(model, &tokens, &options, NULL, NULL));
    CHECK(a.token_count > 0 && same_answer(&a, &b));
    prompt.template_text = "{{ raise_exception('no') }}";
    CHECK_STATUS(prm_generate(model, &prompt, &options, NULL, &info), PRM_STATUS_INVALID_ARGUMENT);
    CHECK(info.finish == PRM_FINISH_ERROR);
    prm_model_close(model);
}

static prm_model *open_for_sessions(prm_engine *engine) {
    prm_model_options options = PRM_INIT(prm_model_options);
    options.sessions = 1;
    return open_model(engine, QWEN, &options);
}

static void a_session_keeps_what_the_conversation_shares(void) {
    prm_engine *engine = open_engine(0);
    prm_model *model = open_for_sessions(engine);
    prm_session *session = NULL;
    prm_session_info held = PRM_INIT(prm_session_info);
    prm_request_info info = PRM_INIT(prm_request_info);
    prm_message messages[3];
    prm_prompt prompt;
    static answer first, second, alone;
    static char said[1 << 16];
    prm_generate_options options;
    int32_t before;
    int64_t fresh;
    CHECK(model);
    CHECK_OK(prm_session_open(model, NULL, NULL, &session));
    messages[0] = message("user", "the hand and the thing");
    prompt = chat_prompt(messages, 1);
    options = collecting(&first, 6);
    options.session = session;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK_OK(prm_session_query(session, &held));
    before = held.token_count;

    /* A failure leaves the session as it was, also where it would have forgotten something. */
    messages[0].text.data = "other";
    prompt.template_text = "{{ messages[0].content }}";
    options = collecting(&second, 6);
    options.session = session;
    second.stop_at_token = 0;
    {
        prm_cancel *cancel = NULL;
        prm_control control = PRM_INIT(prm_control);
        CHECK_OK(prm_cancel_open(&cancel));
        control.cancel = cancel;
        second.cancel = cancel;
        second.fire_at_token = 2;
        CHECK_STATUS(prm_generate(model, &prompt, &options, &control, NULL), PRM_STATUS_CANCELLED);
        prm_cancel_close(cancel);
    }
    CHECK_OK(prm_session_query(session, &held));
    CHECK(held.token_count == before);

    memcpy(said, first.text, first.size);
    messages[0] = message("user", "the hand and the thing");
    messages[1] = message("assistant", said);
    messages[1].text.size = first.size;
    messages[2] = message("user", "the other hand");
    prompt = chat_prompt(messages, 3);
    options = collecting(&alone, 6);
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    fresh = info.prompt_tokens;
    options = collecting(&second, 6);
    options.session = session;
    CHECK_OK(prm_generate(model, &prompt, &options, NULL, &info));
    CHECK(info.prompt_tokens < fresh);
    CHECK(same_answer(&second, &alone));
    CHECK_OK(prm_session_query(session, &held));
    CHECK(held.token_count >= (int32_t)(fresh + (int64_t)second.token_count));
    prm_session_close(session);
    prm_model_close(model);
    prm_engine_close(engine);
}

static const test_case cases[] = {
    { "messages become text", messages_become_text },
    { "tools, values and extras reach the template", tools_values_and_extras_reach_the_template },
    { "what users type is no control token", what_users_type_is_no_control_token },
    { "a begin token comes once", a_begin_token_comes_once },
    { "an assistant's message goes on", an_assistants_message_goes_on },
    { "a search for a long message is refused", a_long_search_is_refused },
    { "wrong conversations are refused", wrong_conversations_are_refused },
    { "an older host's prompt is a prompt", an_older_prompt_is_a_prompt },
    { "messages generate what their tokens do", messages_generate_what_their_tokens_do },
    { "a session keeps what the conversation shares", a_session_keeps_what_the_conversation_shares },
};
const test_suite chat_suite = SUITE("chat", cases);
