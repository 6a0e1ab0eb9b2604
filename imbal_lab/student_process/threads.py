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
    """Until all have ended, or ``GRACE`` is over. Whether this thread is alone now."""
    end = time.monotonic() + GRACE
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(max(0.0, end - time.monotonic()))
    return number_of_threads() == 1


def number_of_threads() -> int:
    """Python's and others'; only Python's where /proc is not to be read."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


def renew_pools() -> None:
    """After a fork a pool still counts on threads that are gone, and would wait for them."""
    for pool in gc.get_objects():
        if type(pool) is ThreadPoolExecutor:
            pool._threads = set()
            pool._idle_semaphore = threading.Semaphore(0)
