"""Close what a process has open: files that are open already pass every other layer."""

from collections.abc import Iterable
from itertools import pairwise

from imbal_lab.sandbox.kernel import libc_call

CLOSE_RANGE, LAST = 436, 2**32 - 1


def close_descriptors(keep: Iterable[int]) -> None:
    """Close every file descriptor that is not in ``keep``, by ``close_range(2)`` (Linux 5.9).

    Python's ``os.closerange`` stops at a limit that may have been lowered since, and closes all
    where it is asked for an empty range at 0.
    """
    for below, above in pairwise(sorted({-1, *keep, LAST + 1})):
        if above > below + 1:
            libc_call("syscall", CLOSE_RANGE, below + 1, above - 1, 0)
