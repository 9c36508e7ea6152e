#include "check.h"
#include "request.h"

namespace {

Request parsed(const std::string & line) { return parse_request(line, Sampling()); }

std::string id_of_refused(const std::string & line) {
    try {
        parsed(line);
    } catch (const BadRequest & error) {
        return error.id;
    }
    return "accepted";
}

void test_what_is_read() {
    const Request request = parsed(
        R"({"id": "a1", "prompt": "caf\u00e9", "temperature": 0.5, "top_p": 1, "max_tokens": 7, "seed": 9})");
    CHECK_EQUAL(request.id, "a1");
    CHECK_EQUAL(request.prompt, "caf\xc3\xa9");
    CHECK_EQUAL(request.sampling.temperature, 0.5);
    CHECK_EQUAL(request.sampling.top_p, 1.0);
    CHECK_EQUAL(request.sampling.max_tokens, 7);
    CHECK_EQUAL(request.sampling.seed, 9u);

    const Request chat = parsed(R"({"messages": [{"role": "user", "content": "Hi"}]})");
    CHECK_EQUAL(chat.messages.size(), 1u);
    CHECK_EQUAL(chat.messages[0].role, "user");
    CHECK_EQUAL(chat.messages[0].content, "Hi");
}

void test_what_is_absent_has_the_default() {
    Sampling defaults;
    defaults.max_tokens = 33;
    CHECK_EQUAL(parse_request(R"({"prompt": ""})", defaults).sampling.max_tokens, 33);
    CHECK_EQUAL(parsed(R"({"prompt": ""})").id, "");
}

void test_what_is_refused() {
    CHECK_THROWS(BadRequest, "one JSON object", parsed("hello"));
    CHECK_THROWS(BadRequest, "one JSON object", parsed("[1]"));
    CHECK_THROWS(BadRequest, "one JSON object", parsed(R"({"prompt": "a")"));
    CHECK_THROWS(BadRequest, "either a 'prompt' or 'messages'", parsed("{}"));
    CHECK_THROWS(BadRequest, "either a 'prompt' or 'messages'",
                 parsed(R"({"prompt": "a", "messages": [{"role": "user", "content": "b"}]})"));
    CHECK_THROWS(BadRequest, "no key 'max_token'", parsed(R"({"prompt": "a", "max_token": 1})"));
    CHECK_THROWS(BadRequest, "'id' is a string", parsed(R"({"id": 1, "prompt": "a"})"));
    CHECK_THROWS(BadRequest, "'prompt' is a string", parsed(R"({"prompt": 1})"));
    CHECK_THROWS(BadRequest, "'temperature' is a number", parsed(R"({"prompt": "a", "temperature": "hot"})"));
    CHECK_THROWS(BadRequest, "'max_tokens' is a whole", parsed(R"({"prompt": "a", "max_tokens": 1.5})"));
    CHECK_THROWS(BadRequest, "'max_tokens' is a whole", parsed(R"({"prompt": "a", "max_tokens": -1})"));
    CHECK_THROWS(BadRequest, "'seed' is a whole", parsed(R"({"prompt": "a", "seed": 99999999999})"));
    CHECK_THROWS(BadRequest, "'messages' is a list", parsed(R"({"messages": []})"));
    CHECK_THROWS(BadRequest, "'messages' is a list", parsed(R"({"messages": [{"role": "user"}]})"));
    CHECK_EQUAL(id_of_refused(R"({"id": "x7", "prompt": 1})"), "x7");
    CHECK_EQUAL(id_of_refused("nonsense"), "");
}

void test_what_is_written() {
    CHECK_EQUAL(format_answer({"a\"1", "line\nbreak", 2, true}),
                R"({"finish_reason":"stop","id":"a\"1","text":"line\nbreak","tokens":2})");
    CHECK_EQUAL(format_answer({"", "cut\xc3", 1, false}),
                "{\"finish_reason\":\"length\",\"id\":\"\",\"text\":\"cut\xef\xbf\xbd\",\"tokens\":1}");
    CHECK_EQUAL(format_error("b", "no"), R"({"error":"no","id":"b"})");
}

} // namespace

int main() {
    test_what_is_read();
    test_what_is_absent_has_the_default();
    test_what_is_refused();
    test_what_is_written();
    return check::verdict();
}
