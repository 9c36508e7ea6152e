#include "service.h"

#include "chat.h"
#include "request.h"

EngineOptions engine_options(const CommandLine & line) {
    EngineOptions options;
    options.model      = line.model;
    options.context    = line.context;
    options.threads    = line.threads;
    options.gpu_layers = line.gpu_layers;
    options.vocab_only = line.command == Command::tokenize;
    return options;
}

Service::Reply Service::answer(const std::string & text) {
    std::string id;
    try {
        const Request request = parse_request(text, line.sampling);
        id = request.id;
        const std::string prompt = request.messages.empty()
                                       ? request.prompt
                                       : render_chat(line.chat_template, request.messages);
        const std::lock_guard<std::mutex> alone(busy);
        Answer answer = engine.complete(prompt, request.sampling);
        answer.id = id;
        return {format_answer(answer), true};
    } catch (const BadRequest & error) {
        return {format_error(error.id, error.what()), false};
    } catch (const EngineError & error) {
        return {format_error(id, error.what()), false};
    }
}
