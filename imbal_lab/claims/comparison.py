"""Each measured statistic beside the range that its claim asks for."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from imbal_lab.claims.claim import Claim, Verdict, Within
from imbal_lab.claims.paper import Paper
from imbal_lab.claims.results import Results
from imbal_lab.training.interval import Interval


class Compared(NamedTuple):
    """One statistic of one claim."""

    statistic: str
    interval: Interval
    asked: Within | None  # None: shown, not judged
    holds: bool

    @property
    def found(self) -> str:
        """The interval in words."""
        return "not reached" if math.isnan(self.interval.mean) else str(self.interval)

    def __str__(self) -> str:
        if self.asked is None:
            return f"{self.statistic}: {self.found}"
        asked = f"asked: {self.asked.range}{'' if self.holds else '; it is not'}"
        return f"{self.statistic}: {self.found} ({asked})"


def compared(claim: Claim, results: Results) -> list[Compared]:
    """The statistics of ``claim`` in the order in which they were measured."""
    if claim.id not in results.claims:
        return []
    intervals = results.claims[claim.id].intervals
    asked = {each.statistic: each for each in claim.reproduced}
    return [
        Compared(name, found, asked.get(name), name not in asked or asked[name].holds(intervals))
        for name, found in intervals.items()
    ]


def other_rules(claim: Claim) -> str:
    """The conditions of the verdicts between "reproduced" and "not at this scale", in words."""
    ladder = {Verdict.EARLY: claim.early, Verdict.OPPOSITE: claim.opposite}
    said = [f"{verdict} if {_all(rule)}" for verdict, rule in ladder.items() if rule]
    return "; ".join(said)


def tally(paper: Paper, results: Results) -> str:
    """How many claims got which verdict.

    "20 claims: 15 reproduced, 2 not at this scale, 3 not tested".
    """
    verdicts = [results.verdict(claim) for claim in paper.claims]
    said = [f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict if verdict in verdicts]
    waiting = [f"{verdicts.count(None)} to be measured"] if None in verdicts else []
    return f"{len(verdicts)} claims: {', '.join(said + waiting)}"


def table(paper: Paper, results: Results) -> list[list[str]]:
    """The results for a terminal: claim, statistic, interval, range asked for, verdict."""
    rows = []
    for claim in paper.claims:
        verdict = str(results.verdict(claim) or "to be measured")
        lines = [
            [row.statistic, row.found, row.asked.range if row.asked else ""]
            for row in compared(claim, results)
        ] or [["", "", ""]]
        rows.append([claim.id, *lines[0], verdict])
        rows += [["", *line, ""] for line in lines[1:]]
    return rows


def _all(rule: Iterable[Within]) -> str:
    return " and ".join(map(str, rule))
