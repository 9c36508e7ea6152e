#include "command_line.h"
#include "engine.h"
#include "http.h"
#include "service.h"

#include <iostream>

namespace {

constexpr int exit_failure = 1;
constexpr int exit_usage   = 2;

int tokenize(const CommandLine & line) {
    const auto tokens = Engine(engine_options(line)).tokenize(line.text);
    const char * separator = "";
    std::cout << "[";
    for (const auto token : tokens) {
        std::cout << separator << token;
        separator = ", ";
    }
    std::cout << "]\n";
    return 0;
}

int complete(const CommandLine & line) {
    Engine engine(engine_options(line));
    std::cout << engine.complete(line.text, line.sampling).text << "\n";
    return 0;
}

int serve(const CommandLine & line) {
    Service     service(line);
    std::string text;
    while (std::getline(std::cin, text)) {
        if (!text.empty()) {
            std::cout << service.answer(text).json << std::endl;
        }
    }
    return 0;
}

int run(const CommandLine & line) {
    switch (line.command) {
        case Command::tokenize: return tokenize(line);
        case Command::complete: return complete(line);
        case Command::listen: listen(line); return 0;
        default: return serve(line);
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
