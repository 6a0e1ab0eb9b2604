"""After a submission, a crash or a kill of the grader: no process, no file, no mount."""

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from imbal_lab.sandbox import granted, probe, why_refused
from imbal_lab.student_process.removal import remove
from imbal_lab.student_process.submission import WarmParent

STUBBORN = """
import os, signal, subprocess, time
for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(name, signal.SIG_IGN)
for _ in range(3):
    subprocess.Popen(["sleep", "600"], start_new_session=True)
if not os.fork():
    os.setsid()
    if not os.fork():
        while True: time.sleep(1)
    os._exit(0)
os.makedirs("deep/" * 100)
os.mkdir("closed", 0o000)
"""


@pytest.fixture
def folder(monkeypatch):
    """Where this test's temporary files are, others' are not, and everybody may enter."""
    path = Path(tempfile.mkdtemp(prefix="imbal-lab-test-"))
    path.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    monkeypatch.setenv("TMPDIR", str(path))
    yield path
    shutil.rmtree(path)


def mounts():
    return Path("/proc/self/mounts").read_text()


def wait_until(holds):
    for _ in range(600):
        if holds():
            return True
        time.sleep(0.1)
    return False


def test_a_submission_leaves_nothing(parent, processes):
    parent.settle()
    before, mounted = processes(), mounts()
    files = sorted(parent.folder.rglob("*"))
    with parent.submission() as one:
        run = one.run(one.start, STUBBORN)
        assert run.ended == "ok"
        one.call(run.state, "print", {})
        assert len(processes()) > len(before)
    parent.settle()
    assert processes() <= before
    assert mounts() == mounted
    assert sorted(parent.folder.rglob("*")) == files


def test_a_folder_is_removed_however_deep_and_closed(folder):
    place = folder / "scratch"
    place.mkdir()
    outside = folder / "outside"
    outside.write_text("stays")
    (place / "link").symlink_to(outside)
    before = os.getcwd()
    os.chdir(place)
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(before)
    (place / "closed").mkdir()
    (place / "closed" / "file").touch(mode=0)
    (place / "closed").chmod(0)
    remove(place)
    assert os.listdir(folder) == ["outside"]
    remove(place)


def test_nor_do_descriptors_stay_open(parent):
    def use():
        with parent.submission() as one:
            state = one.run(one.start, "def f(): return 1").state
            one.run(state, "import os; os._exit(1)")
            one.call(state, "f", {})
        parent.settle()

    use()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        use()
    assert len(os.listdir("/proc/self/fd")) == before


def test_idle_states_do_not_grow_with_the_number_of_cells(submission, processes):
    state, counts = submission.start, []
    for number in range(12):
        state = submission.run(state, f"x = {number}").state
        counts.append(len(processes()))
    assert counts[-1] <= counts[2] + 1


def test_a_warm_parent_leaves_nothing(processes, folder):
    before = processes()
    with WarmParent() as parent, parent.submission() as one:
        assert one.run(one.start, "1").ended == "ok"
        assert os.listdir(folder)
    assert processes() <= before
    assert os.listdir(folder) == []


def test_without_namespaces_the_warden_ends_what_is_left(processes, folder):
    before = processes()
    layers = [layer for layer in granted(probe()) if layer != "namespaces"]
    if why_refused(layers):
        return  # they alone do not confine here, and nobody is graded with them
    with WarmParent(layers=layers) as parent:
        ours = processes()
        with parent.submission() as one:
            source = "import subprocess\ndef f():\n    for _ in range(3):\n"
            source += "        subprocess.Popen(['sleep', '600'], start_new_session=True)"
            one.call(one.run(one.start, source).state, "f", {})
            assert len(processes() - ours) >= 6
        parent.settle()
        assert processes() <= ours
    assert processes() <= before


def test_a_warm_parent_that_was_killed_is_started_again(folder):
    with WarmParent() as parent:
        with parent.submission() as one:
            os.kill(parent.process, signal.SIGKILL)
            assert wait_until(lambda: not parent._process.lives())
            assert one.run(one.start, "1").ended == "ok"  # its own processes do not need it
        with parent.submission() as other:
            assert other.run(other.start, "1").ended == "ok"
    assert os.listdir(folder) == []


@pytest.mark.parametrize("answered", [True, False])
def test_a_grader_that_ends_before_it_hears_the_answer_leaves_nothing(processes, folder, answered):
    before = processes()
    with WarmParent() as parent:
        scratch = parent.folder / "scratch"
        scratch.mkdir()
        ours, theirs = socket.socketpair()
        lifeline, held = os.pipe()
        line = parent._process._line
        line.send({"scratch": str(scratch)}, hand=[theirs.fileno(), lifeline])
        if answered:
            select.select([line.socket], [], [], 60)
        line.close()
        for descriptor in (lifeline, held):
            os.close(descriptor)
        ours.close()
        theirs.close()
        assert wait_until(lambda: not parent.folder.exists())
    assert processes() <= before


GRADER = """
from imbal_lab.sandbox import granted, probe, why_refused
from imbal_lab.student_process.removal import remove
from imbal_lab.student_process.submission import WarmParent
with WarmParent() as parent, parent.submission() as one:
    run = one.run(one.start, {source!r})
    print(run.ended, flush=True)
    one.run(run.state, "import time; time.sleep(600)")
"""


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_a_grader_that_is_ended_leaves_nothing(processes, folder, name):
    before = processes()
    program = GRADER.format(source=STUBBORN)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL) as grader:  # fmt: skip
        assert grader.stdout.readline() == "ok\n"
        family = processes() - before
        assert len(family) > 5
        grader.send_signal(getattr(signal, name))
    alive = lambda: [p for p in family if os.path.exists(f"/proc/{p}")]  # noqa: E731
    assert wait_until(lambda: not alive()), alive()
    assert os.listdir(folder) == []
