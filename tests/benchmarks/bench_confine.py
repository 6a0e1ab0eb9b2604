"""Milliseconds that confining one process takes: ``python tests/benchmarks/bench_confine.py``.

A parent that has imported torch and called ``gc.freeze()`` forks one child after another; the
settings take turns. "confine" is the call of ``confine`` alone, "child" all from the fork to the
end, as the parent sees it. Printed are the least and the median, since a busy machine only adds.
"""

import argparse
import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch  # noqa: F401  (what a grader's parent has in memory)

from imbal_lab.sandbox import confine, granted, probe

CHEAP = ("rlimits", "no_new_privs", "landlock", "seccomp")
SETTINGS: dict[str, tuple[str, ...]] = {
    "a fork alone": (),
    "rlimits": ("rlimits",),
    "Landlock": ("no_new_privs", "landlock"),
    "seccomp": ("no_new_privs", "seccomp"),
    "these three": CHEAP,
    "with a change of user": ("unprivileged", *CHEAP),
    "with namespaces": ("namespaces", "unprivileged", *CHEAP),
}


def times(layers: Sequence[str]) -> tuple[float, float]:
    """Seconds of ``confine`` alone, and of the child's whole life."""
    with tempfile.TemporaryDirectory() as scratch:
        here, there = os.pipe()
        start = time.perf_counter()
        child = os.fork()
        if not child:
            _confine_and_tell(Path(scratch), layers, there)
        os.close(there)
        with os.fdopen(here) as answer:
            alone = json.loads(answer.read())
        os.waitpid(child, 0)
        return alone, time.perf_counter() - start


def _confine_and_tell(scratch: Path, layers: Sequence[str], answer: int) -> None:
    try:
        start = time.perf_counter()
        confine(scratch, layers, keep=(0, 1, 2, answer), unsafe=True)
        os.write(answer, json.dumps(time.perf_counter() - start).encode())
    finally:
        os._exit(0)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args(arguments).rounds
    gc.collect()
    gc.freeze()
    has = granted(probe())
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in SETTINGS}
    for _ in range(rounds):
        for name, layers in SETTINGS.items():
            found[name].append(times([layer for layer in layers if layer in has]))
    for name, pairs in found.items():
        confining, whole = zip(*pairs, strict=True)
        print(f"{name:22} confine {_ms(confining)}   child {_ms(whole)}")


def _ms(seconds: Sequence[float]) -> str:
    return f"{1e3 * min(seconds):6.2f} ms (median {1e3 * statistics.median(seconds):6.2f})"


if __name__ == "__main__":
    main()
