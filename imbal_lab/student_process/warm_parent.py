"""The warm parent: a process that has imported torch, and forks student processes from there.

It is executed on its own, with the staged package only, and keeps to one thread; it runs no
student's code and no torch operation, so its forks may. It obeys the grader on one socket and ends
with it.
"""

import gc
import os
import traceback
from pathlib import Path
from typing import NoReturn

from imbal_lab.sandbox import granted, probe
from imbal_lab.sandbox.runtime_paths import visible
from imbal_lab.student_process.connection import Connection
from imbal_lab.student_process.huge_pages import use_huge_pages
from imbal_lab.student_process.protocol import Message
from imbal_lab.student_process.removal import remove


def main(descriptor: int) -> NoReturn:
    """Serve the grader at the other end of ``descriptor`` until it closes it."""
    line = Connection(descriptor)
    try:
        settings, _, _ = line.receive()
        if settings["layers"] is None:
            settings["layers"] = granted(probe())
        warm_up(settings)
        threads = len(os.listdir("/proc/self/task"))
        line.send({"threads": threads, "layers": settings["layers"]})
        serve(line, settings)
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(1)


def warm_up(settings: Message) -> None:
    """Import what students' cells and calls need, and leave nothing for a collection to touch."""
    gc.disable()  # next to nothing of an import is garbage
    from imbal_lab import data, models  # noqa: F401
    from imbal_lab.student_process import tame
    from imbal_lab.student_process.rehearsal import rehearse
    from imbal_lab.student_process.shell import make_shell

    tame.keep_one_thread()
    tame.load_in_this_process()
    tame.check_nothing()
    rehearse(make_shell())
    places = (list(map(Path, settings[name])) for name in ("readable", "hidden"))
    visible(*places)  # looked up here, once for all forks
    gc.freeze()
    gc.enable()
    use_huge_pages()


def serve(line: Connection, settings: Message) -> NoReturn:
    """Start a warden at each order; when the line ends, end after the last of them."""
    from imbal_lab.student_process.warden import bury_all

    wardens: list[int] = []
    try:
        while True:
            order, _, descriptors = line.receive()
            wardens = [warden for warden in wardens if os.waitpid(warden, os.WNOHANG)[0] == 0]
            wardens.append(start_warden(line, settings | order, descriptors))
    except (EOFError, ConnectionError):  # killed, perhaps before it heard our answer
        bury_all()
    remove(Path.cwd())  # the grader does so too, unless it was killed
    os._exit(0)


def start_warden(line: Connection, order: Message, descriptors: list[int]) -> int:
    """Fork one; the grader is told its process id, and gets a descriptor that tells its end."""
    from imbal_lab.student_process.warden import guard

    warden = os.fork()
    if not warden:
        guard(order, *descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    ending = os.pidfd_open(warden)
    line.send({"warden": warden}, hand=[ending])
    os.close(ending)
    return warden
