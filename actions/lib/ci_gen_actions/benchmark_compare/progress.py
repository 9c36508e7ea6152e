"""What whoever measures in rounds asks after each of them: which benchmarks need more pairs?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .deciding import Rules, judge
from .matching import of_measurement
from .measurement_file import Measurement


def wanted(measurement: Measurement, rules: Rules) -> Mapping[str, int]:
    """The ids of the benchmarks that are not decided, and the pairs that the next look needs.

    Empty once all are decided, or have had their last look. A benchmark that measured nothing yet
    wants the pairs of the first look, however often it was tried: when to give up on one that
    always fails is for the caller to say.
    """
    going_on = replace(rules, ended=False)
    ids = {benchmark.key: key for key, benchmark in measurement.benchmarks.items()}
    found: dict[str, int] = {}
    for judged in judge(of_measurement(measurement).cases, going_on):
        pairs = rules.design.looks[0] if judged.case.settled else judged.wanted
        if pairs:
            found[ids[judged.case.benchmark.key]] = pairs
    return found
