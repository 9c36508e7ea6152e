#include "command_line.h"

#include "chat.h"

#include <algorithm>
#include <locale>
#include <map>
#include <sstream>

namespace {

const std::map<std::string, Command> & commands() {
    static const std::map<std::string, Command> names = {
        {"tokenize", Command::tokenize},
        {"complete", Command::complete},
        {"serve", Command::serve},
        {"listen", Command::listen}};
    return names;
}

template <typename Number> Number number(const std::string & option, const std::string & text) {
    std::istringstream stream(text);
    stream.imbue(std::locale::classic());
    Number value{};
    if (!(stream >> value) || !stream.eof()) {
        throw UsageError(option + " takes a number, not '" + text + "'");
    }
    return value;
}

int whole(const std::string & option, const std::string & text, int least) {
    const int value = number<int>(option, text);
    if (value < least) {
        throw UsageError(option + " is at least " + std::to_string(least) + ", not " + text);
    }
    return value;
}

void set_option(CommandLine & line, const std::string & option, const std::string & value) {
    if (option == "--model") {
        line.model = value;
    } else if (option == "--text") {
        line.text = value;
    } else if (option == "--chat-template") {
        const auto names = chat_templates();
        if (std::find(names.begin(), names.end(), value) == names.end()) {
            render_chat(value, {}); // throws, and names those there are
        }
        line.chat_template = value;
    } else if (option == "--context") {
        line.context = whole(option, value, 1);
    } else if (option == "--threads") {
        line.threads = whole(option, value, 0);
    } else if (option == "--gpu-layers") {
        line.gpu_layers = whole(option, value, -1);
    } else if (option == "--host") {
        line.host = value;
    } else if (option == "--port") {
        line.port = whole(option, value, 1);
        if (line.port > 65535) {
            throw UsageError("--port is at most 65535, not " + value);
        }
    } else if (option == "--max-tokens") {
        line.sampling.max_tokens = whole(option, value, 0);
    } else if (option == "--temperature") {
        line.sampling.temperature = number<double>(option, value);
    } else if (option == "--top-p") {
        line.sampling.top_p = number<double>(option, value);
    } else if (option == "--seed") {
        line.sampling.seed = static_cast<uint32_t>(whole(option, value, 0));
    } else {
        throw UsageError("there is no option " + option);
    }
}

} // namespace

CommandLine parse_command_line(const std::vector<std::string> & arguments) {
    CommandLine line;
    for (const auto & argument : arguments) {
        if (argument == "--help" || argument == "--version") {
            line.command = argument == "--help" ? Command::help : Command::version;
            return line;
        }
    }
    if (arguments.empty()) {
        throw UsageError("a command is missing");
    }
    const auto command = commands().find(arguments[0]);
    if (command == commands().end()) {
        throw UsageError("there is no command '" + arguments[0] + "'");
    }
    line.command = command->second;
    for (size_t i = 1; i < arguments.size(); i += 2) {
        if (i + 1 == arguments.size()) {
            throw UsageError(arguments[i] + " needs a value");
        }
        try {
            set_option(line, arguments[i], arguments[i + 1]);
        } catch (const UnknownTemplate & error) {
            throw UsageError(error.what());
        }
    }
    if (line.model.empty()) {
        throw UsageError(arguments[0] + " needs --model FILE");
    }
    return line;
}

std::string usage() {
    return "usage: llama-service COMMAND --model FILE [OPTIONS]\n"
           "\n"
           "commands:\n"
           "  tokenize   print the tokens of --text as a JSON list\n"
           "  complete   print the model's continuation of --text\n"
           "  serve      answer one JSON request a line, from standard input, until it ends\n"
           "  listen     answer requests over HTTP: /completion, /health and /props\n"
           "\n"
           "options:\n"
           "  --model FILE           the GGUF file of the model\n"
           "  --text TEXT            what to tokenise or continue\n"
           "  --chat-template NAME   how messages become a prompt: chatml, llama3 or plain\n"
           "  --context N            size of the context in tokens (2048)\n"
           "  --threads N            processors to use (0: all)\n"
           "  --gpu-layers N         layers to keep on the GPU (-1: all)\n"
           "  --host ADDRESS         where to listen (127.0.0.1)\n"
           "  --port N               the port to listen on (8080)\n"
           "  --max-tokens N         length of an answer, at most (128)\n"
           "  --temperature T        0 takes the likeliest token (0)\n"
           "  --top-p P              share of probability to sample from (1)\n"
           "  --seed N               of the sampling (0)\n"
           "  --help, --version\n";
}
