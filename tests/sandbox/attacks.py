"""A script: attacks confined processes make, each tried in a place of its own.

``python attacks.py USER`` reads ``[[attack, layers], ...]`` as JSON and writes an object for each:
whether the harm was done, whether anything outside of scratch changed, the exit code, and an error
that is none of the attack's. It is a script because a process without torch forks in no time.
"""

import ctypes
import json
import mmap
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from imbal_lab.sandbox import Limits, confine

NOBODY = 65534
SECONDS = 60
LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_DUMPABLE = 4
PR_SET_PTRACER, PR_SET_PTRACER_ANY = 0x59616D61, -1  # for kernels with Yama
PTRACE_SEIZE, NEW_USER, SYS_CLONE = 0x4206, 0x1000_0000, {"x86_64": 56, "aarch64": 220}
SU = shutil.which("su")


@dataclass
class Place:
    """A throw-away tree with scratch and a diary outside of it; doors to knock at; a bystander."""

    root: Path
    bystander: int
    tcp: int
    udp: int
    abstract: str

    @property
    def scratch(self) -> Path:
        return self.root / "scratch"

    @property
    def diary(self) -> Path:
        return self.root / "outside" / "diary"

    @property
    def door(self) -> Path:
        return self.root / "outside" / "door"


# Attacks: each returns True when it did its harm; an OSError or MemoryError means it was stopped.


def read(place):
    return place.diary.read_text() == "dear diary"


def write(place):
    place.diary.write_text("all lies")
    return True


def delete(place):
    place.diary.unlink()
    return True


def create(place):
    (place.diary.parent / "new").touch()
    return True


def move_in(place):
    place.diary.rename("mine")
    return True


def link_in(place):
    os.link(place.diary, "mine")
    return Path("mine").read_text() == "dear diary"


def read_by_symlink(place):
    Path("mine").symlink_to(place.diary)
    return Path("mine").read_text() == "dear diary"


def truncate(place):
    os.truncate(place.diary, 0)
    return True


def truncate_by_opening(place):
    os.close(os.open(place.diary, os.O_RDONLY | os.O_TRUNC))
    return True


def after_exec(place):
    said = subprocess.run(["/bin/cat", place.diary], capture_output=True, check=False)
    return said.stdout == b"dear diary"


def change_permissions(place):
    place.diary.chmod(0o666)
    return True


def change_times(place):
    os.utime(place.diary, (0, 0))
    return True


def connect_tcp(place):
    with socket.socket() as s:
        s.connect(("127.0.0.1", place.tcp))
    return True


def send_udp(place):
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.sendto(b"secret", ("127.0.0.1", place.udp))
    return True


def connect_unix(place):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(place.door))
    return True


def connect_abstract(place):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(place.abstract)
    return True


def kill(place):
    os.kill(place.bystander, signal.SIGKILL)
    return True


def trace(place):
    _libc("ptrace", PTRACE_SEIZE, place.bystander, 0, 0)
    return True


def read_environment(place):
    return bool(Path(f"/proc/{place.bystander}/environ").read_bytes())


def set_anothers_limit(place):
    resource.prlimit(place.bystander, resource.RLIMIT_NOFILE, (4, 4))
    return True


def fork_bomb(place):
    children = []
    try:
        for _ in range(40):
            child = os.fork()
            if not child:
                time.sleep(60)
                os._exit(0)
            children.append(child)
        return True
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def take_memory(place):
    return len(bytes(2**31)) > 0  # zeroes that nobody looks at: costs nothing


def take_shared_memory(place):
    mmap.mmap(-1, 2**31).close()
    return True


def write_long_file(place):
    Path("long").write_bytes(bytes(3 * 2**19))
    return True


def fill_scratch(place):
    for k in range(12):
        Path(str(k)).write_bytes(bytes(2**20))
    return True


def open_many(place):
    return len([os.open("/dev/null", os.O_RDONLY) for _ in range(80)]) == 80


def leave_core(place):
    return resource.getrlimit(resource.RLIMIT_CORE)[1] != 0


def new_user_namespace(place):
    _libc("unshare", NEW_USER)
    return True


def clone_into_user_namespace(place):
    number = SYS_CLONE[os.uname().machine]
    child = _libc("syscall", number, NEW_USER | signal.SIGCHLD, 0, 0, 0, 0)
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    return True


def set_user_id(place):
    """For a program with other rights than its caller's, the loader heeds no LD_SHOW_AUXV."""
    if os.geteuid() == 0:
        os.setresuid(NOBODY, NOBODY, NOBODY)
    environment = {"LD_SHOW_AUXV": "1"}
    said = subprocess.run([SU, "--help"], env=environment, capture_output=True, check=True)
    return b"AT_SECURE" not in said.stdout


def _libc(name, *arguments):
    result = getattr(LIBC, name)(*map(ctypes.c_long, arguments))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def laid_out(stack, user):
    root = Path(tempfile.mkdtemp(prefix="imbal-lab-attack-")).resolve()
    stack.callback(shutil.rmtree, root)
    root.chmod(0o755)
    (root / "scratch").mkdir(mode=0o700)
    (root / "outside").mkdir(mode=0o700)
    (root / "outside" / "diary").write_text("dear diary")
    tcp = _door(stack, socket.AF_INET, ("127.0.0.1", 0))
    udp = _door(stack, socket.AF_INET, ("127.0.0.1", 0), socket.SOCK_DGRAM)
    abstract = f"\0{root.name}"
    _door(stack, socket.AF_UNIX, abstract)
    _door(stack, socket.AF_UNIX, str(root / "outside" / "door"))
    if user == "nobody":
        for made in (root, *root.rglob("*")):
            os.chown(made, NOBODY, NOBODY)
    return Place(root, _bystander(stack, user), tcp, udp, abstract)


def _door(stack, family, address, kind=socket.SOCK_STREAM):
    """A socket that somebody could reach; returns its port, if it has one."""
    door = stack.enter_context(closing(socket.socket(family, kind)))
    door.bind(address)
    if kind == socket.SOCK_STREAM:
        door.listen()
    return door.getsockname()[1]


def state(place):
    """What an attack could have changed outside of scratch, bystander included."""
    outside = place.diary.parent
    diary = place.diary.stat() if place.diary.exists() else None
    return (
        sorted(os.listdir(outside)),
        diary and (place.diary.read_text(), diary.st_mode, diary.st_mtime_ns),
        os.waitid(os.P_PID, place.bystander, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None,
    )


def small_limits():
    """Above what this process has already."""
    status = Path("/proc/self/status").read_text()
    data = int(status.split("VmData:")[1].split()[0]) * 1024
    return Limits(memory=data + 2**29, file_size=2**20, scratch=2**23, open_files=64, tasks=16)


def attempt(attack, place, layers, report):
    """Confine this process and attack; true if the harm was done."""
    confine(place.scratch, layers, limits=small_limits(), keep=(0, 1, 2, report), unsafe=True)
    try:
        return attack(place)
    except (OSError, MemoryError):
        return False


def become(user):
    """Drop to nobody; dumpable, as a process that was nobody from its start would be."""
    if user == "nobody":
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        LIBC.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def _bystander(stack, user):
    """A process of the user's that sleeps; its id."""
    ready, tell = os.pipe()
    child = os.fork()
    if not child:
        become(user)
        LIBC.prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0)
        os.write(tell, b"!")
        time.sleep(SECONDS)
        os._exit(0)
    stack.callback(_end, child)
    os.close(tell)
    with os.fdopen(ready, "rb") as pipe:
        pipe.read(1)
    return child


def _end(child):
    os.kill(child, signal.SIGKILL)  # not waited for yet, so the number is still its own
    os.waitpid(child, 0)


def in_child(work, user):
    """What ``work(report)`` returns in a child of the user's, its error, and its exit code."""
    here, report = os.pipe()
    child = os.fork()
    if not child:
        said = None, "no answer"
        try:
            signal.alarm(SECONDS)
            become(user)
            said = work(report), ""
        except BaseException:
            said = None, traceback.format_exc()
        finally:
            os.write(report, json.dumps(said).encode())
            os._exit(0)
    os.close(report)
    with os.fdopen(here) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    return *(json.loads(text) if text else (None, "killed")), os.waitstatus_to_exitcode(status)


def outcome(name, layers, user):
    attack = globals()[name]
    with ExitStack() as stack:
        place = laid_out(stack, user)
        before = state(place)
        harm, error, code = in_child(lambda report: attempt(attack, place, layers, report), user)
        if harm and attack is kill:  # it ends soon, or else when it has slept enough
            os.waitid(os.P_PID, place.bystander, os.WEXITED | os.WNOWAIT)
        return {"harm": harm, "error": error, "code": code, "changed": state(place) != before}


if __name__ == "__main__":
    print(json.dumps([outcome(*wanted, sys.argv[1]) for wanted in json.load(sys.stdin)]))
