"""What `init` writes, and above all what it leaves alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.generator.write.dying import killed_at
from tests.support.repositories import make_repository

from ci_gen.config.draft import MODEL_CONFIG
from ci_gen.errors import ConfigError, UsageError
from ci_gen.setup import Answers, Report, initialise

CMAKE = """\
cmake_minimum_required(VERSION 3.14)
project(service C)
add_executable(service service.c)
"""
PIN = (("actions.repository", "acme/actions"), ("actions.commit", "a" * 40))
BOTH = Answers(platform="both", settings=PIN)
CI = ".github/workflows/ci.yml"
MODEL = "model:\n  name: mine\n"


@pytest.fixture
def root(memory: Path) -> Path:
    files = {"CMakeLists.txt": CMAKE, "service.c": "int main(void) { return 0; }\n"}
    remotes = {"origin": "https://github.com/acme/service.git"}
    return make_repository(memory / "service", files, remotes).path


def tree(root: Path) -> dict[str, bytes]:
    """Every file and link of the work tree."""
    return {
        path.relative_to(root).as_posix(): str(path.readlink()).encode()
        if path.is_symlink()
        else path.read_bytes()
        for path in sorted(root.rglob("*"))
        if (path.is_file() or path.is_symlink()) and ".git" not in path.relative_to(root).parts
    }


def put(root: Path, path: str, text: str | bytes) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


def statuses(report: Report) -> dict[str, str]:
    return {path: status for status, path, _ in report.files}


def test_a_bare_repository_gets_everything(root: Path) -> None:
    report = initialise(root, BOTH)
    assert report.exit_status == 0
    assert set(statuses(report).values()) == {"created"}
    made = tree(root)
    assert set(statuses(report)) <= set(made)
    assert {"ci-gen.yaml", MODEL_CONFIG, CI, ".gitlab-ci.yml", "docs/pipeline.md"} <= set(made)
    assert ("project service", "cmake in .", "CMakeLists.txt:2") in report.facts
    assert any("cuda.enabled" in step for step in report.next)
    assert any("ci-gen config set image.enabled true" in step for step in report.next)


def test_the_platforms_are_those_of_the_remotes(root: Path) -> None:
    initialise(root, Answers(settings=PIN))
    assert b"platforms: [github]" in tree(root)["ci-gen.yaml"]
    assert ".gitlab-ci.yml" not in tree(root)


FOREIGN = {
    CI: ".github/workflows/ci-gen-ci.yml",
    ".github/workflows/ci-gen.yml": ".github/workflows/ci-gen-drift.yml",
    ".github/dependabot.yml": ".github/dependabot.ci-gen.yml",
    ".gitlab-ci.yml": ".gitlab/ci-gen/pipeline.yml",
    ".gitlab/ci-gen/check.yml": ".gitlab/ci-gen/check.ci-gen.yml",
    "docs/pipeline.md": "docs/pipeline.ci-gen.md",
    "docs/pipeline.svg": "docs/pipeline.ci-gen.svg",
}


def test_foreign_files_stay_and_the_generated_ones_lie_beside_them(root: Path) -> None:
    for path in FOREIGN:
        put(root, path, f"mine: {path}\n")
    report = initialise(root, BOTH)
    assert report.exit_status == 0
    made = tree(root)
    for path, name in FOREIGN.items():
        assert made[path] == f"mine: {path}\n".encode()
        assert statuses(report)[name] == "created"
        assert path not in statuses(report)
        assert f"  {path}: {name}\n".encode() in made["ci-gen.yaml"]
        assert any(path in step and name in step for step in report.next)
    assert any("include: [{local: /.gitlab/ci-gen/pipeline.yml}]" in step for step in report.next)
    assert b"/.gitlab/ci-gen/check.ci-gen.yml" in made[".gitlab/ci-gen/pipeline.yml"]
    assert b"pipeline.ci-gen.svg" in made["docs/pipeline.ci-gen.md"]


def test_the_page_to_read_is_the_generated_one(root: Path) -> None:
    put(root, "docs/pipeline.md", "mine\n")
    report = initialise(root, BOTH)
    (step,) = [step for step in report.next if step.startswith("Read ")]
    assert step.startswith("Read docs/pipeline.ci-gen.md:")


def test_a_name_that_the_platform_alone_reads_is_pointed_out(root: Path) -> None:
    put(root, ".github/dependabot.yml", "mine\n")
    put(root, ".github/CODEOWNERS", "mine\n")
    owners = ("codeowners", "['@acme/platform']")
    report = initialise(root, Answers(platform="github", settings=(*PIN, owners)))
    told = [step for step in report.next if step.startswith("Take over into")]
    assert [step.split()[3] for step in told] == [".github/CODEOWNERS", ".github/dependabot.yml"]
    assert ".github/CODEOWNERS.ci-gen" in told[0]


def test_dockerfiles_of_the_user_stay_and_the_images_copy_what_is_ours(root: Path) -> None:
    mine = {
        "docker/service-cpu.Dockerfile": "FROM scratch\n",
        "docker/healthcheck.sh": "exit 0\n",
        ".dockerignore": "models\n",
    }
    for path, text in mine.items():
        put(root, path, text)
    answers = Answers(platform="both", settings=(*PIN, ("image.enabled", "true")))
    initialise(root, answers)
    after = tree(root)
    assert {path: after[path].decode() for path in mine} == mine
    text = after["docker/service-cpu.ci-gen.Dockerfile"].decode()
    assert '["docker/healthcheck.ci-gen.sh", "./healthcheck.sh"]' in text
    ignored = after["docker/service-cpu.ci-gen.Dockerfile.dockerignore"].decode()
    assert "!docker/healthcheck.ci-gen.sh\n" in ignored
    workflow = after[".github/workflows/ci.yml"].decode()
    assert "docker/service-cpu.ci-gen.Dockerfile" in workflow


def test_the_other_name_may_be_taken_too(root: Path) -> None:
    put(root, CI, "mine\n")
    put(root, ".github/workflows/ci-gen-ci.yml", "mine, too\n")
    initialise(root, BOTH)
    made = tree(root)
    assert made[CI] == b"mine\n"
    assert made[".github/workflows/ci-gen-ci.yml"] == b"mine, too\n"
    assert b"Generated by ci-gen" in made[".github/workflows/ci.ci-gen.yml"]


def test_a_link_that_leads_nowhere_is_a_file_of_the_users(root: Path) -> None:
    (root / ".gitlab-ci.yml").symlink_to("elsewhere.yml")
    initialise(root, BOTH)
    assert str((root / ".gitlab-ci.yml").readlink()) == "elsewhere.yml"
    assert not (root / "elsewhere.yml").exists()


@pytest.mark.parametrize("taken", [{}, {CI: "mine\n", "docs/pipeline.md": "mine\n"}])
def test_a_second_run_changes_no_byte(root: Path, taken: dict[str, str]) -> None:
    for path, text in taken.items():
        put(root, path, text)
    initialise(root, BOTH)
    before = tree(root)
    report = initialise(root, Answers())
    assert tree(root) == before
    assert statuses(report).pop("ci-gen.yaml") == "kept"
    assert {s for s, path, _ in report.files if path != "ci-gen.yaml"} == {"unchanged"}
    # The very same command, whose settings are in force already.
    assert statuses(initialise(root, BOTH))["ci-gen.yaml"] == "kept"
    assert tree(root) == before


def test_a_dry_run_writes_nothing_and_lists_what_a_run_writes(root: Path) -> None:
    put(root, CI, "mine\n")
    before = tree(root)
    planned = initialise(root, BOTH, dry_run=True)
    assert tree(root) == before
    assert not (root / ".ci-gen").exists()
    assert set(statuses(planned).values()) == {"create"}
    assert set(statuses(planned)) == set(statuses(initialise(root, BOTH)))


def test_a_dry_run_of_a_second_run_shows_the_new_settings(root: Path) -> None:
    initialise(root, BOTH)
    before = tree(root)
    answers = Answers(settings=(("default_branch", "trunk"),))
    planned = initialise(root, answers, dry_run=True)
    assert tree(root) == before
    assert planned.exit_status == 0
    assert statuses(planned)["ci-gen.yaml"] == "updated"
    assert statuses(planned)[CI] == "updated"
    assert statuses(initialise(root, answers)) == statuses(planned)
    assert tree(root) != before


def test_a_second_run_may_add_a_platform(root: Path) -> None:
    initialise(root, Answers(platform="github", settings=PIN))
    assert ".gitlab-ci.yml" not in tree(root)
    report = initialise(root, Answers(platform="both"))
    assert statuses(report)["ci-gen.yaml"] == "updated"
    assert statuses(report)[".gitlab-ci.yml"] == "created"
    assert b"# What is built was detected:" in tree(root)["ci-gen.yaml"]


WRONG = [
    ("cuda.enabeld", "true"),
    ("cuda.enabled", "maybe"),
    ("cuda.enabled", "["),
    ("cuda.enabled.deeper", "1"),
    ("services[7].name", "x"),
    ("forks.gpu", "approve"),
    ("files", "{no/such.yml: other.yml}"),
    ("files", f"{{{CI}: docs/pipeline.md}}"),
    ("models", "[{name: a, config: nowhere.yaml}]"),
]


@pytest.mark.parametrize("setting", WRONG)
def test_a_wrong_setting_writes_nothing(root: Path, setting: tuple[str, str]) -> None:
    before = tree(root)
    with pytest.raises(UsageError):
        initialise(root, Answers(settings=(*PIN, setting)))
    assert tree(root) == before
    assert not (root / ".ci-gen").exists()


@pytest.mark.parametrize("setting", WRONG)
def test_a_wrong_setting_of_a_second_run_writes_nothing(
    root: Path, setting: tuple[str, str]
) -> None:
    initialise(root, BOTH)
    before = tree(root)
    with pytest.raises(UsageError):
        initialise(root, Answers(settings=(setting,)))
    assert tree(root) == before


def test_a_setting_may_put_a_wrong_config_right(root: Path) -> None:
    initialise(root, BOTH)
    put(root, "ci-gen.yaml", tree(root)["ci-gen.yaml"] + b"name: 7 up\n")
    report = initialise(root, Answers(settings=(("name", "seven-up"),)))
    assert statuses(report)["ci-gen.yaml"] == "updated"
    assert b"\nname: seven-up\n" in tree(root)["ci-gen.yaml"]


def test_nothing_to_build(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Nothing to build was found") as raised:
        initialise(tmp_path, BOTH)
    assert "--set 'services=" in raised.value.hint
    assert list(tmp_path.iterdir()) == []


def test_the_remedy_for_nothing_to_build_works(tmp_path: Path) -> None:
    service = ("services", "[{name: server, path: ., kind: cmake}]")
    report = initialise(tmp_path, Answers(settings=(*PIN, service)))
    assert report.exit_status == 0
    assert b"build-cpu-server" in tree(tmp_path)[CI]


def test_a_model_config_of_this_kind_is_taken_over(root: Path) -> None:
    put(root, MODEL_CONFIG, MODEL)
    report = initialise(root, BOTH)
    assert tree(root)[MODEL_CONFIG] == MODEL.encode()
    assert MODEL_CONFIG not in statuses(report)
    assert b"models:\n  - name: default\n" in tree(root)["ci-gen.yaml"]


@pytest.mark.parametrize("other", ["models: [a, b]\n", "not: [yaml", b"name: \xe9\n", ""])
def test_a_model_config_of_another_kind_is_left_alone(root: Path, other: str | bytes) -> None:
    put(root, MODEL_CONFIG, other)
    before = tree(root)[MODEL_CONFIG]
    report = initialise(root, BOTH)
    assert report.exit_status == 0
    assert tree(root)[MODEL_CONFIG] == before
    assert b"models:" not in tree(root)["ci-gen.yaml"]
    assert initialise(root, Answers()).exit_status == 0


def test_no_model_config_where_there_is_no_place_for_it(root: Path) -> None:
    put(root, "config", "a file\n")
    assert initialise(root, BOTH).exit_status == 0
    assert tree(root)["config"] == b"a file\n"


def test_a_model_config_that_is_a_link_to_nothing(root: Path) -> None:
    (root / "config").mkdir()
    (root / MODEL_CONFIG).symlink_to("../../shared.yaml")
    assert initialise(root, BOTH).exit_status == 0
    assert (root / MODEL_CONFIG).is_symlink()
    assert not (root.parent / "shared.yaml").exists()


def test_a_config_that_is_no_file(root: Path) -> None:
    (root / "ci-gen.yaml").symlink_to("nowhere")
    with pytest.raises(UsageError, match="is no file"):
        initialise(root, BOTH)
    assert (root / "ci-gen.yaml").is_symlink()
    (root / "ci-gen.yaml").unlink()
    (root / "ci-gen.yaml").mkdir()
    with pytest.raises(UsageError, match="is no file"):
        initialise(root, BOTH)


@pytest.mark.parametrize(
    "broken", ["version: [1\n", "version: 1\nplatfroms: [github]\n", b"name: \xe9\n", "", "[]\n"]
)
@pytest.mark.parametrize("answers", [Answers(), Answers(platform="github")])
def test_a_broken_config_is_shown_and_left_alone(
    root: Path, broken: str | bytes, answers: Answers
) -> None:
    put(root, "ci-gen.yaml", broken)
    before = tree(root)
    with pytest.raises(UsageError) as raised:
        initialise(root, answers)
    assert tree(root) == before
    if isinstance(raised.value, ConfigError):
        assert all(problem.file == "ci-gen.yaml" for problem in raised.value.problems)


def test_a_config_of_the_users_own_hand(root: Path) -> None:
    """With a byte order mark and CRLF, as an editor on Windows leaves it."""
    text = f"\ufeffversion: 1\r\nplatforms: [github]\r\nactions: {{commit: {'b' * 40},\r\n"
    put(root, "ci-gen.yaml", text + "  repository: acme/actions}\r\n")
    before = tree(root)["ci-gen.yaml"]
    report = initialise(root, Answers())
    assert statuses(report)["ci-gen.yaml"] == "kept"
    assert tree(root)["ci-gen.yaml"] == before
    assert b"acme/actions/actions/changes@" + b"b" * 40 in tree(root)[CI]


def test_a_lost_config_is_drafted_anew_around_the_lock(root: Path) -> None:
    """What the lock knows is ci-gen's own, not the user's."""
    initialise(root, BOTH)
    before = tree(root)
    (root / "ci-gen.yaml").unlink()
    initialise(root, BOTH)
    assert tree(root) == before


def test_vendored_actions_need_no_pin(root: Path) -> None:
    report = initialise(root, Answers(settings=(("actions.source", "vendor"),)))
    assert report.exit_status == 0
    assert statuses(report)[".ci-gen/actions/build/action.yml"] == "created"
    assert b"uses: ./.ci-gen/actions/build\n" in tree(root)[CI]


def answered(*given: str) -> tuple[Answers, list[str]]:
    """Answers of a person who says `given`, and the protocol of what was asked and shown."""
    protocol: list[str] = []
    left = list(given)

    def ask(question: str, default: str, choices: tuple[str, ...]) -> str:
        protocol.append(f"{question} [{default}]")
        answer = left.pop(0) or default
        assert answer in choices
        return answer

    def found(lines: object) -> None:
        protocol.append("facts")

    return Answers(settings=PIN, ask=ask, found=found), protocol


def test_the_facts_are_shown_before_the_first_question(root: Path) -> None:
    answers, protocol = answered("both", "yes")
    initialise(root, answers)
    assert protocol[0] == "facts"
    assert protocol[1] == "Generate for which platform? [github]"
    assert "GPU" in protocol[2]
    assert b"cuda:\n  enabled: true\n" in tree(root)["ci-gen.yaml"]
    assert b"build-cuda-service" in tree(root)[CI]
    assert ".gitlab-ci.yml" in tree(root)


def test_what_the_command_line_says_is_not_asked(root: Path) -> None:
    answers, protocol = answered("")
    initialise(root, Answers(platform="gitlab", settings=PIN, ask=answers.ask, found=answers.found))
    assert len(protocol) == 2
    assert CI not in tree(root)


def test_no_question_about_cuda_for_python_alone(tmp_path: Path) -> None:
    put(tmp_path, "pyproject.toml", '[project]\nname = "answers"\nversion = "1"\n')
    put(tmp_path, "answers.py", "import llama_cpp\n")
    answers, protocol = answered("")
    report = initialise(tmp_path, answers)
    assert protocol == ["facts", "Generate for which platform? [both]"]
    assert not any("cuda.enabled" in step for step in report.next)


def test_a_second_run_asks_nothing(root: Path) -> None:
    initialise(root, BOTH)
    answers, protocol = answered()
    initialise(root, Answers(ask=answers.ask, found=answers.found))
    assert protocol == ["facts"]


def test_as_json(root: Path) -> None:
    document = initialise(root, BOTH, dry_run=True).to_json()
    assert {"fact": "repository", "value": "service", "seen": None} in document["facts"]
    assert {"path": "ci-gen.yaml", "status": "create", "why": ""} in document["files"]
    assert document["next"]


@pytest.mark.e2e
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_killed_at_any_step_the_next_run_completes(root: Path, memory: Path) -> None:
    """Above all between the config, the model's config and what is generated from them."""
    put(root, CI, "mine\n")
    shutil.copytree(root, memory / "whole" / "service", symlinks=True)
    initialise(memory / "whole" / "service", BOTH)
    wanted = tree(memory / "whole" / "service")
    killed = 0
    # The config and the model's take fewer than 18 calls; the others are generate's own.
    steps = [*range(1, 18), 25, 60]
    for step in steps:
        copy = memory / str(step) / "service"
        shutil.copytree(root, copy, symlinks=True)
        killed += killed_at(step, lambda copy=copy: initialise(copy, BOTH))  # type: ignore[misc]
        assert (copy / CI).read_bytes() == b"mine\n"
        again = Answers() if (copy / "ci-gen.yaml").is_file() else BOTH
        assert initialise(copy, again).exit_status == 0, step
        assert tree(copy) == wanted, step
    assert killed == len(steps)
