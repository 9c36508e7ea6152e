#include "chat.h"

#include <map>

namespace {

// A turn is `before` + role + `between` + content + `after`.
struct Turns {
    std::string before;
    std::string between;
    std::string after;
};

const std::map<std::string, Turns> & known() {
    static const std::map<std::string, Turns> templates = {
        {"chatml", {"<|im_start|>", "\n", "<|im_end|>\n"}},
        {"llama3", {"<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>"}},
        {"plain", {"", ": ", "\n"}},
    };
    return templates;
}

std::string joined(const std::vector<std::string> & names) {
    std::string text;
    for (const auto & name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

} // namespace

std::vector<std::string> chat_templates() {
    std::vector<std::string> names;
    for (const auto & entry : known()) {
        names.push_back(entry.first);
    }
    return names;
}

std::string render_chat(const std::string & name, const std::vector<Message> & messages) {
    const auto found = known().find(name);
    if (found == known().end()) {
        throw UnknownTemplate("there is no chat template '" + name +
                              "'; choose one of: " + joined(chat_templates()));
    }
    const Turns & turns = found->second;
    std::string prompt;
    for (const auto & message : messages) {
        prompt += turns.before + message.role + turns.between + message.content + turns.after;
    }
    return prompt + turns.before + "assistant" + turns.between;
}
