"""Measures real builds of llama.cpp with SmolLM2 135M, and keeps what they gave.

    python bench/quality/record.py [ARM]...        all of them without a name
    python bench/quality/record.py --regrade       grade recorded conversations anew

Each arm is measured as the action does it and kept as bench/quality/data/<arm>.json, which
`bench/quality` and the tests read. The first run compiles llama.cpp and its variants
(tests/support/llama_variants.py); an arm takes about ten minutes on one core. The first arm is
the one that the token probabilities of the others are compared with; they take 0.6 GB and stay in
the tests' cache.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for folder in (ROOT, ROOT / "actions/lib"):
    sys.path.insert(0, str(folder))

from tests.support.llama_package import cache_folder, digest_of, locked, smollm2  # noqa: E402
from tests.support.llama_variants import requantized, variant  # noqa: E402

from ci_gen_actions.core.dialect import detect  # noqa: E402
from ci_gen_actions.core.runner import signals  # noqa: E402
from ci_gen_actions.core.scratch import private_folder  # noqa: E402
from ci_gen_actions.model_quality import question_file  # noqa: E402
from ci_gen_actions.model_quality.arm import Arm, Bench  # noqa: E402
from ci_gen_actions.model_quality.arm_facts import prepared  # noqa: E402
from ci_gen_actions.model_quality.clock import Clock  # noqa: E402
from ci_gen_actions.model_quality.engine_programs import ProgramEngine  # noqa: E402
from ci_gen_actions.model_quality.grading import grade_all  # noqa: E402
from ci_gen_actions.model_quality.measurement import AnswerSet, Measurement, load, save  # noqa: E402
from ci_gen_actions.model_quality.options import Options  # noqa: E402
from ci_gen_actions.model_quality.plan import Side, Text  # noqa: E402
from ci_gen_actions.model_quality.programs import environment  # noqa: E402
from ci_gen_actions.model_quality.question import QuestionSet, Reply  # noqa: E402

FIXTURES = ROOT / "tests/fixtures/quality"
DATA = ROOT / "bench/quality/data"
CONTEXT = 256


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """An arm: a variant of the build, a precision of the model ("" as it comes), a template.

    `divergence` doubles the time that the text takes.
    """

    build: str = "avx2"
    precision: str = ""
    template: str = ""
    threads: int = 1
    divergence: bool = True


RECIPES = {
    "avx2": Recipe(),
    "avx2-again": Recipe(),
    "avx512": Recipe(build="avx512"),
    "openblas": Recipe(build="openblas"),
    "threads-2": Recipe(threads=2, divergence=False),
    "plain": Recipe(build="plain", divergence=False),
    "q2-k": Recipe(precision="Q2_K"),
    "q3-k-s": Recipe(precision="Q3_K_S"),
    **{
        f"template-{name}": Recipe(template=f"{name}.jinja")
        for name in (
            "last-turn-only",
            "no-generation-prompt",
            "wrong-role",
            "no-newline",
        )
    },
}
BASE = "avx2"


def record(names: Sequence[str], chunks: int) -> None:
    """Measure the arms and keep them; those with another template are asked alone."""
    for name in names:
        recipe, started = RECIPES[name], time.monotonic()
        with (
            private_folder(os.environ, "ci-gen-record-") as scratch,
            _arm(recipe, name, scratch) as arm,
        ):
            bench = _bench(recipe, scratch, chunks)
            engine = ProgramEngine(bench)
            found = Measurement(subject=engine.subject(arm), conditions=bench.conditions)
            found = _asked(found, arm, engine, bench)
            if not recipe.template:
                found = _read(found, recipe, arm, engine, bench)
            save(DATA / f"{name}.json", replace(found, seconds=round(time.monotonic() - started)))
            bench.ci.log(f"recorded {name} in {time.monotonic() - started:.0f} s")


def regrade() -> None:
    """Grade the texts of the recorded conversations anew, after the questions' graders changed."""
    asked = _questions()
    chat = replace(asked, questions=tuple(each for each in asked.questions if each.messages))
    for file in sorted(DATA.glob("*.json")):
        found = load(file, file.name)
        (before,) = found.answers
        said = {each.id: Reply(text=each.text) for each in before.answers}
        graded = {
            each.id: each for each in _graded(chat, [said[q.id] for q in chat.questions]).answers
        }
        answers = tuple(graded.get(each.id, each) for each in before.answers)
        after = replace(before, digest=asked.digest, answers=answers)
        save(file, replace(found, answers=(after,)))
        print(f"{file.name} {after.accuracy:.3f}")


def _questions() -> QuestionSet:
    return question_file.load(FIXTURES / "questions.jsonl", "questions", ROOT)


def _graded(asked: QuestionSet, replies: Sequence[Reply]) -> AnswerSet:
    pairs = zip(asked.questions, replies, strict=True)
    given = {question.id: reply for question, reply in pairs}
    return grade_all(asked, given, timeout=10, workspace=ROOT)


def _read(
    begun: Measurement, recipe: Recipe, arm: Arm, engine: ProgramEngine, bench: Bench
) -> Measurement:
    """With the perplexity, and the divergence from the probabilities of the first arm."""
    text = _text()
    found = replace(begun, perplexity=(engine.perplexity(arm, text, None),))
    if not recipe.divergence:
        return found
    with _arm(RECIPES[BASE], BASE, bench.scratch) as of:
        probabilities = _base(of, text, bench)
        return replace(found, divergence=(engine.divergence(arm, text, probabilities, of),))


def _base(of: Arm, text: Text, bench: Bench) -> Path:
    """The file with the first arm's probabilities, made once."""
    options = bench.options
    facts = (of.package.digest, of.model_digest, text.digest, options.context, options.chunks)
    file = cache_folder() / f"quality-{digest_of(*map(str, facts))}.kld"
    with locked(file):
        if not file.is_file():
            unfinished = file.with_suffix(".part")
            ProgramEngine(replace(bench, threads=1)).perplexity(of, text, unfinished)
            unfinished.replace(file)
    return file


def _asked(begun: Measurement, arm: Arm, engine: ProgramEngine, bench: Bench) -> Measurement:
    asked = _questions()
    template, (replies,) = engine.replies(arm, [asked])
    subject = replace(begun.subject, template=template)
    return replace(begun, subject=subject, answers=(_graded(asked, replies),))


def _text() -> Text:
    from ci_gen_actions.core.files import sha256

    path = FIXTURES / "founding.txt"
    return Text(name=path.stem, path=path, digest=f"sha256:{sha256(path)}")


def _bench(recipe: Recipe, scratch: Path, chunks: int) -> Bench:
    ci = detect(dict(os.environ))
    options = Options(
        package="package",
        model="model",
        texts=("founding.txt",),
        context=CONTEXT,
        batch=CONTEXT,
        ubatch=CONTEXT,
        chunks=chunks,
        seed=42,
    )
    return Bench(
        options=options,
        threads=recipe.threads,
        scratch=scratch,
        environ=environment(os.environ),
        clock=Clock(seconds=4 * 3600),
        ci=ci,
    )


def _arm(recipe: Recipe, name: str, scratch: Path) -> AbstractContextManager[Arm]:
    ci = detect(dict(os.environ))
    model = requantized(recipe.precision) if recipe.precision else smollm2()
    template = FIXTURES / "templates" / recipe.template if recipe.template else None
    side = Side(package=variant(recipe.build), model=model, template=template)
    return prepared(side, CONTEXT, name, scratch, ci)


def main() -> None:
    """Read the command line and record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("arms", nargs="*", metavar="ARM", help=", ".join(RECIPES))
    parser.add_argument("--chunks", type=int, default=0, help="at most so many chunks of the text")
    parser.add_argument("--regrade", action="store_true", help=str(regrade.__doc__))
    given = parser.parse_args()
    if given.regrade:
        regrade()
        return
    unknown = [each for each in given.arms if each not in RECIPES]
    if unknown:
        parser.error(f"no such arm: {', '.join(unknown)}; there are {', '.join(RECIPES)}")
    with signals():
        record(given.arms or list(RECIPES), given.chunks)


if __name__ == "__main__":
    main()
