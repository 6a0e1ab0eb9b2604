"""The papers whose claims are measured, in the order of the course."""

from imbal_lab.claims import dynamics
from imbal_lab.claims.paper import Paper

PAPERS: dict[str, Paper] = {paper.name: paper for paper in (dynamics.PAPER,)}


def get(name: str) -> Paper:
    """The paper called ``name``; ValueError lists the names there are."""
    if name not in PAPERS:
        raise ValueError(f"paper={name!r}: choose one of {', '.join(PAPERS)}")
    return PAPERS[name]
