"""Write the page and the pictures from the stored results."""

from collections.abc import Sequence
from pathlib import Path

from imbal_lab.claims.forest import forest
from imbal_lab.claims.page import page
from imbal_lab.claims.paper import Paper
from imbal_lab.claims.results import Results


def publish(papers: Sequence[Paper], course: Path) -> list[Path]:
    """`CLAIMS.md` in ``course`` and the picture of each measured paper; what was written.

    A picture carries the hash of its results, so that a stale one is noticed.
    """
    folder = course / "claims"
    results = {p.name: Results.of(p, folder / f"{p.name}.json") for p in papers}
    written = []
    for paper in papers:
        if results[paper.name].claims:
            written.append(folder / f"{paper.name}.png")
            made_of = {"Software": None, "Description": results[paper.name].hash}
            forest(paper, results[paper.name]).savefig(written[-1], metadata=made_of)
    written.append(course / "CLAIMS.md")
    written[-1].write_text(page(papers, results), encoding="utf-8", newline="\n")
    return written
