#include "engine.h"

#include "llama.h"

#include <algorithm>
#include <filesystem>
#include <thread>

namespace {

template <auto Free> struct Freed {
    template <typename Owned> void operator()(Owned * owned) const { Free(owned); }
};

using Model   = std::unique_ptr<llama_model, Freed<llama_model_free>>;
using Context = std::unique_ptr<llama_context, Freed<llama_free>>;
using Sampler = std::unique_ptr<llama_sampler, Freed<llama_sampler_free>>;

// llama.cpp explains a refusal in its log only: keep the last error for the message.
struct LastError {
    std::string text;

    static void log(ggml_log_level level, const char * text, void * self) {
        if (level == GGML_LOG_LEVEL_ERROR) {
            static_cast<LastError *>(self)->text = text;
        }
    }
};

LastError & last_error() {
    static LastError error;
    return error;
}

std::string reason() {
    std::string text = last_error().text;
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
        text.pop_back();
    }
    return text.empty() ? "llama.cpp gave no reason" : text;
}

Model load(const EngineOptions & options) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(options.model, ignored)) {
        throw EngineError("there is no file " + options.model + "; --model names a GGUF file");
    }
    llama_model_params params = llama_model_default_params();
    params.vocab_only   = options.vocab_only;
    params.n_gpu_layers = options.gpu_layers;
    Model model(llama_model_load_from_file(options.model.c_str(), params));
    if (!model) {
        throw EngineError("cannot load the model " + options.model + ": " + reason());
    }
    return model;
}

Sampler sampler_for(const Sampling & sampling) {
    Sampler chain(llama_sampler_chain_init(llama_sampler_chain_default_params()));
    if (sampling.temperature <= 0.0) {
        llama_sampler_chain_add(chain.get(), llama_sampler_init_greedy());
        return chain;
    }
    const auto top_p       = static_cast<float>(sampling.top_p);
    const auto temperature = static_cast<float>(sampling.temperature);
    llama_sampler_chain_add(chain.get(), llama_sampler_init_top_p(top_p, 1));
    llama_sampler_chain_add(chain.get(), llama_sampler_init_temp(temperature));
    llama_sampler_chain_add(chain.get(), llama_sampler_init_dist(sampling.seed));
    return chain;
}

std::string piece(const llama_vocab * vocab, llama_token token) {
    std::string text(16, '\0');
    int size = llama_token_to_piece(vocab, token, text.data(), int(text.size()), 0, false);
    if (size < 0) {
        text.resize(size_t(-size));
        size = llama_token_to_piece(vocab, token, text.data(), int(text.size()), 0, false);
    }
    text.resize(size_t(std::max(size, 0)));
    return text;
}

} // namespace

struct Engine::Parts {
    Model   model;
    Context context;
    const llama_vocab * vocab = nullptr;

    void decode(std::vector<llama_token> & tokens) {
        const int limit = int(llama_n_batch(context.get()));
        for (int done = 0; done < int(tokens.size()); done += limit) {
            const int count = std::min(limit, int(tokens.size()) - done);
            if (llama_decode(context.get(), llama_batch_get_one(tokens.data() + done, count)) != 0) {
                throw EngineError("llama.cpp could not evaluate the prompt: " + reason());
            }
        }
    }
};

Engine::Engine(const EngineOptions & options) : parts(std::make_unique<Parts>()) {
    llama_log_set(LastError::log, &last_error());
    llama_backend_init();
    parts->model = load(options);
    parts->vocab = llama_model_get_vocab(parts->model.get());
    if (options.vocab_only) {
        return;
    }
    llama_context_params params = llama_context_default_params();
    params.n_ctx = uint32_t(options.context);
    const int threads = options.threads > 0 ? options.threads
                                            : int(std::max(1u, std::thread::hardware_concurrency()));
    params.n_threads       = threads;
    params.n_threads_batch = threads;
    parts->context.reset(llama_init_from_model(parts->model.get(), params));
    if (!parts->context) {
        throw EngineError("cannot make a context of " + std::to_string(options.context) +
                          " tokens: " + reason());
    }
}

Engine::~Engine() {
    parts.reset();
    llama_backend_free();
}

std::vector<int32_t> Engine::tokenize(const std::string & text) const {
    std::vector<llama_token> tokens(text.size() + 2);
    const auto fill = [&] {
        return llama_tokenize(parts->vocab, text.data(), int(text.size()), tokens.data(),
                              int(tokens.size()), true, true);
    };
    int size = fill();
    if (size < 0 && size != INT32_MIN) { // a character can become several tokens
        tokens.resize(size_t(-size));
        size = fill();
    }
    if (size < 0) {
        throw EngineError("llama.cpp could not tokenise the text");
    }
    tokens.resize(size_t(size));
    return tokens;
}

Answer Engine::complete(const std::string & prompt, const Sampling & wanted) {
    std::vector<llama_token> tokens = tokenize(prompt);
    const int room = int(llama_n_ctx(parts->context.get())) - int(tokens.size());
    if (tokens.empty()) {
        throw EngineError("the prompt is empty");
    }
    if (room <= 0) {
        throw EngineError("the prompt has " + std::to_string(tokens.size()) +
                          " tokens and leaves no room in the context; raise --context");
    }
    const Sampling sampling = clamp_sampling(wanted, room);
    const Sampler  sampler  = sampler_for(sampling);
    llama_memory_clear(llama_get_memory(parts->context.get()), true);

    Answer answer;
    while (answer.tokens < sampling.max_tokens) {
        parts->decode(tokens);
        const llama_token next = llama_sampler_sample(sampler.get(), parts->context.get(), -1);
        if (llama_vocab_is_eog(parts->vocab, next)) {
            answer.stopped = true;
            break;
        }
        answer.text += piece(parts->vocab, next);
        ++answer.tokens;
        tokens = {next};
    }
    return answer;
}

std::string engine_version() { return llama_version(); }
