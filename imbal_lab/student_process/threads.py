"""Threads that a cell leaves running: they get a moment to end, then they are left behind.

A state waits with one thread only, or a fork of it might find a lock held by a thread that it does
not have. In the process that goes on, pools of threads start anew.
"""

import gc
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

GRACE = 2.0  # seconds that all threads together have after their cell


def wait_for_threads() -> bool:
    """Whether this is the only thread now; ends early if it is."""
    end = time.monotonic() + GRACE
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(max(0.0, end - time.monotonic()))
    return len(os.listdir("/proc/self/task")) == 1


def renew_pools() -> None:
    """After a fork a pool still counts on threads that are gone, and would wait for them."""
    for pool in gc.get_objects():
        if type(pool) is ThreadPoolExecutor:
            pool._threads = set()
            pool._idle_semaphore = threading.Semaphore(0)
