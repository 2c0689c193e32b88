// Conversations in files: {"version": 1, "model": "...", "messages": [{"role": "user", "content": "..."}]}.
#pragma once
#include "chat_history.h"
#include "json_writer.h"

// "messages": [...]
void write_messages(JsonWriter& json, const ChatHistory& history);

// Whole or not at all: what stood in the file before stays where writing fails.
void save_history(const std::string& path, const std::string& model, const ChatHistory& history);
// Throws Failure with the file and the place in it. At most 16 MiB; a system's message stands first.
ChatHistory load_history(const std::string& path);
