"""Landlock at every version: what an older kernel would allow, asked of this one."""

import os
import socket
from pathlib import Path

import pytest

from imbal_lab.sandbox import landlock
from imbal_lab.sandbox.no_new_privs import set_no_new_privs

VERSIONS = range(1, 1 + max(7, landlock.abi_version()))


@pytest.fixture
def restricted(in_child, folder, user):
    """``restricted(work, abi)``: work that does not go through gives the error's name."""
    scratch = folder / "scratch"
    scratch.mkdir()
    (folder / "diary").write_text("dear diary")
    if user == "nobody":
        for path in (scratch, folder / "diary"):
            os.chown(path, folder.stat().st_uid, folder.stat().st_gid)

    def run(work, abi, readable=()):
        def restrict_and_try(_):
            os.chdir(scratch)
            set_no_new_privs()
            landlock.restrict(scratch, list(readable), abi)
            try:
                return work()
            except OSError as error:
                return type(error).__name__

        return in_child(restrict_and_try, user).value

    return run


def lacks(abi):
    """True where this kernel knows no such version; test_probe asks that the doctor says so."""
    return abi > landlock.abi_version()


@pytest.mark.parametrize("abi", VERSIONS)
def test_files_outside_at_every_version(restricted, folder, abi):
    if lacks(abi):
        return
    diary = folder / "diary"
    assert restricted(diary.read_text, abi) == "PermissionError"
    assert restricted(lambda: diary.write_text(""), abi) == "PermissionError"
    assert restricted(diary.unlink, abi) == "PermissionError"
    assert restricted(lambda: os.listdir(folder), abi) == "PermissionError"
    assert restricted(diary.read_text, abi, [diary]) == "dear diary"
    assert restricted(lambda: diary.write_text(""), abi, [diary, folder]) == "PermissionError"


@pytest.mark.parametrize("abi", VERSIONS)
def test_emptying_a_file_is_seen_from_version_3_on(restricted, folder, abi):
    """The trap that requirements.py knows about."""
    if lacks(abi):
        return
    diary = folder / "diary"
    restricted(lambda: os.truncate(diary, 0), abi)
    assert (diary.read_text() == "dear diary") is (abi >= 3)


@pytest.mark.parametrize("abi", VERSIONS)
def test_tcp_from_version_4_on(restricted, abi):
    if lacks(abi):
        return
    with socket.create_server(("127.0.0.1", 0)) as door:
        address = door.getsockname()
        found = restricted(lambda: socket.socket().connect(address) or "connected", abi)
    assert found == ("PermissionError" if abi >= 4 else "connected")


@pytest.mark.parametrize("abi", VERSIONS)
def test_signals_from_version_6_on(restricted, abi):
    if lacks(abi):
        return
    parent = os.getpid()
    found = restricted(lambda: os.kill(parent, 0) or "sent", abi)
    own_user = os.geteuid() == 0 and restricted(os.geteuid, abi) != 0
    assert found == ("PermissionError" if abi >= 6 or own_user else "sent")


def make_everything():
    Path("a/b").mkdir(parents=True)
    Path("a/b/f").write_text("1")
    Path("link").symlink_to("a/b/f")
    os.mkfifo("pipe")
    Path("a/b/f").rename("a/b/g")
    os.truncate("a/b/g", 0)
    return "all made"


def test_scratch_can_hold_all_but_sockets_and_devices(restricted):
    abi = landlock.abi_version()
    assert restricted(make_everything, abi) == "all made"
    assert restricted(lambda: socket.socket(socket.AF_UNIX).bind("door"), abi) == "PermissionError"
    assert restricted(lambda: os.mknod("null", 0o20666, os.makedev(1, 3)), abi) == "PermissionError"


def test_without_a_scratch_to_open_nothing_is_restricted(in_child, user):
    def work(_):
        set_no_new_privs()
        try:
            landlock.restrict(Path("/not/there"), [])
        except FileNotFoundError:
            return os.path.isdir("/usr") and len(os.listdir("/usr")) > 0

    assert in_child(work, user).value is True


def test_a_kernel_without_it(monkeypatch):
    monkeypatch.setattr(landlock, "CREATE_RULESET", 10**6)  # a call that no kernel has
    assert landlock.abi_version() == 0
    with pytest.raises(OSError, match="syscall"):
        landlock.restrict(Path("/tmp"), [])
