// A loaded model: the one part of the service that calls llama.cpp.
#pragma once

#include "request.h"
#include "sampling.h"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct EngineError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct EngineOptions {
    std::string model;
    int         context    = 2048;
    int         threads    = 0;
    int         gpu_layers = -1;
    bool        vocab_only = false; // enough to tokenise, and much quicker to load
};

class Engine {
  public:
    // Throws EngineError when the file is no model that llama.cpp can load.
    explicit Engine(const EngineOptions & options);
    ~Engine();

    std::vector<int32_t> tokenize(const std::string & text) const;

    // Throws EngineError when the prompt is empty or leaves no room in the context.
    Answer complete(const std::string & prompt, const Sampling & wanted);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts;
};

// The version of the llama.cpp that is linked in.
std::string engine_version();
