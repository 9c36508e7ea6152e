"""Secrets in files and commits, found by gitleaks. A secret itself leaves this module never.

gitleaks tells each finding with the secret, on a pipe that only this process reads. What goes
on from here is the rule, the place, and a fingerprint that costs an attacker 200,000 hashes a
guess.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.dialect import Dialect
from ..core.errors import CannotDecide
from ..core.globs import compile_patterns
from ..core.process import capture
from ..scanning.findings import Finding, Severity
from .history import History
from .tree import READ_BYTES, lay_out

GENERIC = frozenset({"generic-api-key", "curl-auth-header", "curl-auth-user", "jwt", "jwt-base64"})
"""Rules that know no provider: of 33 alarms in four public repositories all were false."""
ROUNDS = 200_000

_FOUND = 9
"""gitleaks' exit status where it found something, so that 1 stays for its own failures."""


def in_files(
    program: Path, workspace: Path, files: Sequence[str], ci: Dialect, timeout: float
) -> list[Finding]:
    """Secrets in the files. Raises CannotDecide, OSError."""
    # Beside the checkout's files, where links are possible; git does not look in there.
    with tempfile.TemporaryDirectory(prefix=".ci-gen-scan-", dir=workspace) as scratch:
        target = Path(scratch) / "files"
        target.mkdir()
        lay_out(workspace, files, target)
        return [_finding(each, "") for each in _run(program, "dir", target, (), ci, timeout)]


def in_commits(
    program: Path,
    workspace: Path,
    history: History,
    exclude: Sequence[str],
    ci: Dialect,
    timeout: float,
) -> list[Finding]:
    """Secrets that the commits brought, whether or not they are still there."""
    options = (f"--log-opts={' '.join(history.revisions)}",)
    found = _run(program, "git", workspace, options, ci, timeout)
    # A later commit may have moved a file; the oldest one that brought a secret is named.
    findings = [_finding(each, str(each.get("Commit", ""))) for each in found]
    skipped = compile_patterns(exclude)
    return [each for each in findings if not skipped.match(each.file)]


def _run(
    program: Path,
    verb: str,
    folder: Path,
    options: Sequence[str],
    ci: Dialect,
    timeout: float,
) -> list[Mapping[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="ci-gen-gitleaks-") as scratch:
        settings = Path(scratch) / "settings.toml"
        settings.write_text("[extend]\nuseDefault = true\n", encoding="utf-8")
        argv = [
            *(str(program), verb, *options, "--config", str(settings)),
            *("--gitleaks-ignore-path", scratch, "--max-target-megabytes", str(READ_BYTES >> 20)),
            *("--no-banner", "--no-color", "--log-level", "error", "--exit-code", str(_FOUND)),
            *("--report-format", "json", "--report-path", "-", "."),
        ]
        done = capture(argv, cwd=folder, env=_environment(ci.environ, folder), timeout=timeout)
    if done.code not in (0, _FOUND) or done.timed_out:
        raise CannotDecide(
            "gitleaks failed",
            where=f"gitleaks {verb}",
            # Its messages, at the level error, name files and commits, and quote no content.
            why=f"it {done.outcome}: {(done.output.strip().splitlines() or [''])[-1][:300]}",
        )
    try:
        found = json.loads(done.stdout or b"[]")
    except ValueError:
        raise CannotDecide("gitleaks wrote no report", where=f"gitleaks {verb}") from None
    return [each for each in found or [] if isinstance(each, dict)]


def _environment(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    dropped = ("GITLEAKS_", "GIT_")
    kept = {name: text for name, text in environ.items() if not name.startswith(dropped)}
    # In a container job the checkout belongs to another user, which git refuses by default.
    trusted = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory"}
    trusted["GIT_CONFIG_VALUE_0"] = str(folder.resolve())
    return {**kept, **trusted, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _finding(found: Mapping[str, Any], commit: str) -> Finding:
    rule, file = str(found.get("RuleID", "")), str(found.get("File", ""))
    generic = rule in GENERIC
    what = "something that looks like a secret" if generic else _kind(rule)
    where = f", in commit {commit[:12]}" if commit else ""
    line = found.get("StartLine")
    return Finding(
        id=f"secret/{rule}/{fingerprint(rule, file, str(found.get('Secret', '')))}",
        severity=Severity.MEDIUM if generic else Severity.CRITICAL,
        title=f"{what}{where}",
        file=file,
        line=line if isinstance(line, int) and line > 0 else 1,
    )


def _kind(rule: str) -> str:
    return f"a secret ({rule.replace('-', ' ')}): make it invalid at its provider, then remove it"


def fingerprint(rule: str, file: str, secret: str) -> str:
    """What tells this secret at this place from others, and gives it away to nobody."""
    salt = f"ci-gen {rule} {file}".encode("utf-8", "surrogateescape")
    data = secret.encode("utf-8", "surrogateescape")
    return hashlib.pbkdf2_hmac("sha256", data, salt, ROUNDS, dklen=8).hex()
