#include "chat.h"
#include "command_line.h"
#include "engine.h"
#include "request.h"

#include <iostream>

namespace {

constexpr int exit_failure = 1;
constexpr int exit_usage   = 2;

int tokenize(const Engine & engine, const std::string & text) {
    const auto tokens = engine.tokenize(text);
    const char * separator = "";
    std::cout << "[";
    for (const auto token : tokens) {
        std::cout << separator << token;
        separator = ", ";
    }
    std::cout << "]\n";
    return 0;
}

std::string answered(Engine & engine, const CommandLine & line, const std::string & text) {
    std::string id;
    try {
        const Request request = parse_request(text, line.sampling);
        id = request.id;
        const std::string prompt = request.messages.empty()
                                       ? request.prompt
                                       : render_chat(line.chat_template, request.messages);
        Answer answer = engine.complete(prompt, request.sampling);
        answer.id = id;
        return format_answer(answer);
    } catch (const BadRequest & error) {
        return format_error(error.id, error.what());
    } catch (const EngineError & error) {
        return format_error(id, error.what());
    }
}

// A request that is wrong gets an answer that says so; the service goes on.
int serve(Engine & engine, const CommandLine & line) {
    std::string text;
    while (std::getline(std::cin, text)) {
        if (!text.empty()) {
            std::cout << answered(engine, line, text) << std::endl;
        }
    }
    return 0;
}

int run(const CommandLine & line) {
    EngineOptions options;
    options.model      = line.model;
    options.context    = line.context;
    options.threads    = line.threads;
    options.gpu_layers = line.gpu_layers;
    options.vocab_only = line.command == Command::tokenize;
    Engine engine(options);
    switch (line.command) {
        case Command::tokenize: return tokenize(engine, line.text);
        case Command::complete:
            std::cout << engine.complete(line.text, line.sampling).text << "\n";
            return 0;
        default: return serve(engine, line);
    }
}

} // namespace

int main(int argc, char ** argv) {
    try {
        const CommandLine line = parse_command_line({argv + 1, argv + argc});
        if (line.command == Command::help) {
            std::cout << usage();
            return 0;
        }
        if (line.command == Command::version) {
            std::cout << "llama-service " LLAMA_SERVICE_VERSION " (llama.cpp " << engine_version()
                      << ")\n";
            return 0;
        }
        return run(line);
    } catch (const UsageError & error) {
        std::cerr << "llama-service: " << error.what() << "; see llama-service --help\n";
        return exit_usage;
    } catch (const std::exception & error) {
        std::cerr << "llama-service: " << error.what() << "\n";
        return exit_failure;
    }
}
