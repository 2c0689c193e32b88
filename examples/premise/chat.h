// One run of premise chat: what its flags say, the model, the conversation, and what the turns came to.
#pragma once
#include "chat_history.h"
#include "sampling_flags.h"
#include "session.h"
#include "template_flags.h"

struct ChatFlags : ModelFlags {
  SamplingFlags sampling;
  TemplateFlags chat_template;
  std::string system, load, save;
  int64_t tokens = 0;  // most in an answer; 0: until the model ends or the context is full
  bool shift = false;
};

struct ChatTurn {
  std::string finish = "error";
  int64_t prompt_tokens = 0;  // computed; what the session still knew is not counted
  int64_t generated_tokens = 0, first_ns = 0, total_ns = 0;
  prm_status status = PRM_STATUS_OK;
  std::string error;  // the sentence, where status is not OK
};

struct CloseSession {
  void operator()(prm_session* session) const { prm_session_close(session); }
};

struct Chat {
  ChatFlags flags;
  Session model;
  std::unique_ptr<prm_session, CloseSession> memory;  // the conversation's keys and values, as far as it was computed
  TemplateValues chat_template;
  ChatHistory history;
  std::vector<ChatTurn> turns;
  bool over = false, failed = false;
};

// A line for people, unless --quiet.
void say(const Chat& chat, const std::string& line);
