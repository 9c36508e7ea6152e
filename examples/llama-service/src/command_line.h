// The service's command line.
#pragma once

#include "sampling.h"

#include <stdexcept>
#include <string>
#include <vector>

enum class Command { help, version, tokenize, complete, serve, listen };

struct CommandLine {
    Command     command = Command::help;
    std::string model;
    std::string text;                  // what to tokenise or continue
    std::string chat_template = "chatml";
    int         context       = 2048;  // in tokens
    int         threads       = 0;     // 0: as many as the machine has processors
    int         gpu_layers    = -1;    // -1: all of them, where the build has a GPU backend
    std::string host          = "127.0.0.1";
    int         port          = 8080;
    Sampling    sampling;
};

struct UsageError : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

// The arguments without the program's name. Throws UsageError.
CommandLine parse_command_line(const std::vector<std::string> & arguments);

std::string usage();
