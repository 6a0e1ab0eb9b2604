"""Finished runs on disk: one file a run, found again by what the run says."""

import os
import warnings
from pathlib import Path

import numpy as np
import torch

from imbal_lab.instruments.saving import write_arrays
from imbal_lab.training.result import Result
from imbal_lab.training.run import Run

FORMAT = 1  # count up when the same Run would give another result, or another file


class Store:
    """Results in ``folder``, which is made if it is not there.

    A file appears all at once or not at all, so a killed program leaves only whole ones. One
    that cannot be read back counts as not there, with a warning. Nothing in it is ever executed.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder) / f"format-{FORMAT}"
        self.folder.mkdir(parents=True, exist_ok=True)

    def file(self, run: Run) -> Path:
        """Where the result of ``run`` is, or would be."""
        return self.folder / f"{run.key}.npz"

    def get(self, run: Run) -> Result | None:
        """The stored result, or None."""
        path = self.file(run)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                result = from_arrays(dict(arrays))
            if tuple(result.step.tolist()) != run.recorded_steps:
                raise ValueError("it holds other steps than the run records")
        except FileNotFoundError:
            return None
        except Exception as error:  # whatever a damaged archive makes numpy and zipfile raise
            warnings.warn(f"{path} is damaged and not used: {error}", stacklevel=2)
            return None
        return result

    def put(self, run: Run, result: Result) -> None:
        """Write the result; where the disk refuses, a warning says so and nothing else is lost."""
        try:
            write_arrays(self.file(run), as_arrays(result))
        except OSError as error:
            warnings.warn(f"{self.file(run)} could not be written: {error}", stacklevel=2)


def as_arrays(result: Result) -> dict[str, np.ndarray]:
    """Plain arrays by field: for a file, and for the way between processes."""
    return {name: np.asarray(value) for name, value in result._asdict().items()}


def from_arrays(arrays: dict[str, np.ndarray]) -> Result:
    """The inverse of :func:`as_arrays`; KeyError for a field that is missing."""
    *tensors, path = (arrays[name] for name in Result._fields)
    return Result._make((*map(torch.from_numpy, tensors), str(path)))
