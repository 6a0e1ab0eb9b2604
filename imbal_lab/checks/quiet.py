"""Around a call: nothing on stderr, little on stdout, torch as it is at its start."""

import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import torch

PRINTED = 10_000  # characters of a learner's own prints that one call may leave


class Capped(io.TextIOBase):
    """A stream that passes on the first characters and cuts the rest."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.left = stream, PRINTED

    def write(self, text: str) -> int:
        """Pass on what still fits."""
        if self.left > 0:
            self.stream.write(text[: self.left] + " ... cut\n" * (len(text) > self.left))
            self.left -= len(text)
        return len(text)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings, logs and stderr, Python's and C's: nbgrader gives zero for any stderr.

    Prints stay, up to PRINTED characters. A log handler may hold the stderr of before, so
    logging is stopped at its source. All of this is the whole process's: not for threads.
    """
    saved = os.dup(2)
    logged = logging.root.manager.disable
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(Capped(sys.stdout)),
        contextlib.redirect_stderr(io.StringIO()),
        open(os.devnull, "wb") as nowhere,
    ):
        warnings.simplefilter("ignore")
        os.dup2(nowhere.fileno(), 2)
        logging.disable()
        try:
            yield
        finally:
            logging.disable(logged)
            os.dup2(saved, 2)
            os.close(saved)


@contextlib.contextmanager
def torch_as_it_was() -> Iterator[None]:
    """Start from torch's defaults and put its global state back afterwards. Not for threads."""
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(dtype)
        if torch.get_default_device() != device:
            torch.set_default_device(device)
