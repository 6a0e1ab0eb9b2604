"""Imbal Lab's two commands. Standard library only; the same on Linux, macOS and Windows.

    python run.py lab                what a learner needs, then JupyterLab on the first notebook
    python run.py test [arguments]   the same plus what tests need, then lint, types and all tests;
                                     the arguments go to pytest: python run.py test -k profiles

Run either again at any time: a second run is fast, an interrupted one is repaired, and nothing a
learner wrote is overwritten. Everything goes into `.venv` and `work`, both unknown to git.

It looks at the machine (`look`), makes a plan (`venv_steps`, `plan`) and performs it. Run for
real: Debian, as root and not, with Python 3.11. Only tested with faked facts: macOS, Windows,
other Linux systems, and opening a browser window.
"""

from __future__ import annotations  # fails before 3.7, and Imbal Lab needs Python 3.11 to 3.13

import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent
PINS = ("pyproject.toml", "requirements.lock")
STAMP = ".venv/imbal-lab-installed"  # what the last install was for; written when it succeeded
UNFINISHED = "unfinished"
NEEDED_GB = 3.0
CPU_INDEX = "https://download.pytorch.org/whl/cpu"  # Linux wheels from elsewhere bring GBs of CUDA
START = "00_start_here/00_start_here.ipynb"
SETTINGS = ".venv/share/jupyter/lab/settings/overrides.json"
NO_NEWS = '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}\n'
ALL_CORES = ("-n", "auto", "--dist", "loadfile")  # the tests of a file share what they set up
SYSTEM_PACKAGES = {  # Debian's names, and why a test needs them
    "chromium": "the browser test opens the lessons in it",
    "dataset-fashion-mnist": "the embedded pictures are compared with these official files",
    "postgresql": "a gradebook is kept in a server that the tests start",
}
CHROMIUM_ELSEWHERE = {
    "Darwin": "brew install --cask chromium",
    "Linux": "sudo dnf install chromium   (or what your system uses instead of dnf)",
    "Windows": "winget install Hibbiki.Chromium",
}


class Facts(NamedTuple):
    """All that a plan depends on, so that a test can fake any machine."""

    system: str  # "Linux", "Darwin", "Windows"
    version: tuple[int, int]  # of the Python that runs this
    base_python: str  # makes .venv, so it is never the one inside
    venv_python: str
    free_gb: float
    venv_works: bool
    stamp: str  # content of STAMP, "" without one
    place: str  # digest of what a .venv cannot survive: another folder, another Python
    pins: str  # digest of what is to be installed
    own_source: bool  # pip was told where packages come from
    root: bool
    apt: bool  # a Debian-like system
    missing: tuple[str, ...]  # of SYSTEM_PACKAGES
    screen: bool  # a browser window can open


class Step(NamedTuple):
    """Print a line, write a file, run a command: whatever is given, in this order."""

    say: str = ""
    write: tuple[str, str] | tuple[()] = ()  # path, content
    command: tuple[str, ...] = ()
    go_on: bool = False  # with the next step even if this one fails


def refusal(facts: Facts) -> str:
    """Why this machine will not do, or nothing."""
    if not (3, 11) <= facts.version < (3, 14):
        return (
            f"Imbal Lab needs Python 3.11, 3.12 or 3.13, and this is {facts.version[0]}."
            f"{facts.version[1]} ({facts.base_python}). Start it with another one, for example: "
            + ("py -3.13 run.py lab" if facts.system == "Windows" else "python3.13 run.py lab")
        )
    if not installed(facts, "lab") and facts.free_gb < NEEDED_GB:
        return (
            f"Imbal Lab needs {NEEDED_GB:g} GB of free disk to install, and {ROOT} has "
            f"{facts.free_gb:.1f} GB. Free some space and run this again."
        )
    return ""


def installed(facts: Facts, command: str) -> bool:
    """Whether `.venv` has what `command` needs; that of "test" includes that of "lab"."""
    enough = {"lab": ("lab", "test"), "test": ("test",)}[command]
    stamps = [f"{name} {facts.place} {facts.pins}" for name in enough]
    return facts.venv_works and facts.stamp in stamps


def venv_steps(facts: Facts) -> list[Step]:
    """Make `.venv`, anew where it is broken, half-installed, moved or of another Python."""
    sound = facts.stamp == "" or facts.place in facts.stamp.split()
    if facts.venv_works and sound:
        return []
    make = (facts.base_python, "-m", "venv", "--clear", ".venv")
    return [Step("Making the virtual environment .venv", command=make)]


def plan(command: str, facts: Facts, arguments: tuple[str, ...] = ()) -> list[Step]:
    """Everything after `venv_steps`: install, then open the lab or run the suite."""
    steps = [] if installed(facts, command) else install_steps(command, facts)
    return steps + (lab_steps(facts) if command == "lab" else test_steps(facts, arguments))


def install_steps(command: str, facts: Facts) -> list[Step]:
    index = facts.system == "Linux" and not facts.own_source
    pip = (
        *(facts.venv_python, "-m", "pip", "install", "--disable-pip-version-check"),
        *(("--extra-index-url", CPU_INDEX) if index else ()),
        *("-c", "requirements.lock", "-e", ".[test]" if command == "test" else "."),
    )
    return [
        Step(write=(STAMP, UNFINISHED)),
        Step("Installing what Imbal Lab needs: a few minutes the first time", command=pip),
        Step(write=(SETTINGS, NO_NEWS)),
        Step(write=(STAMP, f"{command} {facts.place} {facts.pins}")),
    ]


def lab_steps(facts: Facts) -> list[Step]:
    where = "in your browser" if facts.screen else "at the address below"
    return [
        Step(command=(facts.venv_python, "-m", "imbal_lab.working_copy")),
        Step(
            f"Opening JupyterLab {where}; stop it with Ctrl-C. Your notebooks are in work/",
            command=(
                *(facts.venv_python, "-m", "jupyterlab", "--log-level=WARN"),
                *("--ServerApp.root_dir=work", f"--LabApp.default_url=/lab/tree/{START}"),
                *(() if facts.screen else ("--no-browser",)),
                *(("--allow-root",) if facts.root else ()),
            ),
        ),
    ]


def test_steps(facts: Facts, arguments: tuple[str, ...]) -> list[Step]:
    checks = (("ruff", "check"), ("ruff", "format", "--check"), ("mypy",))
    return [
        *system_steps(facts),
        *(
            Step(" ".join(check), command=(facts.venv_python, "-m", *check), go_on=True)
            for check in checks
        ),
        Step("pytest", command=(facts.venv_python, "-m", "pytest", *ALL_CORES, *arguments)),
    ]


def system_steps(facts: Facts) -> list[Step]:
    if not facts.missing:
        return []
    wanted = "".join(f"\n  {name}: {SYSTEM_PACKAGES[name]}" for name in facts.missing)
    install = ("apt-get", "install", "--yes", "--no-install-recommends", *facts.missing)
    if facts.apt and facts.root:
        return [
            Step(f"Installing these with apt-get, for the tests:{wanted}"),
            Step(command=("dpkg", "--configure", "-a")),  # an interrupted install blocks the next
            Step(command=("apt-get", "update")),
            Step(command=install),
        ]
    line = f"sudo {' '.join(install)}" if facts.apt else CHROMIUM_ELSEWHERE[facts.system]
    return [Step(f"Some tests are skipped without these:{wanted}\nTo install them: {line}")]


def look() -> Facts:
    """The facts of this machine."""
    system = platform.system()
    venv = ROOT / ".venv"
    python = venv / ("Scripts/python.exe" if system == "Windows" else "bin/python")
    works = python.exists() and output(str(python), "-c", "import pip; print('yes')") == "yes\n"
    base = getattr(sys, "_base_executable", sys.executable)
    settings = output(str(python) if works else base, "-m", "pip", "config", "list")
    options = {line.split("=")[0].split(".")[-1] for line in settings.splitlines()}
    apt = shutil.which("apt-get") is not None and shutil.which("dpkg-query") is not None
    stamp, version = ROOT / STAMP, sys.version_info[:2]
    return Facts(
        system=system,
        version=version,
        base_python=base,
        venv_python=str(python),
        free_gb=shutil.disk_usage(ROOT).free / 1e9,
        venv_works=works,
        stamp=stamp.read_text() if stamp.exists() else "",
        place=digest(str(ROOT).encode(), str(version).encode()),
        pins=digest(*((ROOT / name).read_bytes() for name in PINS)),
        own_source=bool(options & {"index-url", "extra-index-url", "find-links", "no-index"}),
        root=hasattr(os, "geteuid") and os.geteuid() == 0,
        apt=apt,
        missing=missing_packages(apt),
        screen=system != "Linux" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ)),
    )


def missing_packages(apt: bool) -> tuple[str, ...]:
    """Which of SYSTEM_PACKAGES are not there; off Debian only a browser can be had."""
    if not apt:
        return () if shutil.which("chromium") else ("chromium",)
    status = ("dpkg-query", "-W", "-f", "${db:Status-Status}")
    return tuple(name for name in SYSTEM_PACKAGES if output(*status, name) != "installed")


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def output(*command: str) -> str:
    """What a command prints; nothing when it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def perform(steps: list[Step]) -> int:
    """Do the steps in order; 0 when all went well, else the exit status of the last that failed."""
    failures = []
    for step in steps:
        if step.say:
            print(f"== {step.say}", flush=True)
        if step.write:
            path = ROOT / step.write[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.write[1])
        status = call(step.command) if step.command else 0
        if status:
            failures.append((status, " ".join((Path(step.command[0]).name, *step.command[1:]))))
        if status and not step.go_on:
            break
    for status, command in failures:
        print(f"== failed with exit status {status}: {command}", flush=True)
    return failures[-1][0] if failures else 0


def call(command: tuple[str, ...]) -> int:
    """Run a command to its end. Ctrl-C reaches it too, and it decides what that means."""
    process = subprocess.Popen(command)
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                pass
    finally:
        if process.poll() is None:  # we were told to stop, so it is too
            process.terminate()
            process.wait()


def main(arguments: list[str]) -> int:
    command, rest = (arguments or [""])[0], tuple(arguments[1:])
    if command not in ("lab", "test") or (command == "lab" and rest):
        print(__doc__)
        return 2
    os.chdir(ROOT)
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"  # apt-get asks nothing
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # torch's idle threads must not spin
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    facts = look()
    if refusal(facts):
        print(refusal(facts), file=sys.stderr)
        return 2
    steps = venv_steps(facts)
    status = perform(steps)
    if steps and not status:
        facts = look()  # now pip's settings can be asked for certain
    return status or perform(plan(command, facts, rest))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
