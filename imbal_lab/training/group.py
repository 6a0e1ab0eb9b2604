"""Which runs are trained together, and which alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from imbal_lab.training.result import Result
from imbal_lab.training.run import Run
from imbal_lab.training.serial import Advance, train_alone


@dataclass(frozen=True)
class Group:
    """Runs of one task: a batched program, or one run with the reason why it is alone."""

    runs: tuple[Run, ...]
    why_serial: str = ""

    def train(self, advance: Advance = lambda steps: None) -> list[Result]:
        """The results, in the order of the runs."""
        return [train_alone(run, f"serial: {self.why_serial}", advance) for run in self.runs]


def grouped(runs: Sequence[Run]) -> list[Group]:
    """Every run in one group. Raises ValueError for a run that cannot be trained."""
    for run in {replace(run, seed=0) for run in runs}:
        run.build()
    return [Group((run,), "not batched yet") for run in runs]
