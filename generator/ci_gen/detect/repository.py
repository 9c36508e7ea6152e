"""All facts about a repository: each detector once, put together."""

from __future__ import annotations

import os
from pathlib import Path

from ci_gen.detect.ci_files import find_gitlab_ci, find_workflows
from ci_gen.detect.docker import find_dockerfiles
from ci_gen.detect.evaluations import find_evaluations
from ci_gen.detect.files import list_files
from ci_gen.detect.git import find_default_branch, find_remotes, is_top_level
from ci_gen.detect.kubernetes import find_manifests
from ci_gen.detect.model import Facts, Remote
from ci_gen.detect.models_named import find_models
from ci_gen.detect.names import slugify
from ci_gen.detect.projects import find_grounds, find_projects
from ci_gen.detect.tree import Tree
from ci_gen.detect.visibility import find_visibility
from ci_gen.detect.yaml import note_broken


def detect(root: Path) -> Facts:
    """Detect the facts about the repository at `root`.

    The same files give the same facts, wherever the folder lies; only without a remote is
    the repository's name that of the folder. Raises NotADirectoryError if `root` is no
    folder; whatever else cannot be read is told in the facts' notes.
    """
    listing = list_files(root)
    tree = Tree(root, listing)
    remotes = find_remotes(root)
    name = _name(root, remotes)
    grounds = find_grounds(tree)
    foreign = grounds.foreign
    visibility, visibility_seen = find_visibility(tree)
    workflows, gitlab_ci = find_workflows(tree), find_gitlab_ci(tree)
    manifests = find_manifests(tree, foreign)
    projects = find_projects(tree, grounds, name)
    if not projects:
        tree.note("nothing to build was found: no CMake project and no Python project")
    if listing.tracked and not is_top_level(root):
        tree.note("this is a folder inside a git repository: its CI files at the top were not read")
    note_broken(
        tree,
        [
            *(seen.path for seen in (*workflows, *gitlab_ci)),
            *(manifest.path for manifest in manifests),
        ],
    )
    dockerfiles = find_dockerfiles(tree, foreign)
    models = find_models(tree, foreign)
    evaluations = find_evaluations(tree, foreign)
    return Facts(
        name=name,
        default_branch=find_default_branch(root),
        remotes=remotes,
        visibility=visibility,
        visibility_seen=visibility_seen,
        projects=projects,
        submodules=tree.submodules,
        dockerfiles=dockerfiles,
        manifests=manifests,
        workflows=workflows,
        gitlab_ci=gitlab_ci,
        models=models,
        notes=tree.notes,
        evaluations=evaluations,
    )


def _name(root: Path, remotes: tuple[Remote, ...]) -> str:
    if remotes:
        return slugify(remotes[0].slug.rpartition("/")[2], "repository")
    return slugify(Path(os.path.realpath(root)).name, "repository")
