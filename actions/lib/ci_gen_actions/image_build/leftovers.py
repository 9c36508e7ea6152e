"""What a trial makes in the engine, marked so that a run that was killed can be cleaned up after.

Each container, network and volume of a trial has labels: the job, the process that made it,
and a time after which it is abandoned whatever became of that process. The next run on the
engine removes what is abandoned, and nothing that another run still uses.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

JOB = "ci-gen.job"
OWNER = "ci-gen.owner"
UNTIL = "ci-gen.until"
SLACK_SECONDS = 600.0
"""How long beyond its own time limits a trial may take, for copies and a busy engine."""


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process as others can recognise it: pids are used again, these four are not.

    `boot` is the kernel's boot id, `namespace` the pid namespace, `started` in clock ticks.
    """

    boot: str
    namespace: str
    pid: int
    started: int

    def __str__(self) -> str:
        return f"{self.boot}/{self.namespace}/{self.pid}/{self.started}"


def ours() -> Process:
    """This process."""
    return Process(
        boot=_read("/proc/sys/kernel/random/boot_id"),
        namespace=os.readlink("/proc/self/ns/pid"),  # noqa: PTH115 - a text that is no path
        pid=os.getpid(),
        started=start_time(os.getpid()) or 0,
    )


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; 0 where there is none, None if hidden."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return 0
    except PermissionError:
        pass  # another user's
    try:
        # The name is in parentheses and may hold anything, so count from its end.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return 0 if fields[0] in "ZX" else int(fields[19])
    except (OSError, IndexError, ValueError):
        return None


def labels(process: Process, now: float, seconds: float) -> dict[str, str]:
    """The labels of a new job that takes at most `seconds`; `now` is the engine's clock."""
    return {
        JOB: uuid.uuid4().hex[:12],
        OWNER: str(process),
        UNTIL: str(int(now + seconds + SLACK_SECONDS)),
    }


def abandoned(
    given: Mapping[str, str], here: Process, now: float, started: Callable[[int], int | None]
) -> bool:
    """Whether nobody uses the thing with these labels any more.

    `started` tells a process's start time, as `start_time` does. A process of another machine
    or another container cannot be looked at: for its things the time limit decides.
    """
    if JOB not in given:
        return False
    owner = given.get(OWNER, "").split("/")
    if len(owner) == 4 and owner[:2] == [here.boot, here.namespace] and owner[2].isdecimal():
        ticks = started(int(owner[2]))
        if ticks is not None:
            return str(ticks) != owner[3]
    until = given.get(UNTIL, "")
    return until.isdecimal() and now > int(until)


def engine_time(client: Any) -> float:
    """The engine's clock in seconds since 1970: a remote one may differ from ours."""
    text = str(client.info().get("SystemTime", ""))
    found = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)$", text)
    if not found:
        return datetime.now(timezone.utc).timestamp()
    return datetime.fromisoformat(found[1] + found[2].replace("Z", "+00:00")).timestamp()


def sweep(client: Any, here: Process, now: float) -> list[str]:
    """Remove what killed runs left; the names of what was removed."""
    return _remove(client, JOB, lambda given: abandoned(given, here, now, start_time))


def remove_job(client: Any, job: str) -> list[str]:
    """Remove all that belongs to this job; the names of what was removed."""
    return _remove(client, f"{JOB}={job}", lambda given: True)


def _remove(client: Any, label: str, chosen: Callable[[Mapping[str, str]], bool]) -> list[str]:
    """Containers first: networks and volumes are held by them."""
    api, wanted, removed = client.api, {"label": label}, []
    for each in api.containers(all=True, filters=wanted):
        if chosen(each.get("Labels") or {}):
            _gone(partial(api.remove_container, each["Id"], v=True, force=True))
            removed.append(f"container {each['Id'][:12]}")
    for each in api.networks(filters=wanted):
        if chosen(each.get("Labels") or {}):
            for other in _attached(api, each["Id"]):
                leave = api.disconnect_container_from_network
                _gone(partial(leave, other, each["Id"], force=True))
            _gone(partial(api.remove_network, each["Id"]))
            removed.append(f"network {each['Name']}")
    for each in api.volumes(filters=wanted).get("Volumes") or ():
        if chosen(each.get("Labels") or {}):
            _gone(partial(api.remove_volume, each["Name"], force=True))
            removed.append(f"volume {each['Name']}")
    return removed


def _attached(api: Any, network: str) -> list[str]:
    """The containers on a network: that of a job may still be."""
    from docker.errors import NotFound

    try:
        return list(api.inspect_network(network).get("Containers") or ())
    except NotFound:
        return []


def _gone(remove: Callable[[], Any]) -> None:
    """Remove one thing; another run may have been quicker."""
    from docker.errors import APIError

    try:
        remove()
    except APIError as error:
        # 404: it is gone already. 409: its removal is under way.
        if error.status_code not in (404, 409):
            raise


def _read(path: str) -> str:
    try:
        return Path(path).read_text("ascii", "replace").strip()
    except OSError:
        return ""
