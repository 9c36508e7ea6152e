#include "request.h"

#include <nlohmann/json.hpp>

#include <set>

namespace {

using nlohmann::json;

const std::set<std::string> & known_keys() {
    static const std::set<std::string> keys = {
        "id", "prompt", "messages", "temperature", "top_p", "max_tokens", "seed"};
    return keys;
}

class Reader {
  public:
    explicit Reader(const std::string & line) {
        // Parsed without exceptions: the parser's own message names its internals.
        object = json::parse(line, nullptr, false);
        if (!object.is_object()) {
            fail("a request is one JSON object on one line");
        }
        if (object.contains("id")) {
            id = object["id"].is_string() ? object["id"].get<std::string>() : "";
            require(object["id"].is_string(), "id", "a string");
        }
        for (const auto & item : object.items()) {
            if (known_keys().count(item.key()) == 0) {
                fail("there is no key '" + item.key() + "' in a request");
            }
        }
    }

    void text(const char * key, std::string & into) const {
        if (object.contains(key)) {
            require(object[key].is_string(), key, "a string");
            into = object[key].get<std::string>();
        }
    }

    void number(const char * key, double & into) const {
        if (object.contains(key)) {
            require(object[key].is_number(), key, "a number");
            into = object[key].get<double>();
        }
    }

    // A whole number from 0 to 2^31 - 1.
    template <typename Whole> void whole(const char * key, Whole & into) const {
        if (object.contains(key)) {
            const auto & value = object[key];
            const bool fits = value.is_number_integer() && value >= 0 && value <= 2147483647;
            require(fits, key, "a whole number that is not negative");
            into = value.get<Whole>();
        }
    }

    void messages(std::vector<Message> & into) const {
        if (!object.contains("messages")) {
            return;
        }
        const char * shape = "a list of objects with a role and a content, both strings";
        require(object["messages"].is_array() && !object["messages"].empty(), "messages", shape);
        for (const auto & item : object["messages"]) {
            const bool fits = item.is_object() && item.size() == 2 && item.contains("role") &&
                              item.contains("content") && item["role"].is_string() &&
                              item["content"].is_string();
            require(fits, "messages", shape);
            into.push_back({item["role"].get<std::string>(), item["content"].get<std::string>()});
        }
    }

    bool has(const char * key) const { return object.contains(key); }

    [[noreturn]] void fail(const std::string & message) const { throw BadRequest(message, id); }

    std::string id;

  private:
    void require(bool fits, const std::string & key, const std::string & what) const {
        if (!fits) {
            fail("'" + key + "' is " + what);
        }
    }

    json object;
};

// Bytes that are no UTF-8 (half a character at the token limit) become the replacement sign.
std::string dumped(const json & value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

Request parse_request(const std::string & line, const Sampling & defaults) {
    const Reader reader(line);
    if (reader.has("prompt") == reader.has("messages")) {
        reader.fail("a request has either a 'prompt' or 'messages'");
    }
    Request request;
    request.id       = reader.id;
    request.sampling = defaults;
    reader.text("prompt", request.prompt);
    reader.messages(request.messages);
    reader.number("temperature", request.sampling.temperature);
    reader.number("top_p", request.sampling.top_p);
    reader.whole("max_tokens", request.sampling.max_tokens);
    reader.whole("seed", request.sampling.seed);
    return request;
}

std::string format_answer(const Answer & answer) {
    return dumped({{"id", answer.id},
                   {"text", answer.text},
                   {"tokens", answer.tokens},
                   {"finish_reason", answer.stopped ? "stop" : "length"}});
}

std::string format_error(const std::string & id, const std::string & message) {
    return dumped({{"id", id}, {"error", message}});
}
