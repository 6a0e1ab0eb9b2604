"""Everything that strangers hand in to hurt somebody, one file a family."""

from attacks import (
    broken_files,
    checks,
    crashes,
    feedback,
    files,
    floods,
    hangs,
    memory,
    network,
    next_submission,
    processes,
    reference,
    structure,
)
from attacks.attack import ATTACKS

__all__ = [
    "ATTACKS",
    "broken_files",
    "checks",
    "crashes",
    "feedback",
    "files",
    "floods",
    "hangs",
    "memory",
    "network",
    "next_submission",
    "processes",
    "reference",
    "structure",
]
