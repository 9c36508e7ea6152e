// The service over HTTP:
//   GET  /health      200 once the model is loaded, 503 before
//   GET  /props       the build, the model and the size of the context
//   POST /completion  a request as in request.h, answered with 200, or 400 and the reason
#pragma once

#include "command_line.h"

#include <stdexcept>

struct ListenError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Listens from the first moment on, loads the model, and answers until SIGTERM or SIGINT.
// Throws ListenError where the address cannot be had, EngineError where the model cannot.
void listen(const CommandLine & line);
