// Requests in, answers out: what `serve` and `listen` have in common.
#pragma once

#include "command_line.h"
#include "engine.h"

#include <mutex>
#include <string>

// The engine that the command line asks for. Throws EngineError.
EngineOptions engine_options(const CommandLine & line);

class Service {
  public:
    // Loads the model. Throws EngineError.
    explicit Service(const CommandLine & line_) : line(line_), engine(engine_options(line_)) {}

    struct Reply {
        std::string json;
        bool        ok = false;
    };

    // A request that is wrong gets a reply that says so. May be called from several threads;
    // the model answers one at a time.
    Reply answer(const std::string & request);

  private:
    CommandLine line;
    Engine      engine;
    std::mutex  busy;
};
