"""A stand-in for llama-server that misbehaves on demand, where the real one cannot be made to.

    python misbehaving_llama.py FAULT [arguments of llama-server]

It answers as llama-server does, over a vocabulary of characters, until its FAULT is due.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

FAULTS = (
    "none",
    "help-fails",
    "dies-loading",
    "out-of-memory",
    "never-ready",
    "port-taken-once",
    "foreign",
    "dies-answering",
    "hangs-answering",
    "no-json",
    "no-probabilities",
    "context-too-short",
)


def main() -> None:
    """Be a server with a fault."""
    fault, *words = sys.argv[1:]
    if words == ["--help"]:
        if fault == "help-fails":
            print("error while loading shared libraries: libllama.so.0", file=sys.stderr)
            raise SystemExit(127)
        print("-m, --model FNAME\n--cache-ram N\n--offline\n--jinja")
        return
    given = dict(zip(words[::2], words[1::2], strict=False))
    if fault == "dies-loading":
        print("error: unsupported model architecture", file=sys.stderr)
        raise SystemExit(1)
    if fault == "out-of-memory":
        print("ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 9")
        raise SystemExit(1)
    if fault == "port-taken-once" and not Path("taken").exists():
        Path("taken").touch()
        print("couldn't bind HTTP server socket, hostname: 127.0.0.1", file=sys.stderr)
        raise SystemExit(1)
    alias = words[words.index("--alias") + 1]
    port = int(words[words.index("--port") + 1])
    HTTPServer(("127.0.0.1", port), _handler(fault, alias, given)).serve_forever()


def _handler(fault: str, alias: str, given: dict[str, str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            pass

        def do_GET(self) -> None:
            known = self.headers.get("Authorization") == f"Bearer {os.environ['LLAMA_API_KEY']}"
            if self.path == "/health":
                ready = fault != "never-ready"
                self.answer({"status": "ok"} if ready else {"error": {}}, 200 if ready else 503)
            elif not known:
                self.answer({"error": {"message": "Invalid API Key"}}, 401)
            elif self.path == "/v1/models":
                self.answer({"data": [{"id": "other" if fault == "foreign" else alias}]})
            else:
                self.answer({"chat_template": "{{ messages }}"})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if fault == "dies-answering":
                print("ggml_abort", file=sys.stderr, flush=True)
                os.kill(os.getpid(), signal.SIGSEGV)
            if fault == "hangs-answering":
                time.sleep(60)
            if fault == "no-json":
                self.send(200, b"<html>")
                return
            if fault == "context-too-short" and "completion" in self.path:
                error = {"type": "exceed_context_size_error", "message": "the request exceeds"}
                self.answer({"error": error}, 400)
                return
            self.answer(self.replied(asked))

        def replied(self, asked: dict[str, Any]) -> dict[str, Any]:
            if self.path == "/tokenize":
                return {"tokens": [1, *(ord(each) for each in asked["content"])]}
            if self.path == "/apply-template":
                return {
                    "prompt": "".join(f"<{m['role']}>{m['content']}" for m in asked["messages"])
                }
            if self.path == "/v1/chat/completions":
                text = f"{asked['seed']} {asked['max_tokens']} {asked['messages'][-1]['content']}"
                return {"choices": [{"message": {"content": text}, "finish_reason": "length"}]}
            if not asked.get("n_probs"):
                return {"content": f"{asked['prompt']}!", "stop_type": "limit"}
            token = asked["logit_bias"][0][0]
            if fault == "no-probabilities":
                return {"content": chr(token)}
            # a token is as likely as its number is small; a stale cache would show
            told = {"id": token, "logprob": -token / 100 - (0 if asked["cache_prompt"] else 1)}
            return {"completion_probabilities": [told]}

        def answer(self, values: dict[str, Any], status: int = 200) -> None:
            self.send(status, json.dumps(values).encode())

        def send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


if __name__ == "__main__":
    main()
