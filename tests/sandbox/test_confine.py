"""What confine promises beside stopping attacks: what stays possible, how it ends."""

import errno
import importlib
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
import torch

from imbal_lab.sandbox import ConfinementError, confine, keeper


@pytest.fixture
def confined(in_child, user, folder, layers_of):
    """``confined(work)``: its outcome in a child with every layer that there is here."""

    def run(work, **options):
        def all_of_it(report):
            confine(folder, layers_of(user), keep=(0, 1, 2, report), **options)
            return work()

        return in_child(all_of_it, user)

    return run


def honest_work():
    Path("sub").mkdir()
    Path("sub/a").write_text("1")
    os.rename("sub/a", "b")
    os.link("b", "c")
    os.symlink("b", "d")
    Path("d").read_text()
    os.unlink("c")
    shell = subprocess.run(["/bin/sh", "-c", "echo $((6*7)); echo no >/dev/null"],
                           stdin=subprocess.DEVNULL, capture_output=True, check=True)  # fmt: skip
    beside = []
    thread = threading.Thread(target=beside.append, args=(1,))
    thread.start()
    thread.join()
    child = os.fork()
    if not child:
        os._exit(3)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return [sorted(os.listdir(".")), shell.stdout.decode(), beside, status, len(os.urandom(2))]


def test_honest_work_goes_on(confined):
    said = confined(honest_work)
    assert said.error == ""
    assert said.value == [["b", "d", "sub"], "42\n", [1], 3, 2]


def test_torch_computes(confined):
    def work():
        x = torch.arange(6.0).reshape(2, 3).requires_grad_()
        (x @ x.T).sum().backward()
        torch.save(x, "x.pt")
        return x.grad.tolist() == (2 * x.sum(dim=0).expand(2, 3)).tolist(), torch.get_num_threads()

    assert confined(work, readable=[Path(torch.__file__).parent]).value == [True, 1]


@pytest.fixture
def beside(folder):
    """A folder that everybody may change, with a file and a module in it."""
    path = Path(tempfile.mkdtemp(prefix="imbal-lab-test-"))
    path.chmod(0o777)
    (path / "data").write_text("7")
    (path / "data").chmod(0o666)
    (path / "latecomer.py").write_text("value = 42")
    (path / "latecomer.py").chmod(0o444)
    yield path
    shutil.rmtree(path)


@pytest.mark.parametrize("name", ["", "data"])
def test_readable_paths_can_be_read_and_not_written(confined, beside, name):
    def work():
        try:
            (beside / "data").write_text("8")
        except OSError:
            return (beside / "data").read_text()

    assert confined(work, readable=[beside / name, Path("/not/there")]).value == "7"
    assert (beside / "data").read_text() == "7"


def test_modules_in_readable_paths_can_be_imported(confined, beside):
    def work():
        sys.path.insert(0, str(beside))
        return importlib.import_module("latecomer").value

    assert confined(work, readable=[beside]).value == 42


def test_open_files_are_closed_but_those_kept(in_child, user, folder, layers_of):
    def work(report):
        held = os.open("/dev/null", os.O_RDONLY)
        confine(folder, layers_of(user), keep=(0, 1, 2, report))
        try:
            os.fstat(held)
        except OSError:
            return "closed"

    assert in_child(work, user).value == "closed"


@pytest.mark.parametrize("left_out", [(), ("namespaces",)])
def test_it_stands_in_scratch_in_a_session_of_its_own(in_child, user, folder, layers_of, left_out):
    """Its group too: a signal to the own group must not end the grader."""
    layers = [layer for layer in layers_of(user) if layer not in left_out]
    outside = os.getsid(0)

    def work(report):
        confine(folder, layers, keep=(0, 1, 2, report))
        return os.getcwd(), os.getsid(0) == os.getpgrp() != outside

    assert in_child(work, user).value == [str(folder), True]


def test_namespaces_are_new_and_the_root_folder_read_only(in_child, user, folder, layers_of):
    kinds = ("net", "pid", "mnt", "ipc", "uts")
    if "namespaces" not in layers_of(user):
        return  # test_probe asks that the doctor says so

    def ids():
        return {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in kinds}

    def work(report):
        confine(folder, ("namespaces",), keep=(0, 1, 2, report), unsafe=True)
        try:
            Path("/new").touch()
        except OSError as error:
            return ids(), error.errno == errno.EROFS

    outside = ids()
    inside, read_only = in_child(work, user).value
    assert [kind for kind in kinds if inside[kind] == outside[kind]] == []
    assert read_only


def test_the_first_process_heeds_no_signal_from_inside(in_child, user, folder, layers_of):
    if "namespaces" not in layers_of(user):
        return

    def work(report):
        confine(folder, layers_of(user), keep=(0, 1, 2, report))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            os.kill(1, number)
        time.sleep(0.1)
        os._exit(5)

    assert in_child(work, user).status == 5


def test_without_its_keeper_it_does_not_begin(in_child):
    def work(_):
        line, held = os.pipe()
        os.close(held)
        keeper.die_with_keeper(line)

    assert in_child(work).status == 1


def test_rights_are_gone(confined):
    def work():
        status = dict(
            line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines()
        )
        names = ("CapInh", "CapPrm", "CapEff", "CapAmb")
        return [int(status[n], 16) for n in names], status["NoNewPrivs"], status["Seccomp"]

    assert confined(work, readable=[Path("/proc/self")]).value == [[0] * 4, "1", "2"]


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda: os._exit(7), 7),
        (lambda: signal.raise_signal(signal.SIGKILL), 128 + 9),
        (sys.exit, 0),
    ],
)
def test_the_caller_ends_as_the_confined_process_does(in_child, user, folder, layers_of, end, code):
    def work(report):
        confine(folder, layers_of(user), keep=(0, 1, 2, report))
        end()

    found = in_child(work, user).status
    assert found in (code, 128 - code)  # without namespaces there is no keeper: the signal itself


def test_what_it_leaves_running_dies_with_it(confined, layers_of, user):
    mark = f"imbal-lab-orphan-{os.getpid()}"

    def work():
        if not os.fork():
            os.setsid()
            os.execv("/bin/sh", [mark, "-c", "sleep 60 & wait"])
        time.sleep(0.05)

    confined(work)
    if "namespaces" in layers_of(user):
        assert not running(mark)


def test_killing_the_caller_kills_all_inside(user, folder, layers_of, become):
    if "namespaces" not in layers_of(user):
        return  # test_probe asks that the doctor says so
    mark = f"imbal-lab-inside-{os.getpid()}"
    here, there = os.pipe()
    caller = os.fork()
    if not caller:
        try:
            layers = layers_of(user)
            become(user)
            confine(folder, layers, keep=(2, there))
            os.set_inheritable(there, True)
            os.write(there, b"!")
            os.execv("/bin/sh", [mark, "-c", "sleep 60 & wait"])
        finally:
            os._exit(1)
    os.close(there)
    assert os.read(here, 1) == b"!"
    os.kill(caller, signal.SIGKILL)
    os.waitpid(caller, 0)
    # The pipe ends when the last process inside has.
    assert select.select([here], [], [], 30)[0]
    assert os.read(here, 1) == b""
    os.close(here)
    assert not running(mark)


def running(mark):
    def command(process):
        try:
            return (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            return ""

    return [p.name for p in Path("/proc").glob("[0-9]*") if mark in command(p)]


def refused(in_child, *arguments):
    """The error that confine raises, asked in a child lest it goes through; and where it stands."""

    def work(_):
        here = os.getcwd()
        try:
            confine(*arguments)
        except (ConfinementError, ValueError) as error:
            return type(error).__name__, str(error), os.getcwd() == here

    name, message, unmoved = in_child(work).value
    assert unmoved
    return f"{name}: {message}"


def test_too_few_layers_are_refused_before_anything_is_done(in_child, tmp_path):
    said = refused(in_child, tmp_path, ("rlimits", "no_new_privs"))
    assert said.startswith("ConfinementError: students' code cannot be confined here (files, netw")
    assert "WSL2" in said


def test_unsafe_runs_without_any_layer(in_child, folder, user):
    def work(_):
        confine(folder, (), unsafe=True)
        return os.getcwd()

    assert in_child(work, user).value == str(folder)


def test_bubblewrap_is_not_believed_without_it(in_child, tmp_path):
    layers = ("unprivileged", "rlimits", "no_new_privs", "seccomp", "bubblewrap")
    said = refused(in_child, tmp_path, layers)
    assert said.startswith("ConfinementError: layers: 'bubblewrap' is given, but bubblewrap did")


def test_bad_scratch(in_child, tmp_path):
    layers = ("namespaces", "unprivileged", "rlimits")
    (tmp_path / "file").touch()
    for scratch in (tmp_path, tmp_path / "file", tmp_path / "none"):
        said = refused(in_child, scratch, layers)
        assert said == f"ValueError: scratch='{scratch}': give an existing, empty folder"


def test_a_second_thread_would_stay_free(in_child, folder, layers_of, user):
    def work(_):
        stop = threading.Event()
        threading.Thread(target=stop.wait, daemon=True).start()
        try:
            confine(folder, layers_of(user))
        except RuntimeError as error:
            return str(error)
        finally:
            stop.set()

    assert in_child(work, user).value == "2 threads: confine binds one; fork first, then call it"


def test_limits_cannot_be_raised_again(confined):
    def work():
        refused = 0
        for name in ("DATA", "FSIZE", "NOFILE", "NPROC", "CORE"):
            limit = getattr(resource, f"RLIMIT_{name}")
            soft, hard = resource.getrlimit(limit)
            try:
                resource.setrlimit(limit, (soft, hard + 1))
            except (ValueError, OSError):
                refused += soft == hard
        return refused

    assert confined(work).value == 5
