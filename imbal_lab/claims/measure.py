"""Measure the claims of a paper with its quoted seeds; what is finished is kept."""

import datetime
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from imbal_lab.claims.claim import Claim
from imbal_lab.claims.paper import Paper
from imbal_lab.claims.results import Result, Results, stored


def measured(claim: Claim, seeds: Sequence[int]) -> Result:
    """Measure one claim now.

    Raises ValueError if the claim is not tested, or if its measure does not give one value a
    seed for each statistic that its conditions name.
    """
    if claim.measure is None:
        raise ValueError(f"claim {claim.id!r} is not tested: {claim.why_not}")
    values = claim.measure(seeds)
    named = {each.statistic for each in (*claim.reproduced, *claim.early, *claim.opposite)}
    if named - set(values):
        raise ValueError(f"claim {claim.id!r}: no value for {sorted(named - set(values))}")
    wrong = {k: list(v.shape) for k, v in values.items() if list(v.shape) != [len(seeds)]}
    if wrong:
        raise ValueError(f"claim {claim.id!r}: one value a seed is [{len(seeds)}], got {wrong}")
    infinite = sorted(k for k, v in values.items() if v.isinf().any())
    if infinite:
        raise ValueError(
            f"claim {claim.id!r}: infinite values in {infinite}; a measure gives finite numbers, "
            "or NaN for what was not reached"
        )
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return Result(today, versions, stored(values))


def bring_up_to_date(
    paper: Paper, path: Path, *, again: bool = False, progress: Callable[[str], None]
) -> Results:
    """Measure what ``path`` lacks, and save it claim by claim.

    Results under another protocol or other seeds do not count, nor do any with ``again``.
    Nothing is replaced before the first new result is there.
    """
    results = Results.none_of(paper) if again else Results.of(paper, path)
    for claim in paper.claims:
        if claim.measure and claim.id not in results.claims:
            progress(claim.id)
            results.claims[claim.id] = measured(claim, paper.quoted)
            results.write(path, paper)
    return results
