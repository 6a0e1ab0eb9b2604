"""What was measured: one value a seed for each statistic of each claim, kept as JSON."""

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from imbal_lab.claims.claim import Claim, Verdict
from imbal_lab.claims.paper import Paper
from imbal_lab.training.interval import Interval


@dataclass(frozen=True)
class Result:
    """One claim as it was measured; a value that is None was not reached."""

    date: str
    versions: dict[str, str]
    values: dict[str, list[float | None]]  # one a seed for each statistic

    @property
    def intervals(self) -> dict[str, Interval]:
        """The 95 % interval of each statistic."""
        return {name: interval(values) for name, values in self.values.items()}


@dataclass
class Results:
    """The results of one paper, claim by claim, under one protocol."""

    protocol: str  # hash
    seeds: list[int]
    claims: dict[str, Result] = field(default_factory=dict)

    @classmethod
    def none_of(cls, paper: Paper) -> "Results":
        """Nothing measured yet under the present protocol."""
        return cls(paper.hash, list(paper.quoted))

    @classmethod
    def read(cls, path: Path) -> "Results":
        """What :meth:`write` wrote; ValueError if the file is damaged, OSError if it is absent."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            results = {
                key: Result(each["date"], each["versions"], each["values"])
                for key, each in stored["claims"].items()
            }
            return cls(stored["protocol"], stored["seeds"], results)
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(
                f"{path}: damaged ({error}); restore it from git, or delete it and measure again"
            ) from error

    @classmethod
    def of(cls, paper: Paper, path: Path) -> "Results":
        """What ``path`` holds for the present protocol and seeds of ``paper``; else nothing."""
        fresh = cls.none_of(paper)
        if not path.exists():
            return fresh
        kept = cls.read(path)
        return kept if (kept.protocol, kept.seeds) == (fresh.protocol, fresh.seeds) else fresh

    def write(self, path: Path, paper: Paper) -> None:
        """Write it whole or not at all, with the intervals and verdicts for a reader."""
        content = {
            "protocol": self.protocol,
            "seeds": self.seeds,
            "claims": {
                claim.id: readable(claim, self.claims[claim.id])
                for claim in paper.claims
                if claim.id in self.claims
            },
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        text = re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found[0].split()), text)  # one line
        partial.write_text(text + "\n", encoding="utf-8", newline="\n")
        os.replace(partial, path)

    @property
    def hash(self) -> str:
        """SHA-256 of all values, which a picture made of them carries."""
        values = {key: result.values for key, result in self.claims.items()}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def verdict(self, claim: Claim) -> Verdict | None:
        """The verdict on ``claim``; None if it has to be measured first."""
        if claim.why_not:
            return Verdict.UNTESTED
        if claim.id not in self.claims:
            return None
        return claim.verdict(self.claims[claim.id].intervals)


def readable(claim: Claim, result: Result) -> dict[str, object]:
    """A result as it is stored; intervals and verdict follow from the values."""
    return {
        "verdict": claim.verdict(result.intervals),
        **asdict(result),
        "intervals": {
            name: [None if math.isnan(bound) else float(f"{bound:.6g}") for bound in found]
            for name, found in result.intervals.items()
        },
    }


def interval(values: list[float | None]) -> Interval:
    """The 95 % interval of stored values; NaN if one is missing."""
    numbers = [math.nan if value is None else value for value in values]
    return Interval.of(torch.tensor(numbers, dtype=torch.float64))


def stored(values: Mapping[str, torch.Tensor]) -> dict[str, list[float | None]]:
    """Values [S] of each statistic as they are kept: six digits, None for NaN."""
    return {
        name: [float(f"{v:.6g}") if not math.isnan(v) else None for v in of_seeds.tolist()]
        for name, of_seeds in values.items()
    }
