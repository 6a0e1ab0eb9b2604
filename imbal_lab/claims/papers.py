"""The papers whose claims are measured, in the order of the course."""

from imbal_lab.claims.absgd import PAPER as ABSGD
from imbal_lab.claims.arb import PAPER as ARB
from imbal_lab.claims.cdt import PAPER as CDT
from imbal_lab.claims.dynamics import PAPER as DYNAMICS
from imbal_lab.claims.mfw import PAPER as MFW
from imbal_lab.claims.paper import Paper

PAPERS: dict[str, Paper] = {paper.name: paper for paper in (DYNAMICS, ABSGD, CDT, MFW, ARB)}


def get(name: str) -> Paper:
    """The paper called ``name``; ValueError lists the names there are."""
    if name not in PAPERS:
        raise ValueError(f"paper={name!r}: choose one of {', '.join(PAPERS)}")
    return PAPERS[name]
