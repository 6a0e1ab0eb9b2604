"""Which runs are trained together, and which alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from imbal_lab.training.batched import train_together
from imbal_lab.training.criteria import why_not_pure
from imbal_lab.training.ensemble import why_not_stacked
from imbal_lab.training.result import Result
from imbal_lab.training.run import Run
from imbal_lab.training.serial import Advance, train_alone

AT_ONCE = 25  # models in one program; more are hardly faster, and further from the next result


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
    reasons = {run: why_serial(run) for run in {replace(run, seed=0) for run in runs}}
    groups, together = [], dict[Run, list[Run]]()
    for run in runs:
        if reason := reasons[replace(run, seed=0)]:
            groups.append(Group((run,), reason))
        else:
            together.setdefault(_shared(run), []).append(run)
    batched = [Group(part) for members in together.values() for part in _parts(members)]
    return batched + groups


def why_serial(run: Run) -> str:
    """Why this run cannot be trained together with others; empty if it can."""
    _, model, criterion = run.build()
    return why_not_stacked(model) or why_not_pure(criterion)


def _shared(run: Run) -> Run:
    """The run with everything at a default that its group need not share."""
    shared = replace(run, seed=0, lr=1.0, momentum=0.0, weight_decay=0.0)
    if run.technique.batches == "mixed":  # the others have sizes that depend on the data
        shared = replace(shared, rho=None, data_options=())
    return shared


def _parts(runs: Sequence[Run]) -> Iterator[tuple[Run, ...]]:
    """``runs`` in as few parts as may be, all about equally large."""
    n = -(-len(runs) // AT_ONCE)
    bounds = [len(runs) * i // n for i in range(n + 1)]
    for start, end in pairwise(bounds):
        yield tuple(runs[start:end])
