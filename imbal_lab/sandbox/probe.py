"""What this machine grants: every layer is tried, and its effect looked at, in a throw-away child.

A layer that a kernel has may still be switched off, or forbidden in a container. So nothing is
concluded from version numbers.
"""

import os
import platform
import socket
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from imbal_lab.sandbox import keeper, landlock
from imbal_lab.sandbox.bubblewrap import IN_BUBBLEWRAP, bubblewrap_command
from imbal_lab.sandbox.kernel import prctl
from imbal_lab.sandbox.mounts import new_root
from imbal_lab.sandbox.namespaces import unshare_everything
from imbal_lab.sandbox.no_new_privs import set_no_new_privs
from imbal_lab.sandbox.requirements import why_refused
from imbal_lab.sandbox.rlimits import Limits, set_limits
from imbal_lab.sandbox.seccomp import refuse_system_calls
from imbal_lab.sandbox.unprivileged import become, draw_user

PR_GET_NO_NEW_PRIVS = 39


@dataclass(frozen=True)
class Grant:
    """One layer: whether it works here, what was seen, and what would help if it does not."""

    layer: str
    granted: bool
    says: str
    remedy: str = ""


def probe() -> list[Grant]:
    """Try every layer, in the order of ``LAYERS``. Nothing lasts; takes some tenths of a second."""
    if platform.system() != "Linux":
        says = f"{platform.system()} has no such layer"
        return [Grant(layer, False, says, ELSEWHERE) for layer in ATTEMPTS]
    return [_probed(layer) for layer in ATTEMPTS]


def granted(grants: Sequence[Grant]) -> tuple[str, ...]:
    """The layers to hand to ``confine``: our own, or where they are too few those in bubblewrap."""
    found = [grant.layer for grant in grants if grant.granted]
    own = tuple(layer for layer in found if layer != "bubblewrap")
    launched = tuple(layer for layer in IN_BUBBLEWRAP if layer in found)
    return launched if why_refused(own) and not why_refused(launched) else own


def _probed(layer: str) -> Grant:
    reason = _reason_against(ATTEMPTS[layer])
    if reason:
        return Grant(layer, False, reason, REMEDIES[layer])
    return Grant(layer, True, _landlock_words() if layer == "landlock" else WORDS[layer])


def _reason_against(attempt: Callable[[Path], None]) -> str:
    """Run ``attempt`` in a child, in an empty folder; "" if it went well, else what went wrong."""
    with tempfile.TemporaryDirectory(prefix="imbal-lab-probe-") as folder:
        here, there = os.pipe()
        child = os.fork()
        if not child:
            _tell(there, attempt, Path(folder).resolve())
        os.close(there)
        with os.fdopen(here, encoding="utf-8", errors="replace") as answer:
            said = answer.read()
        _, status = os.waitpid(child, 0)
    return "" if said == "works" else said or f"the trial ended with status {status}"


def _tell(answer: int, attempt: Callable[[Path], None], folder: Path) -> None:
    """In the child: attempt, say how it went, and end without any of the parent's clean-up."""
    try:
        attempt(folder)
        said = "works"
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"
    os.write(answer, said.encode())
    os._exit(0)


def _namespaces(folder: Path) -> None:
    unshare_everything()
    keeper.leave_keeper()
    new_root(folder, [], 2**20, os.geteuid())
    _expect(os.listdir("/proc/self/task") == ["1"], "processes outside are seen")
    _expect([name for _, name in socket.if_nameindex() if name != "lo"] == [], "network is seen")
    _expect_refused(lambda: os.listdir("/usr"), "a folder outside is seen")


def _unprivileged(folder: Path) -> None:
    become(draw_user())
    _expect_refused(lambda: os.setuid(0), "became root again")


def _rlimits(folder: Path) -> None:
    set_limits(Limits(file_size=1))
    _expect_refused(lambda: (folder / "two").write_text("12"), "a longer file was written")


def _no_new_privs(folder: Path) -> None:
    set_no_new_privs()
    _expect(prctl(PR_GET_NO_NEW_PRIVS) == 1, "it was not kept")


def _landlock(folder: Path) -> None:
    set_no_new_privs()
    landlock.restrict(folder, [])
    (folder / "inside").touch()
    _expect_refused(lambda: os.listdir("/"), "a folder outside was read")


def _seccomp(folder: Path) -> None:
    set_no_new_privs()
    refuse_system_calls()
    _expect_refused(socket.socket, "a socket was made")


def _bubblewrap(folder: Path) -> None:
    scratch, outside = folder / "scratch", folder / "outside"
    scratch.mkdir()
    outside.touch()
    command = bubblewrap_command(["/bin/sh", "-c", f"test ! -e {outside}"], scratch)
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    _expect(run.returncode == 0, run.stderr.strip() or "a file outside is seen")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise OSError(otherwise)


def _expect_refused(act: Callable[[], object], otherwise: str) -> None:
    try:
        act()
    except OSError:
        return
    raise OSError(f"it has no effect: {otherwise}")


ATTEMPTS: dict[str, Callable[[Path], None]] = {
    "namespaces": _namespaces,
    "unprivileged": _unprivileged,
    "rlimits": _rlimits,
    "no_new_privs": _no_new_privs,
    "landlock": _landlock,
    "seccomp": _seccomp,
    "bubblewrap": _bubblewrap,
}

WORDS = {
    "namespaces": "no network and no other process in sight, only the listed files",
    "unprivileged": "runs as a user who owns nothing, without capabilities",
    "rlimits": "memory, file size, open files, processes",
    "no_new_privs": "set-user-id programs give no rights",
    "seccomp": "sockets, tracing, mounts and more refused",
    "bubblewrap": "can start a program among the listed files only",
}

ELSEWHERE = "on Windows use WSL2, on a Mac a Linux container"
REMEDIES = {
    "namespaces": "let users make them: sysctl user.max_user_namespaces above 0, on Ubuntu also "
    "kernel.apparmor_restrict_unprivileged_userns=0; in a container, rights it seldom has",
    "unprivileged": "run as an ordinary user, or give the container more than one user id",
    "rlimits": "mount /proc, and give a /tmp that can be written",
    "no_new_privs": "use Linux 3.5 or later",
    "landlock": "use Linux 6.2 or later with landlock in its list of security modules (boot option "
    "lsm=landlock,...), or install bubblewrap",
    "seccomp": "use a kernel built with CONFIG_SECCOMP_FILTER, on x86_64 or aarch64",
    "bubblewrap": "apt-get install bubblewrap, where users may make namespaces; needed only "
    "where Landlock is missing",
}


def _landlock_words() -> str:
    abi = landlock.abi_version()
    also = ["files", *["TCP"] * (abi >= 4), *["signals to the outside"] * (abi >= 6)]
    return f"ABI {abi}: {', '.join(also)}"
