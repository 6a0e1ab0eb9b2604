"""Which runs are trained together, and which alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from imbal_lab.training.batched import train_together
from imbal_lab.training.criteria import why_not_pure
from imbal_lab.training.ensemble import why_not_stacked
from imbal_lab.training.result import Result
from imbal_lab.training.row_numbers import row_numbers
from imbal_lab.training.run import Run
from imbal_lab.training.serial import Advance, backward, train_alone

MODELS_AT_ONCE = 25  # more are hardly faster, and further from the next result on disk
ROWS_AT_ONCE = 20_000  # in the batches of all models; for the memory of full batches


@dataclass(frozen=True)
class Group:
    """Runs of one task: a batched program, or one run with the reason why it is alone."""

    runs: tuple[Run, ...]
    why_serial: str = ""

    def train(self, advance: Advance = lambda steps: None) -> list[Result]:
        """The results, in the order of the runs."""
        if self.why_serial:
            return [train_alone(run, f"serial: {self.why_serial}", advance) for run in self.runs]
        return train_together(self.runs, advance)


def grouped(runs: Sequence[Run]) -> list[Group]:
    """Every run in one group. Raises ValueError for a run that cannot be trained.

    What may differ inside a batched group is data, seed, and the numbers of the optimizer.
    """
    groups, together = [], dict[tuple[Run, int], list[Run]]()
    plans = {run: _plan(run) for run in dict.fromkeys(replace(run, seed=0) for run in runs)}
    for run in runs:
        why_serial, at_once = plans[replace(run, seed=0)]
        if why_serial:
            groups.append(Group((run,), why_serial))
        else:
            together.setdefault((_shared(run), at_once), []).append(run)
    for (_, at_once), members in together.items():
        groups += map(Group, _parts(members, at_once))
    return groups


def why_serial(run: Run) -> str:
    """Why this run cannot be trained together with others; empty if it can."""
    return _plan(run)[0]


def _plan(run: Run) -> tuple[str, int]:
    """The reason above, and how many such runs at most are trained together.

    One backward pass is tried, so that what the method refuses is known before any training.
    """
    built = dataset, model, criterion = run.build()
    rows = next(row_numbers(run, dataset.y))
    backward(run, built, model(dataset.x[rows]), rows)
    reason = why_not_stacked(model) or why_not_pure(criterion)
    return reason, max(1, min(MODELS_AT_ONCE, ROWS_AT_ONCE // len(rows)))


def _shared(run: Run) -> Run:
    """The run with everything at a default that its group need not share."""
    shared = replace(run, seed=0, lr=1.0, momentum=0.0, weight_decay=0.0)
    if run.technique.batches == "mixed":  # the others have sizes that depend on the data
        shared = replace(shared, rho=None, data_options=())
    return shared


def _parts(runs: Sequence[Run], at_most: int) -> Iterator[tuple[Run, ...]]:
    """``runs`` in as few parts as may be, all about equally large."""
    n = -(-len(runs) // at_most)
    bounds = [len(runs) * i // n for i in range(n + 1)]
    for start, end in pairwise(bounds):
        yield tuple(runs[start:end])
