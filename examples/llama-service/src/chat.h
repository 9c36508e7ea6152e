// Turning a conversation into the one text that a model continues.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

struct Message {
    std::string role;
    std::string content;
};

struct UnknownTemplate : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

// The names that `render_chat` knows, in alphabetical order.
std::vector<std::string> chat_templates();

// The prompt for `messages`, ending where the assistant's answer begins.
// Throws UnknownTemplate, which lists the names there are.
std::string render_chat(const std::string & name, const std::vector<Message> & messages);
