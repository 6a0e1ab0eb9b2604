"""Throw-away processes in which the tests confine themselves and then attack."""

import ctypes
import json
import os
import shutil
import signal
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from imbal_lab.sandbox import granted, probe

NOBODY = 65534
SECONDS = 60
PR_SET_DUMPABLE = 4


class Outcome(NamedTuple):
    """What a child returned (plain data), the error that stopped it, and how it ended."""

    value: object
    error: str
    status: int


def _become(user: str) -> None:
    """Drop to nobody; dumpable, as a process that was nobody from its start would be."""
    if user == "nobody":
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


USERS = ["root", "nobody"] if os.geteuid() == 0 else ["own user"]


@pytest.fixture(scope="session")
def users() -> list[str]:
    return USERS


@pytest.fixture(params=USERS)
def user(request: pytest.FixtureRequest) -> str:
    """Who confines itself: root and an unprivileged user, or only ourselves."""
    return request.param


@pytest.fixture
def become() -> Callable[[str], None]:
    return _become


@pytest.fixture(scope="session")
def in_child() -> Callable[..., Outcome]:
    """``in_child(work, user)``: what ``work(report)`` gives in a forked child run as ``user``.

    ``report`` is the descriptor to keep open for the answer.
    """

    def run(work: Callable[[int], object], user: str = "") -> Outcome:
        here, report = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # fork beside other tests' threads
            child = os.fork()
        if not child:
            _answer(report, work, user)
        os.close(report)
        with os.fdopen(here) as pipe:
            text = pipe.read()
        _, status = os.waitpid(child, 0)
        value, error = json.loads(text) if text else (None, "")
        return Outcome(value, error, os.waitstatus_to_exitcode(status))

    return run


def _answer(report: int, work: Callable[[int], object], user: str) -> None:
    """In the child. A signal ends what hangs, and no clean-up of the parent's is run."""
    said: tuple[object, str] = None, ""
    try:
        signal.alarm(SECONDS)
        _become(user)
        said = work(report), ""
    except BaseException:
        said = None, traceback.format_exc()
    finally:
        os.write(report, json.dumps(said).encode())
        os._exit(0)


@pytest.fixture
def folder(user: str) -> Iterator[Path]:
    """An empty folder of the user's, in a place that everybody may enter."""
    path = Path(tempfile.mkdtemp(prefix="imbal-lab-test-")).resolve()
    if user == "nobody":
        os.chown(path, NOBODY, NOBODY)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def layers_of(in_child: Callable[..., Outcome], users: list[str]) -> Callable[[str], tuple]:
    """The layers that this machine grants the user, found once, and before any child is made."""
    found = {user: in_child(lambda _: granted(probe()), user).value for user in users}
    return lambda user: tuple(found[user])
