"""Grading on a Dask cluster: a real scheduler and two workers, on loopback."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from contextlib import ExitStack

import pytest

from imbal_lab.grading.course import Course, CourseError
from imbal_lab.grading.grade import grade
from imbal_lab.grading.gradebook import tables
from imbal_lab.grading.gradebook.scores import read_scores
from imbal_lab.grading.workers import Watched, workers_of_cluster

REFUSES = """
from imbal_lab.grading.judging import warm_parents
from imbal_lab.student_process.launcher import WarmParent
warm_parents.WarmParent = lambda *, unsafe, layers: WarmParent(unsafe=unsafe, layers=())
"""
SECONDS = 120


class Cluster:
    """A scheduler and its workers, as processes; they end with the `with` block."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.workers = []

    def __enter__(self):
        self.processes = ExitStack()
        self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-show")
        self.wait_for(self.file.exists)
        return self

    def __exit__(self, *error):
        self.processes.close()

    @property
    def address(self):
        return json.loads(self.file.read_text())["address"]

    def start(self, kind, *options):
        command = [sys.executable, "-m", "dask", kind, "--scheduler-file", self.file]
        with (self.folder / f"{kind}.log").open("a") as log:
            process = subprocess.Popen(
                [*map(str, command), "--no-dashboard", *options],
                cwd=self.folder, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "TMPDIR": str(self.folder)},
            )  # fmt: skip
        self.processes.callback(self.end, process)
        return process

    def start_workers(self, count, *options):
        local = ("--local-directory", str(self.folder), "--nthreads", "1", "--no-nanny")
        for _ in range(count):
            self.workers.append(self.start("worker", "--host", "127.0.0.1", *local, *options))
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=SECONDS)

    @staticmethod
    def end(process):
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @staticmethod
    def wait_for(condition):
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def cluster(tmp_path):
    folder = tmp_path / "cluster"
    folder.mkdir()
    with Cluster(folder) as started:
        yield started


@pytest.fixture
def handed_in(released, stub):
    """A course with six submissions, and a copy that is graded here."""
    for number in range(6):
        right = stub.DIRECTIONS if number % 2 else stub.UNGUARDED
        stub.hand_in(released, f"s{number}", stub.answered(stub.RATIO_OF_ALL, right))
    return released


def found(course, stub):
    with tables.connect(course) as connection:
        runs = tables.latest_runs(connection, stub.LESSON)
    scores = read_scores(course, stub.LESSON)
    return {
        who: (run["status"], run["seed"], run["notebook_sha256"], scores[who])
        for who, run in runs.items()
    }


class Killing:
    """Kills a worker's process when the fourth job is handed out."""

    def __init__(self, workers, process):
        self.workers, self.process, self.jobs = workers, process, 0

    def submit(self, *work):
        self.jobs += 1
        future = self.workers.submit(*work)
        if self.jobs == 4:
            os.killpg(self.process.pid, signal.SIGKILL)
        return future


def test_a_cluster_from_its_start_to_its_end(handed_in, stub, cluster, tmp_path):
    """One test, as every process here takes seconds to import torch."""
    words = "the scheduler has no workers; start some"
    with pytest.raises(CourseError, match=words), workers_of_cluster(cluster.address):
        pass

    shutil.copytree(handed_in.project, tmp_path / "here")
    here = Course.find(tmp_path / "here")
    assert stub.imbal_lab("grade", stub.LESSON, "-j", "2", cwd=here.root).returncode == 0
    expected = found(here, stub)
    assert len(expected) == 6

    cluster.start_workers(2)
    with workers_of_cluster(cluster.address) as (workers, in_flight):
        assert in_flight == 4
        killing = Killing(workers, cluster.workers[0])
        grade(handed_in, stub.LESSON, workers=killing, in_flight=in_flight)
    assert killing.jobs >= 6
    assert cluster.workers[0].wait(20) == -signal.SIGKILL
    assert found(handed_in, stub) == expected

    command = ("grade", stub.LESSON, "--force", "--student", "s1", "--cluster", cluster.address)
    said = stub.imbal_lab(*command, cwd=handed_in.root)  # on the one that is left
    assert (said.returncode, said.stdout.splitlines()[-1]) == (0, "nobody needs a person")
    assert "7 / 11" in said.stdout
    assert "1/1 [" in said.stderr.splitlines()[-1]

    cluster.end(cluster.workers[1])
    before = found(handed_in, stub)
    preload = cluster.folder / "preload.py"
    preload.write_text(REFUSES)
    cluster.start_workers(1, "--preload", str(preload))
    said = stub.imbal_lab(*command, cwd=handed_in.root)
    assert said.returncode == 2
    assert "a worker refused: students' code cannot be confined here" in said.stderr
    assert found(handed_in, stub) == before


def test_a_scheduler_that_is_lost_ends_the_run_instead_of_hanging(handed_in, stub):
    """Dask leaves the futures of a client that gave up as they are."""

    class Client:
        status = "running"

        def get_executor(self):
            return self

        def submit(self, *work):
            self.status = "closed"
            return Future()

    words = r"no worker takes any more work .*the scheduler is gone"
    with pytest.raises(CourseError, match=words):
        grade(handed_in, stub.LESSON, workers=Watched(Client()), in_flight=1)


def test_no_scheduler():
    words = r"no Dask scheduler at 'tcp://127\.0\.0\.1:1'"
    with pytest.raises(CourseError, match=words), workers_of_cluster("tcp://127.0.0.1:1"):
        pass


def test_without_dask_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    words = r"--cluster needs Dask: pip install 'imbal-lab\[cluster\]'"
    with pytest.raises(CourseError, match=words), workers_of_cluster("tcp://127.0.0.1:1"):
        pass
