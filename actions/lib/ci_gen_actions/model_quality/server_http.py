"""JSON over HTTP to a server on this machine. A proxy of the environment is never asked."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 64 << 20
"""The largest answer that is read."""


class ServerError(Exception):
    """No usable answer: `status` is the HTTP status, 0 where none came; `kind` the server's
    name for the error, such as `exceed_context_size_error`."""

    def __init__(self, what: str, status: int = 0, kind: str = "") -> None:
        super().__init__(what)
        self.status = status
        self.kind = kind


@dataclass(frozen=True, kw_only=True)
class Wire:
    """Where the server listens, and the key that it asks for."""

    host: str
    port: int
    key: str = ""

    def get(self, path: str, *, timeout: float) -> dict[str, Any]:
        """What GET answers. Raises ServerError; `timeout` is in seconds."""
        return self._ask("GET", path, None, timeout)

    def post(self, path: str, values: dict[str, Any], *, timeout: float) -> dict[str, Any]:
        """What POST answers. Raises ServerError; `timeout` is in seconds."""
        return self._ask("POST", path, json.dumps(values).encode(), timeout)

    def _ask(self, method: str, path: str, body: bytes | None, timeout: float) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            data = response.read(MAX_BYTES + 1)
        except TimeoutError:
            raise ServerError(f"{path}: no answer within {timeout:.0f} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise ServerError(f"{path}: {error or type(error).__name__}") from None
        finally:
            connection.close()
        return _document(path, response.status, data)


def _document(path: str, status: int, data: bytes) -> dict[str, Any]:
    """The object that was answered. Raises ServerError."""
    if len(data) > MAX_BYTES:
        raise ServerError(f"{path}: an answer of more than {MAX_BYTES >> 20} MiB", status)
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        what = f"{path}: HTTP {status} with {len(data)} bytes that are no JSON"
        raise ServerError(what, status) from None
    if not isinstance(found, dict):
        raise ServerError(f"{path}: HTTP {status} with JSON that is no object", status)
    if status != http.client.OK:
        told = found.get("error")
        error = told if isinstance(told, dict) else {"message": told}
        message, kind = str(error.get("message", ""))[:500], str(error.get("type", ""))
        raise ServerError(f"{path}: HTTP {status}: {message}", status, kind)
    return found
