"""Attacks, each without confinement (it does its harm), with one layer, and with all but one."""

import ctypes
import errno
import mmap
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from imbal_lab.sandbox import ConfinementError, Limits, confine

NOBODY = 65534
ALL = ("namespaces", "unprivileged", "rlimits", "no_new_privs", "landlock", "seccomp")
STANDS_ON = {"landlock": "no_new_privs", "seccomp": "no_new_privs"}
LIBC = ctypes.CDLL(None, use_errno=True)
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
        for _ in range(60):
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
    return len(bytearray(2**31)) > 0  # zeroes that nobody looks at: costs nothing


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
    held = [open("/dev/null") for _ in range(80)]
    return len(held) == 80


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


# The claim: what stops an attack, whichever other layers there are. Against root, that it is root
# no more counts too. (For the fork bomb it is needed beside the limit.)
FILES = {"namespaces", "landlock"}
STOPPED_BY = {
    read: FILES,
    write: FILES,
    delete: FILES,
    create: FILES,
    move_in: FILES,
    link_in: FILES,
    read_by_symlink: FILES,
    truncate: FILES,
    truncate_by_opening: FILES,
    after_exec: FILES,
    change_permissions: {"namespaces", "seccomp"},
    change_times: {"namespaces", "seccomp"},
    connect_tcp: {"namespaces", "landlock", "seccomp"},
    send_udp: {"namespaces", "seccomp"},
    connect_unix: {"namespaces", "seccomp"},
    connect_abstract: {"namespaces", "landlock", "seccomp"},
    kill: {"namespaces", "landlock"},
    trace: {"namespaces", "landlock", "seccomp"},
    read_environment: {"namespaces", "landlock"},
    set_anothers_limit: {"namespaces", "seccomp"},
    fork_bomb: {"rlimits"},
    take_memory: {"rlimits"},
    take_shared_memory: {"seccomp"},
    write_long_file: {"rlimits"},
    fill_scratch: {"namespaces"},
    open_many: {"rlimits"},
    new_user_namespace: {"seccomp"},
    clone_into_user_namespace: {"seccomp"},
    set_user_id: {"no_new_privs", "namespaces"},
}
BY_BEING_NOBODY = {
    read, write, delete, create, move_in, link_in, read_by_symlink, truncate, truncate_by_opening,
    after_exec, change_permissions, change_times, connect_unix, kill, trace, read_environment,
    set_anothers_limit,
}  # fmt: skip


def stoppers(attack, user):
    alone = STOPPED_BY[attack]
    return alone | {"unprivileged"} if user == "root" and attack in BY_BEING_NOBODY else alone


def configurations(attack, user):
    """Which layers to try: none, each that stops it alone, all, and all but each of those."""
    yield ()
    for layer in stoppers(attack, user):
        beside = {STANDS_ON.get(layer), "unprivileged" if attack is fork_bomb else None}
        yield tuple(name for name in ALL if name == layer or name in beside)
    yield ALL
    for layer in stoppers(attack, user):
        yield tuple(name for name in ALL if name != layer and STANDS_ON.get(name) != layer)


def is_stopped(attack, user, layers):
    found = stoppers(attack, user) & set(layers)
    return bool(found) and (attack is not fork_bomb or user != "root" or "unprivileged" in layers)


@pytest.fixture
def lay_out(user, bystander):
    """A function that makes a new place; sockets and files are gone afterwards."""
    with ExitStack() as stack:
        yield lambda: _laid_out(stack, user, bystander())


def _laid_out(stack, user, bystander):
    root = Path(tempfile.mkdtemp(prefix="imbal-lab-test-")).resolve()
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
    return Place(root, bystander, tcp, udp, abstract)


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


CHANGES = {
    write, delete, create, move_in, truncate, truncate_by_opening, change_permissions,
    change_times, kill,
}  # fmt: skip


def small_limits():
    """Above what this process has already."""
    status = Path("/proc/self/status").read_text()
    data = int(status.split("VmData:")[1].split()[0]) * 1024
    return Limits(memory=data + 2**29, file_size=2**20, scratch=2**23, open_files=64, tasks=20)


def attempt(attack, place, layers, report):
    """Confine this process and attack; true if the harm was done."""
    confine(place.scratch, layers, limits=small_limits(), keep=(0, 1, 2, report), unsafe=True)
    try:
        return attack(place)
    except (OSError, MemoryError):
        return False


@pytest.mark.parametrize("attack", STOPPED_BY, ids=lambda attack: attack.__name__)
def test_an_attack_does_harm_unless_a_layer_stops_it(attack, user, lay_out, in_child, layers_of):
    """Layers that this machine lacks are left out; test_probe asks that the doctor names them."""
    has = set(layers_of(user))
    tried = dict.fromkeys(
        tuple(name for name in layers if name in has) for layers in configurations(attack, user)
    )
    for layers in tried:
        place = lay_out()
        before = state(place)
        said = in_child(lambda report, p=place, n=layers: attempt(attack, p, n, report), user)
        stopped = is_stopped(attack, user, layers)
        assert said.error == "", layers
        assert (said.value, said.status) == (not stopped, 0), layers
        assert (state(place) != before) == (attack in CHANGES and not stopped), layers
