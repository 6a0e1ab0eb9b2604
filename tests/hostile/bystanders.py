"""A script: a sleeping process for each file that argv names; it makes that file when signalled.

Prints their ids. They end when stdin does.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

PR_SET_PTRACER, ANY = 0x59616D61, -1  # for kernels with Yama


def sleep(mark: str) -> None:
    signal.signal(signal.SIGURG, lambda *_: Path(mark).touch())
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(ANY), 0, 0, 0)
    while True:
        time.sleep(60)


def main(marks: list[str]) -> None:
    children = []
    for mark in marks:
        child = os.fork()
        if not child:
            sleep(mark)
        children.append(child)
    time.sleep(0.3)  # until the last one has set its handler
    print(*children, flush=True)
    sys.stdin.read()
    for child in children:
        os.kill(child, signal.SIGKILL)  # not waited for yet, so the number is still its own
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
