#include "chat_file.h"

#include <fmt/format.h>

#include "arguments.h"
#include "failure.h"
#include "json_reader.h"
#include "whole_file.h"

namespace {

constexpr size_t kMaxFileBytes = size_t(16) << 20;

std::string history_json(const std::string& model, const ChatHistory& history) {
  JsonWriter json;
  json.begin_object().pair("version", 1).pair("model", model);
  write_messages(json, history);
  return json.end_object().text() + "\n";
}

class HistoryReader {
 public:
  explicit HistoryReader(const std::string& path) : path_(path) {}

  ChatHistory read() {
    Json json = read_json_file(read_input(path_, kMaxFileBytes), path_);
    if (json.kind != Json::object) bad("the whole", "is no object");
    if (json["version"].kind != Json::number || json["version"].spelling != "1")
      bad("version", "is not 1, which this release reads");
    if (json["messages"].kind != Json::array) bad("messages", "are no array");
    ChatHistory history;
    const std::vector<Json>& messages = json["messages"].items;
    for (size_t i = 0; i < messages.size(); ++i) {
      ChatMessage message = read_message(messages[i], fmt::format("messages[{}]", i));
      if (message.role != "system") history.messages.push_back(message);
      else if (i) bad(fmt::format("messages[{}].role", i), "is system, which stands first or nowhere");
      else history.system = message.content;
    }
    return history;
  }

 private:
  [[noreturn]] void bad(const std::string& where, const std::string& why) const {
    fail_in_file(PRM_STATUS_BAD_FILE, "not a conversation", path_, where + " " + why);
  }

  ChatMessage read_message(const Json& json, const std::string& where) const {
    if (json.kind != Json::object) bad(where, "is no object");
    for (const std::string& key : json.keys)
      if (key != "role" && key != "content") bad(where, "has '" + key.substr(0, 40) + "', not role and content alone");
    ChatMessage message{text(json["role"], where + ".role"), text(json["content"], where + ".content")};
    if (message.role != "system" && message.role != "user" && message.role != "assistant")
      bad(where + ".role", "is none of system, user, assistant");
    return message;
  }

  std::string text(const Json& json, const std::string& where) const {
    if (json.kind != Json::text) bad(where, "is no text");
    return json.spelling;
  }

  const std::string& path_;
};

}  // namespace

void write_messages(JsonWriter& json, const ChatHistory& history) {
  json.key("messages").begin_array();
  for (const ChatMessage& message : history.all())
    json.begin_object().pair("role", message.role).pair("content", message.content).end_object();
  json.end_array();
}

void save_history(const std::string& path, const std::string& model, const ChatHistory& history) {
  write_whole_file(path, history_json(model, history));
}

ChatHistory load_history(const std::string& path) { return HistoryReader(path).read(); }
