"""Kubernetes manifests, kustomizations and Helm charts, and what applies them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ci_gen.detect.model import Manifest, Seen
from ci_gen.detect.tree import (
    Tree,
    folder_of,
    inside,
    inside_any,
    line_at,
    third_party,
    upward,
    written_by_ci_gen,
)

_YAML = re.compile(r".+\.ya?ml")
_API = re.compile(r"^apiVersion:[ \t]*[\"']?([\w.-]*/?v\d\w*)[\"']?[ \t]*(?:#.*)?$", re.MULTILINE)
_KIND = re.compile(r"^kind:[ \t]*[\"']?([A-Z]\w+)[\"']?[ \t]*(?:#.*)?$", re.MULTILINE)
_DOCUMENT = re.compile(r"^---(?=\s|$)", re.MULTILINE)
# These look like manifests but configure a tool on somebody's desk, not a cluster.
_NOT_CLUSTER = re.compile(
    r"^(?:skaffold|backstage\.io|kind\.x-k8s\.io|k3d\.io|ctlptl|tilt|config\.k8s\.io|audit\.k8s\.io"
    r"|kubeadm|grafana|tekton\.dev)"
)
_ASIDE = re.compile(r"(?:^|/)(?:tests?|testdata|fixtures|node_modules|\.github|crds?)/")
_KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_SCRIPT = re.compile(
    r".+\.(?:sh|bash|mk)|[Mm]akefile|GNUmakefile|justfile|Jenkinsfile|Taskfile\.ya?ml"
)
_COMMANDS = (
    ("kustomize", re.compile(r"\bkubectl\b[^\n|]*\bapply\b[^\n|]*\s-k\b|\bkustomize\s+build\b")),
    ("helm", re.compile(r"\bhelm\b[^\n]*\b(?:upgrade|install)\b")),
    ("kubectl", re.compile(r"\bkubectl\b[^\n|]*\b(?:apply|create|replace|set\s+image)\b")),
)
_SYNCED_PATH = re.compile(r"^\s+(?:-\s+)?path:[ \t]*[\"']?(?:\./)?([\w./-]+)", re.MULTILINE)
_GITOPS = (
    (re.compile(r"^argoproj\.io/.*"), frozenset({"Application", "ApplicationSet"}), "argo-cd"),
    (
        re.compile(r"^[\w-]+\.toolkit\.fluxcd\.io/.*"),
        frozenset({"Kustomization", "HelmRelease", "GitRepository", "HelmRepository"}),
        "flux",
    ),
)


@dataclass(frozen=True)
class _Resource:
    """One YAML document that is a Kubernetes resource."""

    path: str
    kind: str
    seen: Seen
    gitops: str
    synced: tuple[str, ...]


def find_manifests(tree: Tree, foreign: tuple[str, ...]) -> tuple[Manifest, ...]:
    """Find what could be applied to a cluster, one entry a file, and who applies it.

    An Argo CD application or a Flux kustomization that names a folder applies what lies in
    it; then a chart is helm's and what lies at or below a kustomization kustomize's; the
    rest is kubectl's.
    """
    resources = list(_resources(tree, foreign))
    charts = [folder_of(path) for path in _entries(tree, foreign, ("Chart.yaml", "Chart.yml"))]
    bases = [folder_of(path) for path in _entries(tree, foreign, _KUSTOMIZATION)]
    synced = [(path, found) for found in resources for path in found.synced]
    commands = _find_commands(tree, foreign)
    found: dict[str, Manifest] = {}
    for folder in charts:
        path = next(path for path in tree.below(folder) if path.rpartition("/")[2][:6] == "Chart.")
        seen = Seen(path, 1)
        found[path] = _manifest(path, "Chart", "helm", seen, synced, commands)
    for path in _entries(tree, foreign, _KUSTOMIZATION):
        found[path] = _manifest(path, "Kustomization", "kustomize", Seen(path, 1), synced, commands)
    for resource in resources:
        path = resource.path
        if path in found or any(inside(path, chart) for chart in charts):
            continue
        kustomized = any(up in bases for up in upward(folder_of(path)))
        tool = resource.gitops or ("kustomize" if kustomized else "kubectl")
        found[path] = _manifest(path, resource.kind, tool, resource.seen, synced, commands)
    return tuple(found[path] for path in sorted(found))


def _entries(tree: Tree, foreign: tuple[str, ...], names: tuple[str, ...]) -> list[str]:
    return [
        path
        for path in tree.named(*names)
        if not third_party(path)
        and not _ASIDE.search(path)
        and not inside_any(path, foreign)
        and not written_by_ci_gen(tree.read(path))
    ]


def _manifest(
    path: str,
    kind: str,
    tool: str,
    seen: Seen,
    synced: list[tuple[str, _Resource]],
    commands: dict[str, Seen],
) -> Manifest:
    for folder, resource in synced:
        if inside(path, folder) and resource.path != path:
            return Manifest(
                path=path, kind=kind, tool=resource.gitops, seen=seen, deployed_by=resource.seen
            )
    return Manifest(path=path, kind=kind, tool=tool, seen=seen, deployed_by=commands.get(tool))


def _resources(tree: Tree, foreign: tuple[str, ...]) -> Iterator[_Resource]:
    """The first Kubernetes resource of every YAML file; a GitOps resource goes before others."""
    for path in tree.matching(_YAML):
        if third_party(path) or _ASIDE.search(path) or inside_any(path, foreign):
            continue
        text = tree.read(path)
        if "apiVersion:" not in text or "kind:" not in text or written_by_ci_gen(text):
            continue
        documents = [found for found in _documents(path, text) if found]
        if documents:
            yield next((found for found in documents if found.gitops), documents[0])


def _documents(path: str, text: str) -> Iterator[_Resource | None]:
    starts = [0, *(match.end() for match in _DOCUMENT.finditer(text)), len(text)]
    for start, end in pairwise(starts):
        document = text[start:end]
        api, kind = _API.search(document), _KIND.search(document)
        if not api or not kind or _NOT_CLUSTER.match(api[1]):
            continue
        gitops = next(
            (tool for group, kinds, tool in _GITOPS if group.match(api[1]) and kind[1] in kinds), ""
        )
        synced = tuple(_SYNCED_PATH.findall(document)) if gitops else ()
        seen = Seen(path, line_at(text, start + kind.start()))
        paths = tuple(item.strip("/") for item in synced if item.strip("./"))
        yield _Resource(path, kind[1], seen, gitops, paths)


def _find_commands(tree: Tree, foreign: tuple[str, ...]) -> dict[str, Seen]:
    """The first line, CI before scripts, where each tool is told to apply something."""
    ci = [*tree.below(".github"), *(path for path in tree.files if path.startswith(".gitlab"))]
    found: dict[str, Seen] = {}
    for path in (*ci, *tree.matching(_SCRIPT)):
        if third_party(path) or inside_any(path, foreign):
            continue
        text = tree.read(path)
        if not ("kubectl" in text or "helm" in text or "kustomize" in text):
            continue
        if written_by_ci_gen(text):
            continue
        for tool, command in _COMMANDS:
            if tool not in found and (match := command.search(text)):
                found[tool] = Seen(path, line_at(text, match.start()))
    return found
