"""The page `course/CLAIMS.md`, made from the stored results."""

from collections.abc import Mapping, Sequence

from imbal_lab.claims.claim import Claim
from imbal_lab.claims.comparison import compared, other_rules, tally
from imbal_lab.claims.forest import alt_text
from imbal_lab.claims.paper import Paper
from imbal_lab.claims.results import Results

INTRODUCTION = """\
# The claims, measured

<!-- Made by `imbal-lab claims` from course/claims/*.json. Do not edit it by hand. -->

What do the papers of this course say, and what of it shows on a laptop? Each table below takes \
one paper, claim by claim, and says in words what became of it here: *reproduced*, *reproduced \
early in training only*, *not at this scale*, *the opposite*, or *not tested* and why. A claim \
that does not show here is not refuted: these networks and data sets are small. It is a good \
question for a class.

**How to read a row.** A number is a mean over seeds with its 95 % t-interval; a seed draws the \
examples, the first weights and the batches. Differences are paired by seed. Behind each number \
stands the range that the claim asks for; the claim is *reproduced* if every interval lies wholly \
in its range. Where a *balanced* setting or ρ = 1 is named, it is the control.

**Many intervals.** {intervals} intervals are judged on this page and none is corrected for their \
number. About one 95 % interval in twenty misses its true value by chance, so trust a verdict that \
rests on a wide margin, and no single interval that only just lies in or out of its range. \
Intervals that came out with no width (a share that was 0 for every seed) say nothing about seeds \
that were not tried.

**Decided before.** Claims, settings, statistics, ranges and seeds of a paper stand in one place, \
its protocol. It was committed before the run that is quoted, and the run used seeds that nobody \
had used while writing it. The hash under each title is the protocol's; `imbal-lab claims` \
measures everything again.
"""


def page(papers: Sequence[Paper], results: Mapping[str, Results]) -> str:
    """The page for ``papers``; one without an entry in ``results`` waits to be measured."""
    found = {paper.name: results.get(paper.name, Results.none_of(paper)) for paper in papers}
    judged = sum(
        row.asked is not None
        for paper in papers
        for claim in paper.claims
        for row in compared(claim, found[paper.name])
    )
    sections = [_section(paper, found[paper.name]) for paper in papers]
    return "\n".join([INTRODUCTION.format(intervals=judged), *sections])


def _section(paper: Paper, results: Results) -> str:
    home = paper.protocol.parent
    files = ", ".join(f"`imbal_lab/claims/{f.relative_to(home).as_posix()}`" for f in paper.files)
    text = [
        f"## {paper.title}",
        "",
        paper.citation,
        "",
        paper.note,
        "",
        f"{tally(paper, results)}. Seeds quoted: {_seeds(results.seeds)}; seeds used in "
        f"development: {_seeds(paper.development)}. Protocol: {files}, SHA-256 "
        f"`{results.protocol}`.",
        "",
        "| Claim | Setting | Measured | Verdict |",
        "|---|---|---|---|",
        *(_row(claim, results) for claim in paper.claims),
        "",
    ]
    if results.claims:
        text += [f"![{alt_text(paper, results)}](claims/{paper.name}.png)", ""]
    return "\n".join(text)


def _row(claim: Claim, results: Results) -> str:
    said = f"{claim.says} *({claim.origin})*"
    if claim.reported:
        said += f" Reported: {claim.reported}."
    lines = [str(row) for row in compared(claim, results)]
    if lines and (others := other_rules(claim)):
        lines.append(f"*{others}*")
    verdict = results.verdict(claim)
    why = f": {claim.why_not}" if claim.why_not else ""
    cells = [
        f"**{claim.id}**<br>{said}",
        claim.setting,
        "<br>".join(lines),
        f"{'to be measured' if verdict is None else f'**{verdict}**'}{why}",
    ]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _seeds(seeds: Sequence[int]) -> str:
    """Seeds with each run of them as "0 to 9".

    >>> _seeds([*range(10), *range(100, 103), 7])
    '0 to 9, 100 to 102, 7'
    """
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    return ", ".join(f"{run[0]} to {run[-1]}" if run[1:] else f"{run[0]}" for run in runs)
