"""Feature deviation of minor over major classes, of networks that were trained side by side."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from imbal_lab.claims.trained import Trained
from imbal_lab.instruments import naive_deviation, null_deviation, subsampled_deviation

ROUNDS = 300


class DeviationRatios(NamedTuple):
    """Mean deviation of the minor classes over that of the major ones, one value a network [K]."""

    subsampled: Tensor
    naive: Tensor
    null: Tensor  # where there is no deviation: test against test

    @property
    def excess(self) -> Tensor:
        """What is left of the ratio when the null's is taken out of it."""
        return self.subsampled / self.null

    @classmethod
    def of(
        cls, run: Trained, num_major: int, *, normalised: bool, size: int | None = None
    ) -> "DeviationRatios":
        """In eval mode; ``normalised`` divides each feature by its length first.

        ``size`` is how many examples are drawn of each class, by default the smallest count.
        """
        smallest = int(torch.bincount(run.y).min())
        size = smallest if size is None else size
        with torch.no_grad():
            features, tests = (run.model.features(x) for x in (run.x, run.x_test))
        if normalised:
            features, tests = F.normalize(features, dim=2), F.normalize(tests, dim=2)
        rows = []
        for train, test in zip(features.unbind(dim=1), tests.unbind(dim=1), strict=True):
            both = (train, run.y, test, run.y_test)
            found = (
                subsampled_deviation(*both, size=size, rounds=ROUNDS),
                naive_deviation(*both),
                null_deviation(test, run.y_test, size=size, rounds=ROUNDS),
            )
            rows.append([(dev[num_major:].mean() / dev[:num_major].mean()).item() for dev in found])
        return cls(*torch.tensor(rows, dtype=torch.float64).unbind(dim=1))
