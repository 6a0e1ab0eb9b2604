"""What the papers claim, measured here.

A paper's claims stand in one file or folder, its *protocol*: what is said, in which setting and
by which statistic it is measured, which range decides, and which seeds. `imbal-lab claims`
measures, writes course/claims/PAPER.json and PAPER.png, and makes the page course/CLAIMS.md.

To add a paper, write `imbal_lab/claims/PAPER.py`, or a folder as :mod:`~imbal_lab.claims.dynamics`
is one::

    @per_seed
    def drop(seed):
        '''A number for each statistic, under its name in plain words; differences are paired.'''
        gd, pcngd = (rise(step, seed) for step in (gd_step, pcngd_step))
        return {"rise, GD": gd, "rise, GD minus PCNGD": gd - pcngd}

    PAPER = Paper(
        name="dynamics", title=..., citation=..., note=...,
        protocol=Path(__file__),          # or Path(__file__).parent for a folder
        development=range(10),            # seeds you may look at while writing
        quoted=range(100, 110),           # seeds nobody looks at before the protocol is committed
        claims=(
            Claim(
                id="dynamics-initial-drop",
                says="Under gradient descent the minority's loss first rises.",
                origin="abstract",
                setting="digits 3 and 8, rho = 10",
                measure=drop,
                reproduced=(Within("rise, GD", low=0.05),),
                opposite=(Within("rise, GD minus PCNGD", high=-0.05),),
            ),
            Claim(id="dynamics-cifar", says=..., origin=..., why_not="hours on a CPU"),
        ),
    )

and name it in `papers.py`. Choose ranges and settings with the development seeds
(``measured(claim, PAPER.development)``), commit the protocol, and only then run
`imbal-lab claims PAPER` and commit what it wrote: the hash of the protocol is stored with the
results, and a test compares it. A changed protocol, even a comma in it, is measured again.

The seeds of a measure are everything that is random in it. It may keep runs that two claims
share (``functools.cache``). A measure that needs all seeds at once takes them itself and returns
[S] tensors: ``measure(seeds)``. So do times that some runs never reach, see
:func:`~imbal_lab.claims.censored.censored`. Controls (rho = 1, balanced data of the same size)
are statistics with a range of their own; a statistic without a range is shown and not judged.
"""

from imbal_lab.claims.claim import Claim, Verdict, Within
from imbal_lab.claims.measure import bring_up_to_date, measured
from imbal_lab.claims.paper import Paper
from imbal_lab.claims.per_seed import per_seed
from imbal_lab.claims.results import Result, Results

__all__ = [
    "Claim",
    "Paper",
    "Result",
    "Results",
    "Verdict",
    "Within",
    "bring_up_to_date",
    "measured",
    "per_seed",
]
