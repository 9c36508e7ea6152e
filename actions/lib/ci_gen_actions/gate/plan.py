"""From what is known of the jobs to one verdict. Pure.

A job is judged by its result on GitHub, by its evidence, or by both, the worse of them
counting. What is not known is not green.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..core.result import Verdict, worst
from .options import Options

_RESULTS = {"success": Verdict.PASS, "failure": Verdict.FAIL, "cancelled": Verdict.NO_DATA}


@dataclass(frozen=True, kw_only=True)
class Found:
    """One evidence file: the stage and job that wrote it, its verdict, and where it lies.

    `usable` is "" or why the file does not count.
    """

    stage: str
    job: str
    verdict: Verdict
    path: str
    usable: str = ""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One job's verdict and the reason.

    `skipped`: it rightly did nothing. `warned`: its verdict, INCONCLUSIVE, is but a warning.
    """

    job: str
    verdict: Verdict
    why: str
    skipped: bool = False
    warned: bool = False


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The verdict over all, and what it was made of."""

    verdict: Verdict
    jobs: tuple[Judged, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """The ids of the jobs that are not green."""
        return tuple(
            each.job for each in self.jobs if each.verdict is not Verdict.PASS and not each.warned
        )


def decide(
    options: Options, needs: Mapping[str, str], found: Sequence[Found], *, unmerged: bool = False
) -> Decision:
    """The verdict; `needs` maps job ids to GitHub's results and is empty elsewhere.

    `unmerged` says that the run is for a pull or merge request.
    """
    allowed = {job: _may_be_skipped(job, options, unmerged) for job in _ids(options, needs, found)}
    judged = (_judge(job, why, needs, found) for job, why in allowed.items())
    jobs = tuple(_tolerated(each, options, needs) for each in judged)
    measured = [Verdict.PASS if each.warned else each.verdict for each in jobs if not each.skipped]
    return Decision(verdict=worst(measured), jobs=jobs)


def _tolerated(each: Judged, options: Options, needs: Mapping[str, str]) -> Judged:
    """The job as a warning where it could not decide, and may be in that state.

    One that GitHub calls failed did not end well, whatever its evidence says.
    """
    may = each.job in options.warn_inconclusive and needs.get(each.job, "success") == "success"
    return replace(each, warned=may and each.verdict is Verdict.INCONCLUSIVE)


def _ids(options: Options, needs: Mapping[str, str], found: Sequence[Found]) -> Iterator[str]:
    """Every job that is expected, needed or heard of, once."""
    seen: set[str] = set()
    for job in (*options.expected, *needs):
        if job not in seen:
            seen.add(job)
            yield job
    for each in found:
        if not seen & {each.job, each.stage}:
            seen.add(each.job or each.stage)
            yield each.job or each.stage


def _judge(job: str, allowed: str, needs: Mapping[str, str], found: Sequence[Found]) -> Judged:
    """`allowed` is why the job may do nothing, "" where it must not."""
    evidence = [each for each in found if job in (each.job, each.stage)]
    if job in needs:
        return _by_result(job, needs[job], allowed, evidence)
    if evidence:
        return _by_evidence(job, evidence)
    if allowed and not needs:
        return Judged(job=job, verdict=Verdict.PASS, why=f"did not run: {allowed}", skipped=True)
    where = "the jobs that this one needs" if needs else "the evidence"
    return Judged(job=job, verdict=Verdict.NO_DATA, why=f"is not among {where}")


def _by_result(job: str, result: str, allowed: str, evidence: Sequence[Found]) -> Judged:
    if result == "skipped":
        if allowed:
            return Judged(job=job, verdict=Verdict.PASS, why=f"skipped: {allowed}", skipped=True)
        return Judged(job=job, verdict=Verdict.NO_DATA, why="was skipped, and nothing allows that")
    verdict = _RESULTS.get(result)
    if verdict is None:
        why = f"has the unknown result {result!r}"
        return Judged(job=job, verdict=Verdict.ERROR, why=why)
    if not evidence:
        return Judged(job=job, verdict=verdict, why=f"GitHub's result: {result}")
    told = _by_evidence(job, evidence)
    if verdict is Verdict.FAIL and told.verdict is not Verdict.PASS:
        return told  # GitHub knows only failure; the evidence says which kind
    if verdict is Verdict.PASS or told.verdict.rank > verdict.rank:
        return told
    return Judged(job=job, verdict=verdict, why=f"GitHub's result: {result}; {told.why}")


def _by_evidence(job: str, evidence: Sequence[Found]) -> Judged:
    bad = [each for each in evidence if each.usable]
    if bad:
        return Judged(job=job, verdict=Verdict.NO_DATA, why=f"{bad[0].path}: {bad[0].usable}")
    verdict = worst(each.verdict for each in evidence)
    told = ", ".join(f"{each.stage} {each.verdict}" for each in evidence)
    return Judged(job=job, verdict=verdict, why=f"evidence: {told}")


def _may_be_skipped(job: str, options: Options, unmerged: bool) -> str:
    """Why the job may do nothing in this run, "" where it must not."""
    if options.code == "false" and _unaffected(job, options):
        return "no change can affect it"
    if options.fork and job in options.skip_forks:
        return "it does not run for forks"
    if unmerged and job in options.skip_unmerged:
        return "it does not run before a change is merged"
    return ""


def _unaffected(job: str, options: Options) -> bool:
    """Whether the job is one that nothing but code affects, or parts of which none is affected."""
    for line in options.skip_unaffected:
        name, _, parts = line.partition(":")
        if name.strip() == job:
            return not any(f",{part}," in options.areas for part in parts.split())
    return False
