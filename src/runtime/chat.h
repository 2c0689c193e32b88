// Conversations as prompts: the model's chat template over messages, tools and values.
#pragma once
#include <span>
#include <string_view>

#include "base/containers.h"
#include "base/control.h"
#include "text/template.h"

namespace prm {

struct Model;

struct ChatMessage {  // as prm_message in premise.h
  const char* role;
  const char* text;  // null: no content
  size_t size;       // SIZE_MAX: up to its NUL
  const char* extra_json;
  uint64_t reserved[2];
};

struct ChatPrompt {
  std::span<const ChatMessage> messages;
  const char* tools_json = nullptr;
  const char* template_text = nullptr;  // null: the model's own
  const char* values_json = nullptr;
  bool continues = false;  // the last message, which is an assistant's, goes on
};

// Fails with unsupported (no template), bad_file (the model's template is malformed or goes wrong), invalid_argument (messages,
// JSON, a template of the caller's, or the template refuses the conversation) or limit.
jinja::Rendered render_chat(const Model& model, const ChatPrompt& chat, const Control& control);

// Ids of a rendered conversation. `add_begin`: a begin token where the model wants one and the template wrote none.
void tokenize_chat(const Model& model, const jinja::Rendered& rendered, bool add_begin, Vector<int32_t>& out, const Control& control);

}  // namespace prm
