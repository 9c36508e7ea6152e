"""The environment of git, with a token where one is given: in no argument and no file."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

_LEFT_OVER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF")


def environment(environ: Mapping[str, str], token: str, url: str) -> dict[str, str]:
    """What git is run with; `token` goes to the host of `url` alone, over https."""
    kept = {name: text for name, text in os.environ.items() if name not in _LEFT_OVER}
    quiet = {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    parts = urlsplit(url)
    if not token or parts.scheme != "https" or not parts.hostname:
        return quiet
    host = parts.netloc.rpartition("@")[2]
    # Numbered settings of the caller stay; ours follow them.
    count = int(kept.get("GIT_CONFIG_COUNT", "0") or "0")
    header = f"Authorization: Basic {_basic(environ, token)}"
    settings = (
        (f"http.https://{host}/.extraheader", ""),
        (f"http.https://{host}/.extraheader", header),
    )
    for place, (key, value) in enumerate(settings, count):
        # An empty value drops the headers that the checkout has, of which two would be refused.
        quiet[f"GIT_CONFIG_KEY_{place}"] = key
        quiet[f"GIT_CONFIG_VALUE_{place}"] = value
    quiet["GIT_CONFIG_COUNT"] = str(count + len(settings))
    return quiet


def redacted(text: str, token: str) -> str:
    """What git said, without the token and without a password in a URL."""
    import re

    text = re.sub(r"//[^/@\s]*@", "//", text)
    return text.replace(token, "***") if token else text


def _basic(environ: Mapping[str, str], token: str) -> str:
    own = environ.get("CI_JOB_TOKEN") == token and environ.get("GITLAB_CI")
    user = "gitlab-ci-token" if own else "x-access-token"
    return base64.b64encode(f"{user}:{token}".encode()).decode("ascii")
