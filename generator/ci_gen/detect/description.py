"""Facts as lines for people: a label, a value, and what shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ci_gen.detect.model import (
    Evaluation,
    EvaluationKind,
    Facts,
    Llama,
    LlamaOrigin,
    Manifest,
    ModelName,
    Project,
    Seen,
    Visibility,
)

Line = tuple[str, str, Seen | None]

MOST = 8
"""How many facts of one kind are listed for a person; the rest is counted."""

_ORIGINS = {
    LlamaOrigin.SELF: "this repository",
    LlamaOrigin.SUBMODULE: "submodule",
    LlamaOrigin.VENDORED: "copied into the tree",
    LlamaOrigin.FETCH_CONTENT: "downloaded by CMake",
    LlamaOrigin.PYTHON_PACKAGE: "Python package",
    LlamaOrigin.SYSTEM: "installed in the system",
}


def describe(facts: Facts, most: int | None = MOST) -> list[Line]:
    """List all facts in reading order as (label, value, what shows it).

    Of each kind at most `most` are listed, all of them with None.
    """
    lines: list[Line] = [("repository", facts.name, None)]
    lines.append(("default branch", facts.default_branch, None))
    for remote in facts.remotes:
        host = remote.platform.value if remote.platform else "unknown platform"
        lines.append((f"remote {remote.name}", f"{remote.url} ({host})", None))
    public = facts.visibility is Visibility.PUBLIC
    text = "looks public: forks may send changes" if public else "unknown"
    lines.append(("visibility", text, facts.visibility_seen))
    for project in facts.projects:
        lines += _project(project)
    for label, seen in (
        ("Dockerfile", facts.dockerfiles),
        ("GitHub workflow", facts.workflows),
        ("GitLab CI", facts.gitlab_ci),
    ):
        lines += _few(most, [(label, one.path, one) for one in seen])
    lines += _few(most, [("submodule", path, None) for path in facts.submodules])
    lines += _few(most, [_manifest(manifest) for manifest in facts.manifests])
    lines += _few(most, [_model(model) for model in facts.models])
    lines += _few(most, [_evaluation(one) for one in facts.evaluations])
    return lines + [("note", note, None) for note in facts.notes]


def changes(old: Facts, new: Facts) -> list[tuple[str, str, str]]:
    """What differs between two states, as ("-" or "+", label, value).

    A fact that merely stands on another line now is none of them.
    """
    before, after = describe(old, most=None), describe(new, most=None)
    was, now = {line[:2] for line in before}, {line[:2] for line in after}
    gone = [("-", label, value) for label, value, _ in before if (label, value) not in now]
    come = [("+", label, value) for label, value, _ in after if (label, value) not in was]
    return sorted(gone + come, key=lambda change: (change[1], change[0] == "+"))


def table(lines: Sequence[Line]) -> str:
    """The lines as aligned text, what shows a fact in brackets behind it."""
    width = max((len(label) for label, _, _ in lines), default=0)
    return "\n".join(
        f"{label:<{width}}  {value}" + (f"  [{seen}]" if seen else "")
        for label, value, seen in lines
    )


def _few(most: int | None, lines: list[Line]) -> list[Line]:
    if most is None or len(lines) <= most:
        return lines
    left = len(lines) - most + 1
    return [*lines[: most - 1], (lines[0][0], f"and {left} more", None)]


def _manifest(manifest: Manifest) -> Line:
    where = f" in {manifest.deployed_by}" if manifest.deployed_by else ""
    return "Kubernetes", f"{manifest.kind}, applied by {manifest.tool}{where}", manifest.seen


def _model(model: ModelName) -> Line:
    return "model", model.name + (f" from {model.source}" if model.source else ""), model.seen


def _evaluation(one: Evaluation) -> Line:
    kind = {EvaluationKind.TEXT: "text", EvaluationKind.QUESTIONS: "questions"}[one.kind]
    return "evaluation set", f"{one.path} ({kind})", one.seen


def _project(project: Project) -> Iterator[Line]:
    label = f"project {project.name}"
    yield label, f"{project.kind.value} in {project.path}", project.seen
    if project.llama:
        yield from _llama(label, project.llama)
    if project.ctest:
        yield f"{label}: ctest", "yes", project.ctest
    if python := project.python:
        lock = f", locked by {python.lock}" if python.lock else ""
        yield f"{label}: Python", f"{python.manager.value} in {python.path}{lock}", python.seen
    for suite in project.pytest:
        yield f"{label}: pytest", f"{suite.path} ({suite.kind.value})", suite.seen


def _llama(label: str, llama: Llama) -> Iterator[Line]:
    where = f", {llama.path}" if llama.path else ""
    yield f"{label}: llama.cpp", _ORIGINS[llama.origin] + where, llama.seen
    option = llama.cuda_option.value if llama.cuda_option else "unknown"
    yield f"{label}: CUDA option", option, llama.cuda_seen
