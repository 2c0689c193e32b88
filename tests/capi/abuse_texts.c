/* Wrong calls about texts, tokens and messages. */
#include <string.h>

#include "abuse.h"
#include "fixtures.h"

enum { ROOM = 64 };
static const int32_t ids[] = { 5, 6, 7 };

static void of_prompts(const victims *on) {
    const prm_prompt good = text_prompt("the hand");
    prm_prompt prompt = good;
    int32_t out[ROOM];
    size_t count = 4711;
#define OF_PROMPT(what, expected) WRONG(prm_tokenize, what, expected, prm_tokenize(on->model, &prompt, out, ROOM, &count))
    prompt.struct_size = 0;
    OF_PROMPT("struct_size 0", INVALID_ARGUMENT);
    prompt.struct_size = UINT32_MAX;
    OF_PROMPT("struct_size UINT32_MAX", INVALID_ARGUMENT);
    prompt = good;
    prompt.flags = 1 << 30;
    OF_PROMPT("an unknown flag", UNSUPPORTED);
    prompt = good;
    prompt.text.data = NULL;
    OF_PROMPT("a size without text", INVALID_ARGUMENT);
    prompt = good;
    prompt.text.size = SIZE_MAX - 1;
    OF_PROMPT("a text of nearly all addresses", LIMIT);
    prompt = good;
    prompt.tokens = ids;
    OF_PROMPT("text and tokens without count", INVALID_ARGUMENT);
    prompt.token_count = 3;
    OF_PROMPT("text and tokens", INVALID_ARGUMENT);
    prompt.text.data = NULL;
    prompt.text.size = 0;
    prompt.token_count = SIZE_MAX;
    OF_PROMPT("tokens of more than all addresses", LIMIT);
    prompt.tokens = NULL;
    OF_PROMPT("tokens are NULL, their count is not 0", INVALID_ARGUMENT);
    prompt = good;
    prompt.tools_json = "[]";
    OF_PROMPT("tools with a text", INVALID_ARGUMENT);
    prompt = good;
    prompt.flags = PRM_PROMPT_CONTINUE;
    OF_PROMPT("CONTINUE with a text", INVALID_ARGUMENT);
#undef OF_PROMPT
    HOLDS(prm_tokenize, "the count was not written", count == 4711);
}

static void of_tokenize(const victims *on) {
    const prm_prompt prompt = text_prompt("the hand");
    prm_prompt empty = PRM_INIT(prm_prompt);
    int32_t out[ROOM];
    size_t count = 0;
    WRONG(prm_tokenize, "model is NULL", INVALID_ARGUMENT, prm_tokenize(NULL, &prompt, out, ROOM, &count));
    WRONG(prm_tokenize, "model is closed", INVALID_ARGUMENT, prm_tokenize(on->closed_model, &prompt, out, ROOM, &count));
    WRONG(prm_tokenize, "prompt is NULL", INVALID_ARGUMENT, prm_tokenize(on->model, NULL, out, ROOM, &count));
    WRONG(prm_tokenize, "an empty prompt", INVALID_ARGUMENT, prm_tokenize(on->model, &empty, out, ROOM, &count));
    WRONG(prm_tokenize, "no room", BUFFER_TOO_SMALL, prm_tokenize(on->model, &prompt, NULL, 0, NULL));
    WRONG(prm_tokenize, "a capacity without array", BUFFER_TOO_SMALL, prm_tokenize(on->model, &prompt, NULL, SIZE_MAX, &count));
}

static void of_detokenize(const victims *on) {
    const int32_t wrong[] = { -1, INT32_MIN, INT32_MAX };
    char text[ROOM];
    size_t size = 0;
    WRONG(prm_detokenize, "model is NULL", INVALID_ARGUMENT, prm_detokenize(NULL, ids, 3, 0, text, ROOM, &size));
    WRONG(prm_detokenize, "model is closed", INVALID_ARGUMENT, prm_detokenize(on->closed_model, ids, 3, 0, text, ROOM, &size));
    WRONG(prm_detokenize, "model is a session", INVALID_ARGUMENT, prm_detokenize((prm_model *)on->session, ids, 3, 0, text, ROOM, &size));
    WRONG(prm_detokenize, "tokens are NULL", INVALID_ARGUMENT, prm_detokenize(on->model, NULL, 3, 0, text, ROOM, &size));
    WRONG(prm_detokenize, "an unknown flag", UNSUPPORTED, prm_detokenize(on->model, ids, 3, 1 << 5, text, ROOM, &size));
    WRONG(prm_detokenize, "tokens beyond the vocabulary", INVALID_ARGUMENT, prm_detokenize(on->model, wrong, 3, 0, text, ROOM, &size));
    WRONG(prm_detokenize, "more tokens than addresses", LIMIT, prm_detokenize(on->model, ids, SIZE_MAX, 0, text, ROOM, &size));
    WRONG(prm_detokenize, "no room", BUFFER_TOO_SMALL, prm_detokenize(on->model, ids, 3, 0, NULL, 0, NULL));
}

static void of_render(const victims *on) {
    prm_message messages[2];
    prm_prompt prompt = PRM_INIT(prm_prompt), text = text_prompt("the");
    char out[4 * ROOM];
    size_t size = 0;
    memset(messages, 0, sizeof messages);
    messages[0].role = "user";
    messages[0].text = PRM_TEXT("U");
    prompt.messages = messages;
    prompt.message_count = 1;
    prompt.template_text = "{{ messages[0].content }}";
#define OF_RENDER(what, expected) WRONG(prm_prompt_render, what, expected, prm_prompt_render(on->model, &prompt, out, sizeof out, &size))
    OF_RENDER("nothing wrong", OK);
    WRONG(prm_prompt_render, "model is NULL", INVALID_ARGUMENT, prm_prompt_render(NULL, &prompt, out, sizeof out, &size));
    WRONG(prm_prompt_render, "model is closed", INVALID_ARGUMENT, prm_prompt_render(on->closed_model, &prompt, out, sizeof out, &size));
    WRONG(prm_prompt_render, "prompt is NULL", INVALID_ARGUMENT, prm_prompt_render(on->model, NULL, out, sizeof out, &size));
    WRONG(prm_prompt_render, "a text", INVALID_ARGUMENT, prm_prompt_render(on->model, &text, out, sizeof out, &size));
    prompt.message_count = SIZE_MAX;
    OF_RENDER("more messages than addresses", LIMIT);
    prompt.message_count = 1;
    prompt.tools_json = "[1,";
    OF_RENDER("tools that are no JSON", INVALID_ARGUMENT);
    prompt.tools_json = NULL;
    prompt.template_json = "[]";
    OF_RENDER("template values that are no object", INVALID_ARGUMENT);
    prompt.template_json = NULL;
    prompt.template_text = "{% for x in %}";
    OF_RENDER("a malformed template", INVALID_ARGUMENT);
    prompt.template_text = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}";
    OF_RENDER("a template without end", LIMIT);
    prompt.template_text = "{{ messages[0].content }}";
    messages[0].role = NULL;
    OF_RENDER("a role that is NULL", INVALID_ARGUMENT);
    messages[0].role = "user";
    messages[0].text.size = SIZE_MAX - 1;
    OF_RENDER("a message of nearly all addresses", LIMIT);
    messages[0].text = PRM_TEXT("U");
    messages[0].extra_json = "{";
    OF_RENDER("an extra that is no JSON", INVALID_ARGUMENT);
    messages[0].extra_json = NULL;
    messages[0].reserved[1] = 1;
    OF_RENDER("reserved is set", INVALID_ARGUMENT);
#undef OF_RENDER
}

void abuse_of_texts(const victims *on) {
    of_prompts(on);
    of_tokenize(on);
    of_detokenize(on);
    of_render(on);
}
