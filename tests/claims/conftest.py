from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from imbal_lab.claims import Claim, Paper, Within


class Counted:
    """A measure that counts its calls: the seed itself, and a constant."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, seeds):
        self.calls += 1
        return {"seed": torch.tensor([float(s) for s in seeds]), "one": torch.ones(len(seeds))}


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def paper(tmp_path: Path, counted: Counted) -> Callable[..., Paper]:
    """Makes a paper with two measured claims and one that is not tested."""
    (tmp_path / "tilted.py").write_text("claims = ...\n", encoding="utf-8")

    def make(**changed) -> Paper:
        first = {"measure": counted, "reproduced": (Within("seed", low=20), Within("one", 1, 1))}
        claims = (
            Claim(id="tilted-a", says="a|b", origin="abstract", setting="two blobs", **first),
            Claim(
                id="tilted-b",
                says="B.",
                origin="theorem 1",
                reported="3",
                measure=counted,
                reproduced=(Within("seed", high=20),),
                early=(Within("one", high=0.5),),
                opposite=(Within("seed", low=30),),
            ),
            Claim(id="tilted-c", says="C.", origin="theorem 2", why_not="hours"),
        )
        given = {
            "name": "tilted",
            "title": "Tilted losses",
            "citation": "A. Author, 2030",
            "note": "No numbers.",
            "protocol": tmp_path / "tilted.py",
            "development": range(3),
            "quoted": range(30, 33),
            "claims": claims,
        }
        return Paper(**(given | changed))

    return make
