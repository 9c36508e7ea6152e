"""What generated files make a platform do for an event, worked out from the files alone.

Both platforms' files are parsed anew, without a look at the plan that they were rendered from,
and told in the same words, so that a test can compare them job by job.
"""

from __future__ import annotations

import fnmatch
import functools
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support import conditions
from tests.support.events import Event
from tests.support.yaml_nodes import read

RUNS = "runs"
IDLE = "idle"
WAITS = "waits for a person"
FAILS = "fails"
_OURS = re.compile(r"(?:ci-gen/ci-gen|\./\.ci-gen)(?:/actions/([\w-]+))?(?:@|$)")
UNAFFECTED = re.compile(r'if \[ "\$CHANGES_CODE" = "?false"? \]; then .*exit 0; fi')
_PARTS = re.compile(
    r'case "\$CHANGES_CODE:\$CHANGES_AREAS" in (false:[^)]*)\) ;; false:\*\) .*exit 0 ;; esac'
)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One job for one event. `state` is RUNS, FAILS, IDLE or WAITS.

    `calls` are our actions with their inputs, `gives` the files that it keeps, `takes` the jobs
    whose files it gets, `runner` is hosted or self-hosted.
    """

    id: str
    state: str
    needs: frozenset[str]
    runner: str
    calls: tuple[tuple[str, Mapping[str, str]], ...]
    gives: frozenset[str]
    minutes: int
    rows: int


class _All(str):
    """The parts that are affected where code is: all."""

    __slots__ = ()

    def __contains__(self, part: object) -> bool:
        return True


@dataclass(frozen=True)
class Changed:
    """What the job `changes` finds out: whether code is affected, and which parts."""

    code: bool
    areas: str

    @property
    def outputs(self) -> Mapping[str, str]:
        """As GitHub hands them on."""
        return {"code": "true" if self.code else "false", "areas": self.areas}

    def skips(self, line: str) -> bool:
        """Whether a line of a GitLab job's script ends the job at once."""
        if UNAFFECTED.search(line):
            return not self.code
        if parts := _PARTS.search(line):
            return not any(part in self.areas for part in re.findall(r",[\w-]+,", parts[1]))
        return False


def changed(code: bool, areas: str) -> Changed:
    """What `changes` says; where code is affected, so are all parts."""
    return Changed(code, _All() if code else areas)


@functools.lru_cache(maxsize=256)
def _data(text: str) -> Any:
    """A file's content; nobody changes it."""
    return read(text).data


@dataclass
class _Run:
    """States of jobs while they are worked out, needed ones first."""

    jobs: Mapping[str, Mapping[str, Any]]
    failing: frozenset[str]
    states: dict[str, str] = field(default_factory=dict)

    def work_out(
        self, needs: Callable[[str], Iterable[str]], decide: Callable[[str], str]
    ) -> dict[str, str]:
        """Ask `decide` for every job, after all that it needs."""

        def visit(job: str) -> None:
            if job in self.states:
                return
            for need in needs(job):
                visit(need)
            state = decide(job)
            self.states[job] = FAILS if state == RUNS and job in self.failing else state

        for job in self.jobs:
            visit(job)
        return self.states


def github(
    texts: Mapping[str, str],
    event: Event,
    *,
    code: bool,
    areas: str = "",
    failing: Iterable[str] = (),
) -> dict[str, Planned]:
    """The jobs of all workflows for an event; `code` and `areas` are what `changes` finds out."""
    plans: dict[str, Planned] = {}
    for path, text in texts.items():
        if re.match(r"\.github/workflows/.*\.ya?ml$", path):
            workflow = _data(text)
            if _starts(workflow["on"], event):
                plans |= _github_jobs(
                    workflow["jobs"], event, changed(code, areas), frozenset(failing)
                )
    return plans


def _starts(on: Mapping[str, Any], event: Event) -> bool:
    name, payload = event.github()
    if name not in on:
        return False
    if name != "push":
        return True
    rules, ref = on["push"] or {}, payload["ref"].split("/", 2)
    patterns = rules.get("tags" if ref[1] == "tags" else "branches")
    if patterns is None:  # a filter on the other kind alone leaves this kind out
        return not rules
    return any(_glob(pattern, ref[2]) for pattern in patterns)


def _glob(pattern: str, name: str) -> bool:
    """GitHub's globs: `*` stays within a path's part."""
    if pattern.count("/") != name.count("/") and "**" not in pattern:
        return False
    return fnmatch.fnmatchcase(name, pattern)


def _github_jobs(
    jobs: Mapping[str, Mapping[str, Any]], event: Event, found: Changed, failing: frozenset[str]
) -> dict[str, Planned]:
    run = _Run(jobs, failing)
    states = run.work_out(
        lambda job: _listed(jobs[job].get("needs")),
        lambda job: _github_state(jobs[job], run.states, event, found),
    )
    return {
        job: Planned(
            id=job,
            state=states[job],
            needs=frozenset(_listed(entry.get("needs"))),
            runner="self-hosted" if "self-hosted" in _listed(entry["runs-on"]) else "hosted",
            calls=tuple(_github_calls(entry["steps"])),
            gives=frozenset(_uploaded(entry["steps"])),
            minutes=int(entry["timeout-minutes"]),
            rows=len(entry.get("strategy", {}).get("matrix", {}).get("include", [None])),
        )
        for job, entry in jobs.items()
    }


def _listed(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


_RESULTS = {RUNS: "success", FAILS: "failure", IDLE: "skipped", WAITS: "success"}


def _github_state(
    job: Mapping[str, Any], states: Mapping[str, str], event: Event, found: Changed
) -> str:
    needs = _listed(job.get("needs"))
    results = {need: _RESULTS[states[need]] for need in needs}
    name, payload = event.github()
    ref = payload.get("ref") or f"refs/pull/{payload['number']}/merge"
    context = {
        "needs": {need: {"result": results[need], "outputs": found.outputs} for need in needs},
        "github": {
            "event_name": name,
            "event": payload,
            "ref": ref,
            "repository": payload["repository"]["full_name"],
        },
    }
    functions = {
        "always": lambda: True,
        "success": lambda: all(result == "success" for result in results.values()),
        "failure": lambda: "failure" in results.values(),
        "cancelled": lambda: False,
        "contains": lambda whole, part: part in whole,
        "toJSON": json.dumps,
    }

    def value(text: str) -> Any:
        return conditions.github(re.sub(r"^\$\{\{|\}\}$", "", text.strip()), context, functions)

    condition = str(job.get("if", "success()"))
    runs = conditions.truth(value(condition))
    if not conditions.has_status_function(condition):
        runs = runs and functions["success"]()
    if not runs:
        return IDLE
    environment = str(job.get("environment", ""))
    if environment.strip().startswith("${{"):
        environment = value(environment)
    return WAITS if environment else RUNS


def _github_calls(steps: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, Mapping[str, str]]]:
    for step in steps:
        ours = re.match(
            r"(?:ci-gen/ci-gen|\./\.ci-gen)(?:/actions/([\w-]+))?", step.get("uses", "")
        )
        if ours and not re.match(r"actions/", step["uses"]):
            inputs = {name: str(text).strip() for name, text in step.get("with", {}).items()}
            yield ours[1] or "ci-gen", inputs


def _uploaded(steps: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for step in steps:
        if step.get("uses", "").startswith("actions/upload-artifact@"):
            for line in step["with"]["path"].splitlines():
                yield _row_free(line.strip().rstrip("/"))


def _row_free(text: str) -> str:
    """References to a matrix row in one spelling for both platforms."""
    text = re.sub(r"\$\{\{ matrix\.variant \}\}|\$\{?CI_GEN_VARIANT\}?", "<variant>", text)
    return re.sub(r"\$\{\{ matrix\.[\w-]+ \}\}", "<row>", text)


def gitlab(
    texts: Mapping[str, str],
    event: Event,
    *,
    code: bool,
    areas: str = "",
    failing: Iterable[str] = (),
) -> dict[str, Planned]:
    """The jobs of the pipeline for an event; those whose rules leave them out are idle."""
    config = _merged(texts)
    variables = {name: value for name, value in event.gitlab().items() if value is not None}
    rule = _first_rule(config["workflow"]["rules"], variables)
    if rule is None or rule.get("when") == "never":
        return {}
    jobs = {
        name: _extended(config, name)
        for name, entry in config.items()
        if isinstance(entry, dict) and ("script" in entry or "extends" in entry)
        if not name.startswith(".")
    }
    absent = {name for name, job in jobs.items() if _absent(job, variables)}
    run = _Run(jobs, frozenset(failing))
    states = run.work_out(
        lambda job: [need["job"] for need in _needs(jobs[job]) if need["job"] in jobs],
        lambda job: _gitlab_state(jobs[job], run.states, variables, changed(code, areas), absent),
    )
    return {name: _gitlab_planned(name, job, states[name]) for name, job in jobs.items()}


def stages(texts: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """GitLab's stages in order, and the stage of each job."""
    config = _merged(texts)
    jobs = {
        name: _extended(config, name).get("stage", "test")
        for name, entry in config.items()
        if isinstance(entry, dict) and "stage" in entry
    }
    return list(config["stages"]), jobs


def images(texts: Mapping[str, str]) -> dict[str, str]:
    """The image of each GitLab job, "" for the runner's own."""
    config = _merged(texts)
    default = str(config.get("default", {}).get("image", ""))
    result = {}
    for name, entry in config.items():
        if isinstance(entry, dict) and "stage" in entry:
            job = _extended(config, name)
            inherited = job.get("inherit", {}).get("default", True)
            taken = inherited is True or (inherited and "image" in inherited)
            result[name] = str(job.get("image", default if taken else ""))
    return result


def _merged(texts: Mapping[str, str]) -> dict[str, Any]:
    """The root file and all that it includes, as GitLab merges them."""
    root = _data(texts[".gitlab-ci.yml"])
    merged: dict[str, Any] = {}
    for include in root.get("include", []):
        merged |= _data(texts[include["local"].lstrip("/")])
    return {**merged, **root}


def _extended(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    entry = config[name]
    result: dict[str, Any] = {}
    for parent in _listed(entry.get("extends")):
        above = _extended(config, parent)
        variables = {**result.get("variables", {}), **above.get("variables", {})}
        result = {**result, **above, "variables": variables}
    variables = {**result.get("variables", {}), **entry.get("variables", {})}
    return {**result, **entry, "variables": variables}


def _needs(job: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    needs = job.get("needs", [])
    return [{"job": need} if isinstance(need, str) else need for need in needs]


def _first_rule(
    rules: Iterable[Mapping[str, Any]], variables: Mapping[str, str]
) -> Mapping[str, Any] | None:
    for rule in rules:
        if "if" not in rule or conditions.gitlab(rule["if"], variables):
            return rule
    return None


def _gitlab_state(
    job: Mapping[str, Any],
    states: Mapping[str, str],
    variables: Mapping[str, str],
    found: Changed,
    absent: Collection[str],
) -> str:
    rules = job.get("rules")
    rule = _first_rule(rules, variables) if rules else {"when": job.get("when", "on_success")}
    when = "never" if rule is None else rule.get("when", job.get("when", "on_success"))
    if when == "never":
        return IDLE
    if any(found.skips(line) for line in job["script"]):
        return IDLE
    bad = any(states.get(need["job"]) == FAILS for need in _needs(job))
    # An optional need may be absent from the pipeline; one that was stopped stops this one, too.
    idle = [need for need in _needs(job) if states.get(need["job"]) == IDLE]
    stopped = any(not (need.get("optional") and need["job"] in absent) for need in idle)
    if when in ("on_success", "manual") and (bad or (stopped and found.code)):
        return IDLE
    return WAITS if when == "manual" else RUNS


def _absent(job: Mapping[str, Any], variables: Mapping[str, str]) -> bool:
    """Whether the job's rules leave it out of the pipeline."""
    rule = _first_rule(job["rules"], variables) if job.get("rules") else {}
    return rule is None or rule.get("when") == "never"


def _gitlab_planned(name: str, job: Mapping[str, Any], state: str) -> Planned:
    minutes = re.fullmatch(r"(\d+) minutes?", str(job.get("timeout", "60 minutes")))
    if minutes is None:
        raise ValueError(f"the timeout of {name} is not in minutes")
    launched = re.compile(r'launch\.py"? ([\w-]+)(.*)')
    calls = [found for line in job["script"] if (found := launched.search(line))]
    return Planned(
        id=name,
        state=state,
        needs=frozenset(need["job"] for need in _needs(job)),
        runner="self-hosted" if "gpu" in job.get("tags", ()) else "hosted",
        calls=tuple((one[1], _inputs(one[1], one[2], job["variables"])) for one in calls),
        gives=frozenset(
            _row_free(path.rstrip("/")) for path in job.get("artifacts", {}).get("paths", ())
        ),
        minutes=int(minutes[1]),
        rows=len(job.get("parallel", {}).get("matrix", [None])),
    )


def _inputs(action: str, flags: str, variables: Mapping[str, Any]) -> dict[str, str]:
    prefix = f"CI_GEN_{action.upper().replace('-', '_')}_"
    found = {
        name.removeprefix(prefix).lower().replace("_", "-"): str(value).strip()
        for name, value in variables.items()
        if name.startswith(prefix)
    }
    for name, source in re.findall(r'--([\w-]+)=(?:"\$(\w+)")?', flags):
        found[name] = str(variables.get(source, "")).strip()
    return {name: value for name, value in found.items() if value}
