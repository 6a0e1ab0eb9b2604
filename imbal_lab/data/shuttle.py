"""Shuttle, the real one: 58,000 sensor readings of a space shuttle in seven states, rho = 4,559.

Statlog (Shuttle), NASA and J. Catlett, UCI Machine Learning Repository (1993). It is not
contained here. Debian and Ubuntu have it in the package r-cran-mlbench (GPL-2); elsewhere, take
Shuttle.rda out of the folder data of the R package mlbench and give its place with file=. To
read it needs `rdata`: pip install 'imbal-lab[real]'.

Half of each state's rows, drawn by seed, are the training set, the others the test set, so the
test set is as imbalanced as the training set: average the class recalls there. The two rarest
states have 6 and 5 test rows. Every reading is standardised with its mean and spread over all
58,000 rows; some are outliers of more than a hundred of these spreads, so take small steps:
with oversampling a learning rate of 0.05 (momentum 0.9) diverged in two of six runs, 0.02 in none.
"""

import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np

from imbal_lab.data.arguments import path
from imbal_lab.data.pools import from_one_pool
from imbal_lab.data.source import Source, class_by_class

INSTALLED = Path("/usr/lib/R/site-library/mlbench/data/Shuttle.rda")
STATES = {  # rows of each, most frequent first
    "Rad.Flow": 45586,
    "High": 8903,
    "Bypass": 3267,
    "Fpv.Open": 171,
    "Fpv.Close": 50,
    "Bpv.Open": 13,
    "Bpv.Close": 10,
}
READINGS = [f"V{number}" for number in range(1, 10)]


def rows_of(place: Path) -> tuple[np.ndarray, ...]:
    """Rows of each state [n, 9], standardised, in the order of STATES.

    Raises FileNotFoundError with the remedy, ImportError without `rdata`, and ValueError for a
    file that does not hold the data.
    """
    if not place.is_file():
        raise FileNotFoundError(
            f"{place}: no such file; `apt-get install r-cran-mlbench` puts it into {INSTALLED}, or "
            "give the Shuttle.rda of the R package mlbench with file="
        )
    return _read(place, place.stat().st_mtime_ns)


@lru_cache(maxsize=1)  # three seconds to read; a file that has changed is read again
def _read(place: Path, changed: int) -> tuple[np.ndarray, ...]:
    x, states = _columns(place)
    if set(states) != set(STATES) or not np.isfinite(x).all():
        raise ValueError(
            f"{place} is not the Shuttle.rda of mlbench: its classes are {sorted(set(states))}, "
            f"expected {sorted(STATES)}, or a reading is no finite number; fetch it again"
        )
    x = (x - x.mean(0)) / x.std(0)
    return tuple(x[states == state] for state in STATES)


def _columns(place: Path) -> tuple[np.ndarray, np.ndarray]:
    """Readings [n, 9] and states [n] as they stand in the file."""
    try:
        import rdata
    except ImportError:
        raise ImportError("'shuttle' needs rdata: pip install 'imbal-lab[real]'") from None
    try:
        with warnings.catch_warnings(action="ignore"):  # about the encoding it assumes
            frame = rdata.read_rda(place)["Shuttle"]
        return frame[READINGS].to_numpy(float), frame["Class"].to_numpy(str)
    except Exception as error:  # whatever a damaged file makes the reader say
        raise ValueError(
            f"{place} cannot be read as the Shuttle.rda of mlbench ({error!r}); fetch it again"
        ) from error


def _draw(
    label: int,
    n_train: int,
    n_test: int,
    rng: np.random.Generator,
    file: str | Path | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    pool = rows_of(INSTALLED if file is None else path("file", file))[label]
    return from_one_pool(pool, n_train, n_test, rng, f"rows of {list(STATES)[label]}")


SHUTTLE = Source(
    name="shuttle",
    class_names=tuple(STATES),
    hard_order=(),
    n_max=22793,
    n_test=tuple(rows // 2 for rows in STATES.values()),
    make=class_by_class(_draw),
    options=("file",),
    natural=tuple(rows - rows // 2 for rows in STATES.values()),
)
