#include "check.h"
#include "command_line.h"

int main() {
    const CommandLine line =
        parse_command_line({"complete", "--model", "m.gguf", "--text", "--odd", "--max-tokens", "5",
                            "--temperature", "0.25", "--chat-template", "plain", "--gpu-layers", "-1"});
    CHECK_EQUAL(line.command == Command::complete, true);
    CHECK_EQUAL(line.model, "m.gguf");
    CHECK_EQUAL(line.text, "--odd");
    CHECK_EQUAL(line.sampling.max_tokens, 5);
    CHECK_EQUAL(line.sampling.temperature, 0.25);
    CHECK_EQUAL(line.chat_template, "plain");
    CHECK_EQUAL(line.gpu_layers, -1);
    CHECK_EQUAL(line.context, 2048);

    const CommandLine http = parse_command_line({"listen", "--model", "m", "--port", "9000"});
    CHECK_EQUAL(http.command == Command::listen, true);
    CHECK_EQUAL(http.host, "127.0.0.1");
    CHECK_EQUAL(http.port, 9000);

    CHECK_EQUAL(parse_command_line({"--version"}).command == Command::version, true);
    CHECK_EQUAL(parse_command_line({"serve", "--help"}).command == Command::help, true);

    CHECK_THROWS(UsageError, "a command is missing", parse_command_line({}));
    CHECK_THROWS(UsageError, "no command 'sing'", parse_command_line({"sing"}));
    CHECK_THROWS(UsageError, "serve needs --model FILE", parse_command_line({"serve"}));
    CHECK_THROWS(UsageError, "--model needs a value", parse_command_line({"serve", "--model"}));
    CHECK_THROWS(UsageError, "no option --modle", parse_command_line({"serve", "--modle", "m"}));
    CHECK_THROWS(UsageError, "--context is at least 1", parse_command_line({"serve", "--context", "0"}));
    CHECK_THROWS(UsageError, "--seed takes a number", parse_command_line({"serve", "--seed", "7x"}));
    CHECK_THROWS(UsageError, "--seed takes a number", parse_command_line({"serve", "--seed", ""}));
    CHECK_THROWS(UsageError, "--port is at most 65535", parse_command_line({"listen", "--port", "70000"}));
    CHECK_THROWS(UsageError, "choose one of: chatml",
                 parse_command_line({"serve", "--chat-template", "alpaca"}));
    return check::verdict();
}
