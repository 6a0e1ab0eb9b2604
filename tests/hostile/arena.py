"""A class of attackers and honest students in a throw-away folder, graded, and looked at after."""

from __future__ import annotations

import json
import os
import secrets
import select
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from attacks.attack import Attack, Here, Secrets, Seen, hand_in
from honest import DIRECTIONS, HONEST, LESSON, RATIO, ROOT, STEP, answered, lesson_notebook

import imbal_lab
from imbal_lab.grading.course import Course
from imbal_lab.grading.gradebook.release import release
from imbal_lab.grading.gradebook.scores import read_scores

SCRIPTS = Path(__file__).parent
BUDGET = {"cell": 0.8, "call": 0.8, "exercise": 1.6, "submission": 10.0}  # CPU seconds
AMPLE = {"cell": 10.0, "call": 10.0}  # where no attack hangs, and a busy machine must not matter
STRANGERS = 0x6F00_0000  # user ids that nobody has


def a_stranger() -> int | None:
    """A user id to throw away; None where we are not root, and stay who we are."""
    return STRANGERS + secrets.randbelow(2**20) if os.geteuid() == 0 else None


def as_user(user: int | None) -> dict:
    """What Popen needs to start a process of this user's."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def python_of(user: int | None, home: Path) -> str:
    """This Python; where the user cannot reach it (it lies in root's home), the system's, which
    finds the same packages at the user's ``home``."""
    real = Path(sys.executable).resolve()
    if user is None or all(above.stat().st_mode & 1 for above in real.parents):
        return sys.executable
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    same = Path("/usr/bin", version)
    assert same.exists(), f"user {user} can run neither {real} nor {same}"
    packages = home / ".local" / "lib" / version / "site-packages"
    packages.parent.mkdir(parents=True)
    packages.symlink_to(sysconfig.get_path("purelib"))
    return str(same)


def make_course(folder: Path) -> Course:
    """A course with the lesson built and released."""
    (folder / "course").mkdir(parents=True)
    shutil.copy(ROOT / "course" / "nbgrader_config.py", folder / "course")
    path = folder / "notebooks" / LESSON / f"{LESSON}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(lesson_notebook()), encoding="utf-8")
    course = Course.find(folder)
    release(course, LESSON)
    return course


@dataclass
class Doors:
    """Sockets that wait for somebody to come; `knocks` holds what they sent."""

    tcp: int = 0
    udp: int = 0
    abstract: str = ""
    path: str = ""
    knocks: set[str] = field(default_factory=set)


@contextmanager
def doors(folder: Path) -> Iterator[Doors]:
    made = Doors(abstract=f"hostile-{secrets.token_hex(8)}", path=str(folder / "door"))
    with ExitStack() as stack:
        tcp, udp, abstract, named = (
            stack.enter_context(closing(socket.socket(*kind)))
            for kind in (
                (socket.AF_INET, socket.SOCK_STREAM),
                (socket.AF_INET, socket.SOCK_DGRAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
            )
        )
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        abstract.bind("\0" + made.abstract)
        named.bind(made.path)
        for listening in (tcp, abstract, named):
            listening.listen(64)
        made.tcp, made.udp = tcp.getsockname()[1], udp.getsockname()[1]
        stop, stopping = os.pipe()
        waiter = threading.Thread(target=_wait, args=(made, udp, (tcp, abstract, named), stop))
        waiter.start()
        try:
            yield made
        finally:
            os.close(stopping)
            waiter.join()
            os.close(stop)


def _wait(made: Doors, udp: socket.socket, listening: Sequence[socket.socket], stop: int) -> None:
    """Note whoever comes, until the other end of `stop` is closed."""
    while True:
        ready, _, _ = select.select([udp, *listening, stop], [], [])
        for door in ready:
            if door is udp:
                made.knocks.add(udp.recv(1000).decode(errors="replace"))
            elif door != stop:
                with closing(door.accept()[0]) as caller:
                    caller.settimeout(2)
                    made.knocks.add(caller.recv(1000).decode(errors="replace"))
        if stop in ready and len(ready) == 1:
            return


@contextmanager
def bystanders(marks: Sequence[Path], user: int | None, python: str) -> Iterator[list[int]]:
    """One sleeping process of the user's for each mark."""
    command = [python, SCRIPTS / "bystanders.py", *map(str, marks)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, **as_user(user)) as process:
        yield list(map(int, process.stdout.readline().split()))
        process.stdin.close()


@dataclass(frozen=True)
class Graded:
    """What a run came to: for each attack what is seen, and the class as a whole."""

    seen: dict[str, Seen]  # by the attack's name
    here: dict[str, Here]
    secrets: dict[str, Secrets]
    honest: dict[str, dict[str, float] | None]
    terminal: str
    codes: list[int]
    left: list[str]  # processes
    files: list[str]  # in the folder for temporary files
    mounts: list[str]
    wall: float

    def harmed(self, attack: Attack) -> bool:
        name = attack.name
        return attack.harm(self.here[name], self.seen[name], self.secrets[name])


@contextmanager
def arena(attacks: Sequence[Attack], user: int | None, template: Path) -> Iterator[Arena]:
    """A copy of the course in `template` with all of it handed in; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="imbal-lab-hostile-")).resolve()
    try:
        folder.chmod(0o755)
        shutil.copytree(template, folder / "class")
        for name in ("outside", "home", "tmp", "marks"):
            (folder / name).mkdir()
        with doors(folder) as made:
            own = [a for a in attacks if a.family == "processes"]
            marks = [folder / "marks" / a.name for a in own] + [folder / "marks" / "shared"]
            _own(folder, user)
            python = python_of(user, folder / "home")
            with bystanders(marks, user, python) as processes:
                ids = dict(zip([a.name for a in own], processes, strict=False))
                yield Arena(folder, attacks, user, python, made, ids, processes[-1])
    finally:
        shutil.rmtree(folder)


class Arena:
    """The folder, what is in it, and `grade`."""

    def __init__(
        self,
        folder: Path,
        attacks: Sequence[Attack],
        user: int | None,
        python: str,
        made: Doors,
        processes: dict[str, int],
        process: int,
    ) -> None:
        self.folder, self.attacks, self.doors = folder, attacks, made
        self.user, self.python = user, python
        self.course = Course.find(folder / "class")
        self.processes, self.process = processes, process
        self.teacher, self.classmates = secrets.token_hex(12), secrets.token_hex(12)
        self.diaries = {a.name: secrets.token_hex(12) for a in attacks}
        self.here = {a.name: self._here(a) for a in attacks}
        self._hand_in()
        _own(folder, user)
        self.before = {a.name: self._outside(a) for a in attacks}

    def secrets(self, attack: Attack) -> Secrets:
        return Secrets(self.diaries[attack.name], self.classmates, self.teacher)

    def path(self, attack: Attack) -> Path:
        return self.course.notebook("submitted", attack.id, LESSON)

    def environment(self) -> dict[str, str]:
        """The teacher's: a secret in it, a home and a folder for temporary files of their own."""
        home = str(self.folder / "home")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("NBGRADER_", "IMBAL_"))}
        kept |= {"HOME": home, "IPYTHONDIR": f"{home}/ipython", "TMPDIR": f"{self.folder}/tmp"}
        return kept | {"TEACHER_SECRET": self.teacher, "PYTHONDONTWRITEBYTECODE": "1"}

    def grade(
        self, *, without: str | None = None, unsafe: bool = False, budget: dict = BUDGET
    ) -> Graded:
        """Grade everybody in one run of the commands, perhaps without one of the layers."""
        answer, codes = self.folder / "marks" / "answer", self.folder / "marks" / "codes"
        settings = {"course": str(self.course.root), "lesson": LESSON, "budget": budget}
        settings |= {"without": without, "unsafe": unsafe, "answer": str(answer)}
        run = subprocess.run(
            [self.python, SCRIPTS / "class_run.py"],
            input=json.dumps(settings | {"codes": str(codes)}).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder / "home",
            env=self.environment(),
            check=False,
            **as_user(self.user),
        )
        terminal = run.stdout.decode(errors="replace")
        assert run.returncode == 0, terminal[-3000:]
        said = json.loads(answer.read_text())
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        scores = read_scores(self.course, LESSON)
        return Graded(
            {a.name: self._seen(a, terminal, scores) for a in self.attacks},
            self.here,
            {a.name: self.secrets(a) for a in self.attacks},
            {who: _points(scores, who) for who in HONEST},
            terminal,
            said["codes"],
            said["left"],
            sorted(os.listdir(self.folder / "tmp")),
            [line for line in mounts if str(self.folder) in line],
            said["wall"],
        )

    def careless(self) -> dict[str, Seen]:
        """By the attack's name, what it does to those who take no care; see controls.py."""
        shown = {a.name: self._shown(a) for a in self.attacks if a.control == "shown"}
        kinds = ("plain", "stock", "trusting", "reader")
        jobs = [(a.name, a.control, str(self.path(a))) for a in self.attacks if a.control in kinds]
        run = subprocess.run(
            [self.python, SCRIPTS / "controls.py"],
            input=json.dumps(jobs).encode(),
            capture_output=True,
            cwd=self.folder / "tmp",
            env=self.environment(),
            check=False,
            **as_user(self.user),
        )
        assert run.returncode == 0, run.stderr.decode(errors="replace")[-3000:]
        nobody = {"knocks": frozenset(), "changed": False, "bystander": True}
        return shown | {
            name: Seen(**said, **nobody) for name, said in json.loads(run.stdout).items()
        }

    def _shown(self, attack: Attack) -> Seen:
        """The payload as it is, in a page, a terminal and a sheet."""
        return Seen(
            shown=attack.payload,
            points=None,
            knocks=frozenset(),
            changed=False,
            bystander=True,
            size=len(attack.payload),
            pages=(f"<html><body>{attack.payload}</body></html>",),
            sheets=(f'"{attack.payload}",1',),
            terminal=attack.payload,
        )

    def _here(self, attack: Attack) -> Here:
        outside = self.folder / "outside" / attack.name
        outside.mkdir()
        (outside / "diary").write_text(f"dear diary {self.diaries[attack.name]}")
        return Here(
            name=attack.name,
            outside=str(outside),
            diary=str(outside / "diary"),
            gradebook=str(self.course.root / "gradebook.db"),
            classmate=str(self.course.notebook("submitted", "anna", LESSON)),
            rooms=str(Path(imbal_lab.__file__).parent),
            tcp=self.doors.tcp,
            udp=self.doors.udp,
            abstract=self.doors.abstract,
            door=self.doors.path,
            bystander=self.processes.get(attack.name, self.process),
            shared=f"hostile-{secrets.token_hex(8)}",
            word=secrets.token_hex(12).encode().hex(),
        )

    def _hand_in(self) -> None:
        notebook = lesson_notebook()
        for who, (answers, _) in HONEST.items():
            path = self.course.notebook("submitted", who, LESSON)
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(answered(notebook, answers, self.classmates)))
        right = answered(notebook, (RATIO, DIRECTIONS, STEP))
        for attack in self.attacks:
            hand_in(attack, right, self.here[attack.name], self.path(attack))

    def _outside(self, attack: Attack) -> object:
        """All that an attack could change, and has no business to."""
        here = self.here[attack.name]
        shared = [Path(folder, here.shared).exists() for folder in ("/tmp", "/dev/shm")]
        found = []
        for path in sorted(Path(here.outside).rglob("*")):
            status = path.lstat()
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            found.append((str(path), status.st_mode, status.st_mtime_ns, content))
        return shared, found

    def _seen(self, attack: Attack, terminal: str, scores: dict) -> Seen:
        made = {
            kind: self.course.notebook(kind, attack.id, LESSON).with_suffix(end)
            for kind, end in (("autograded", ".ipynb"), ("feedback", ".html"))
        }
        texts = {k: p.read_text("utf-8") if p.is_file() else "" for k, p in made.items()}
        reports = {p.name: p.read_text("utf-8") for p in (self.course.root / "reports").glob("*")}
        pages = [texts["feedback"], *(t for name, t in reports.items() if name.endswith(".html"))]
        here = self.here[attack.name]
        found = Seen(
            shown="\n".join([*texts.values(), *reports.values(), terminal]),
            points=_points(scores, attack.id),
            knocks=frozenset(k for k in self.doors.knocks if attack.name in k)
            and frozenset([attack.name]),
            changed=self._outside(attack) != self.before[attack.name],
            bystander=untouched(here.bystander, self.folder / "marks" / attack.name),
            size=sum(map(len, texts.values())),
            pages=tuple(filter(None, pages)),
            sheets=tuple(t for name, t in reports.items() if name.endswith(".csv")),
            terminal=terminal,
            ended=attack.id in scores,
        )
        for folder in ("/tmp", "/dev/shm"):
            Path(folder, here.shared).unlink(missing_ok=True)
        return found


def untouched(process: int, mark: Path) -> bool:
    """Whether a bystander lives, has heard nothing, and has our own priority still."""
    state, *rest = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    priority = os.getpriority(os.PRIO_PROCESS, 0)
    return state != "Z" and int(rest[15]) == priority and not mark.exists()


def _points(scores: dict, student: str) -> dict[str, float] | None:
    if student not in scores:
        return None
    cells = scores[student].cells.items()
    return {n.removeprefix("check-"): c.score for n, c in cells if n.startswith("check-")}


def _own(folder: Path, user: int | None) -> None:
    """Let all of it be the user's."""
    if user is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user, user, follow_symlinks=False)
