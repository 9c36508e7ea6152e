#include "chat.h"
#include "check.h"

int main() {
    const std::vector<Message> talk = {{"system", "Be brief."}, {"user", "Hi"}};

    CHECK_EQUAL(render_chat("chatml", talk),
                "<|im_start|>system\nBe brief.<|im_end|>\n"
                "<|im_start|>user\nHi<|im_end|>\n"
                "<|im_start|>assistant\n");
    CHECK_EQUAL(render_chat("llama3", {{"user", "Hi"}}),
                "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
                "<|start_header_id|>assistant<|end_header_id|>\n\n");
    CHECK_EQUAL(render_chat("plain", talk), "system: Be brief.\nuser: Hi\nassistant: ");
    CHECK_EQUAL(render_chat("plain", {}), "assistant: ");

    CHECK_THROWS(UnknownTemplate, "choose one of: chatml, llama3, plain", render_chat("alpaca", talk));
    for (const auto & name : chat_templates()) {
        CHECK_EQUAL(render_chat(name, talk).find("Be brief.") != std::string::npos, true);
    }
    return check::verdict();
}
