// One line of the service's protocol: a JSON object in, a JSON object out.
#pragma once

#include "chat.h"
#include "sampling.h"

#include <stdexcept>
#include <string>
#include <vector>

struct Request {
    std::string          id;
    std::string          prompt;   // used as it is, or
    std::vector<Message> messages; // rendered with the chat template
    Sampling             sampling;
};

struct Answer {
    std::string id;
    std::string text;
    int         tokens = 0;
    bool        stopped = false; // the model ended its answer; otherwise the limit did
};

// What is wrong with a request; `id` is the request's own where it could be read.
struct BadRequest : std::invalid_argument {
    BadRequest(const std::string & message, std::string id_)
        : std::invalid_argument(message), id(std::move(id_)) {}
    std::string id;
};

// Throws BadRequest. A key that is not known is an error: a mistyped limit must not pass.
Request parse_request(const std::string & line, const Sampling & defaults);

std::string format_answer(const Answer & answer);
std::string format_error(const std::string & id, const std::string & message);
