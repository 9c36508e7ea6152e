"""One bounded GET over plain HTTP: no proxy, no redirect, no more of the body than is read."""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass

BODY_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back. `status` is 0 where nothing did; `why` says what happened then."""

    status: int = 0
    body: bytes = b""
    why: str = ""

    @property
    def words(self) -> str:
        """The answer in a few words."""
        return f"status {self.status}" if self.status else self.why


def get(host: str, port: int, path: str, timeout: float) -> Answer:
    """Ask `http://host:port/path`; at most BODY_BYTES of the body, `timeout` in seconds."""
    deadline = time.monotonic() + timeout
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        response = connection.getresponse()
        body = b""
        while len(body) < BODY_BYTES:
            block = response.read1(BODY_BYTES - len(body))
            if not block:
                break
            body += block
            if time.monotonic() > deadline:
                return Answer(why=f"the answer was not complete after {timeout:g} s")
        return Answer(status=response.status, body=body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(why=f"no answer ({error or type(error).__name__})")
    finally:
        connection.close()
