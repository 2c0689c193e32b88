// The /commands of premise chat.
#pragma once
#include "chat.h"

// `typed` without its slash: "system Answer briefly." Throws Failure, and nothing has changed.
void run_chat_command(Chat& chat, const std::string& typed);
