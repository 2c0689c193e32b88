// A turn: something is said to the model, and its answer is streamed.
#pragma once
#include "chat.h"

// Adds the text and the answer to the history, also an answer that Ctrl-C cut short. Throws Failure, and the history is as it was.
void take_turn(Chat& chat, const std::string& text);
// The model's template, or the one of the flags, takes a conversation with this system message: throws Failure where not.
void check_template(const Chat& chat);
