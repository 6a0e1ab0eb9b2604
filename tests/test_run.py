"""run.py: its plan on faked machines, what it remembers between runs, and the lock it installs."""

import ast
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


@pytest.fixture
def run() -> ModuleType:
    """A fresh copy of run.py as a module, so that a test may change its globals."""
    spec = importlib.util.spec_from_file_location("run_py", ROOT / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def facts(run):
    """Debian as root, a fresh clone, nothing configured, all system packages there."""
    return run.Facts(
        system="Linux",
        version=(3, 11),
        base_python="python3",
        venv_python="VENV/python",
        free_gb=50.0,
        venv_works=False,
        stamp="",
        place="here",
        pins="pins",
        own_source=False,
        root=True,
        apt=True,
        missing=(),
        screen=False,
    )


def commands(steps) -> list[str]:
    return [" ".join(step.command) for step in steps if step.command]


PIP = "VENV/python -m pip install --disable-pip-version-check"
CPU = "--extra-index-url https://download.pytorch.org/whl/cpu"
LAB = (
    "VENV/python -m jupyterlab --log-level=WARN --ServerApp.root_dir=work "
    "--LabApp.default_url=/lab/tree/00_start_here/00_start_here.ipynb"
)
SUITE = [
    "VENV/python -m ruff check",
    "VENV/python -m ruff format --check",
    "VENV/python -m mypy",
    "VENV/python -m pytest -n auto --dist loadfile",
]


# -- the plan --------------------------------------------------------------------------------


def test_lab_on_a_fresh_debian_as_root(run, facts):
    assert commands(run.venv_steps(facts)) == ["python3 -m venv --clear .venv"]
    assert commands(run.plan("lab", facts)) == [
        f"{PIP} {CPU} -c requirements.lock -e .",
        "VENV/python -m imbal_lab.working_copy",
        f"{LAB} --no-browser --allow-root",
    ]


@pytest.mark.parametrize(
    ("system", "apt", "index"),
    [
        ("Linux", True, f" {CPU}"),
        ("Linux", False, f" {CPU}"),
        ("Darwin", False, ""),
        ("Windows", False, ""),
    ],
)
def test_lab_on_a_desktop(run, facts, system, apt, index):
    desktop = facts._replace(system=system, root=False, apt=apt, screen=True)
    assert commands(run.plan("lab", desktop)) == [
        f"{PIP}{index} -c requirements.lock -e .",
        "VENV/python -m imbal_lab.working_copy",
        LAB,
    ]


def test_a_sites_own_package_source_wins(run, facts):
    first = commands(run.plan("lab", facts._replace(own_source=True)))[0]
    assert first == f"{PIP} -c requirements.lock -e ."


def test_test_on_debian_as_root_installs_what_is_missing_first(run, facts):
    steps = run.plan("test", facts._replace(missing=("chromium",)), ("-k", "profiles"))
    assert commands(steps) == [
        f"{PIP} {CPU} -c requirements.lock -e .[test]",
        "dpkg --configure -a",
        "apt-get update",
        "apt-get install --yes --no-install-recommends chromium",
        *SUITE[:3],
        "VENV/python -m pytest -n auto --dist loadfile -k profiles",
    ]
    said = "\n".join(step.say for step in steps)
    assert f"chromium: {run.SYSTEM_PACKAGES['chromium']}" in said
    assert "dataset-fashion-mnist" not in said
    apt = [step for step in steps if step.command[:1] in (("dpkg",), ("apt-get",))]
    assert not any(step.go_on for step in apt)  # a package that cannot be had is a failure


@pytest.mark.parametrize(
    ("system", "apt", "line"),
    [
        ("Linux", True, "sudo apt-get install --yes --no-install-recommends chromium"),
        ("Linux", False, "sudo dnf install chromium"),
        ("Darwin", False, "brew install --cask chromium"),
        ("Windows", False, "winget install Hibbiki.Chromium"),
    ],
)
def test_test_elsewhere_prints_the_line_to_run(run, facts, system, apt, line):
    user = facts._replace(system=system, root=False, apt=apt, missing=("chromium",))
    steps = run.plan("test", user)
    assert commands(steps)[1:] == SUITE
    assert any(line in step.say for step in steps)


def test_every_check_runs_and_pytest_is_the_last(run, facts):
    *checks, pytest_step = run.plan("test", facts)[-4:]
    assert all(check.go_on for check in checks)
    assert pytest_step.command[2] == "pytest"


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(2, 7), (3, 8), (3, 10), (3, 14), (4, 0)])
def test_an_unsupported_python_is_refused(run, facts, version):
    line = run.refusal(facts._replace(version=version))
    assert f"this is {version[0]}.{version[1]} (python3)" in line
    assert "3.11, 3.12 or 3.13" in line


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_a_supported_python_is_not_refused(run, facts, version):
    assert run.refusal(facts._replace(version=version)) == ""


def test_supported_pythons_are_those_of_the_package(run, facts):
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    supported = Requirement(f"python{pyproject['project']['requires-python']}").specifier
    for minor in range(8, 20):
        refused = run.refusal(facts._replace(version=(3, minor))) != ""
        assert refused == (f"3.{minor}" not in supported)


def test_an_old_python_gets_far_enough_to_refuse():
    ast.parse((ROOT / "run.py").read_text(), feature_version=(3, 7))


def test_a_full_disk_is_refused_only_where_something_must_be_installed(run, facts):
    full = facts._replace(free_gb=0.4)
    assert f"needs {run.NEEDED_GB:g} GB" in run.refusal(full)
    assert "has 0.4 GB" in run.refusal(full)
    assert run.refusal(full._replace(venv_works=True, stamp="lab here pins")) == ""


@pytest.mark.parametrize("arguments", [[], ["tests"], ["--help"], ["lab", "extra"]])
def test_an_unknown_command_prints_the_usage(run, capsys, arguments):
    assert run.main(arguments) == 2
    assert "python run.py test [arguments]" in capsys.readouterr().out


# -- what it remembers between runs ----------------------------------------------------------


class Machine:
    """run.py in an empty folder, with commands that only pretend."""

    def __init__(self, run: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch):
        self.run, self.root = run, root
        self.ran: list[str] = []
        self.killed_at = ""
        for name in run.PINS:
            (root / name).write_text("1")
        monkeypatch.setattr(run, "ROOT", root)
        monkeypatch.setattr(run, "call", self.call)
        monkeypatch.setattr(run, "output", self.output)
        monkeypatch.setattr(run.signal, "signal", lambda *_: None)
        monkeypatch.chdir(root)

    def call(self, command: tuple[str, ...]) -> int:
        name = command[2] if command[1] == "-m" else command[0]
        self.ran.append(name)
        if name == "venv":
            shutil.rmtree(self.root / ".venv", ignore_errors=True)
            for folder in ("bin", "Scripts"):
                (self.root / ".venv" / folder).mkdir(parents=True)
                (self.root / ".venv" / folder / "python").touch()
                (self.root / ".venv" / folder / "python.exe").touch()
        if name == self.killed_at:
            raise KeyboardInterrupt
        return 0

    def output(self, *command: str) -> str:
        return {"-c": "yes\n", "-W": "installed"}.get(command[1], "")

    def __call__(self, command: str) -> list[str]:
        """What was made or installed by `python run.py <command>`."""
        self.ran.clear()
        try:
            assert self.run.main([command]) == 0
        except KeyboardInterrupt:
            assert self.killed_at
        return [name for name in self.ran if name in ("venv", "pip")]


@pytest.fixture
def machine(run, tmp_path, monkeypatch) -> Machine:
    return Machine(run, tmp_path, monkeypatch)


def test_a_second_run_installs_nothing(machine):
    assert machine("lab") == ["venv", "pip"]
    assert machine("lab") == []
    assert machine.ran == ["imbal_lab.working_copy", "jupyterlab"]


def test_test_adds_to_lab_and_includes_it(machine):
    machine("lab")
    assert machine("test") == ["pip"]
    assert machine("test") == machine("lab") == []


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.lock"])
def test_a_changed_pin_is_installed_into_the_same_environment(machine, name):
    machine("lab")
    (machine.root / name).write_text("2")
    assert machine("lab") == ["pip"]
    assert machine("lab") == []


@pytest.mark.parametrize("killed_at", ["venv", "pip"])
def test_an_interrupted_install_is_repaired(machine, killed_at):
    machine.killed_at = killed_at
    machine("lab")
    machine.killed_at = ""
    assert "pip" in machine("lab")
    assert ("venv" in machine.ran) == (killed_at == "pip")
    assert machine("lab") == []


def test_an_interrupted_update_is_repaired_too(machine):
    machine("lab")
    (machine.root / "requirements.lock").write_text("2")
    machine.killed_at = "pip"
    machine("lab")
    machine.killed_at = ""
    assert machine("lab") == ["venv", "pip"]


def test_an_environment_without_a_working_python_is_made_anew(machine):
    machine("lab")
    for folder in ("bin", "Scripts"):
        shutil.rmtree(machine.root / ".venv" / folder)
    assert machine("lab") == ["venv", "pip"]


def test_an_environment_of_another_python_or_folder_is_made_anew(machine):
    machine("lab")
    stamp = machine.root / machine.run.STAMP
    name, _, pins = stamp.read_text().split()
    stamp.write_text(f"{name} elsewhere {pins}")
    assert machine("lab") == ["venv", "pip"]


def test_someones_own_environment_is_kept(machine):
    machine.call(("python", "-m", "venv"))
    assert machine("lab") == ["pip"]


def test_a_failed_install_opens_nothing_and_is_not_remembered(machine, monkeypatch):
    monkeypatch.setattr(machine.run, "call", lambda command: 3 * ("pip" in command))
    machine.call(("python", "-m", "venv"))
    assert machine.run.main(["lab"]) == 3
    assert (machine.root / machine.run.STAMP).read_text() == machine.run.UNFINISHED


def test_the_news_pop_up_is_off(machine):
    machine("lab")
    settings = machine.root / ".venv/share/jupyter/lab/settings/overrides.json"
    assert '"fetchNews": "false"' in settings.read_text()


@pytest.mark.parametrize(
    ("settings", "own"),
    [
        ("", False),
        ("global.cert='/certificates'\n:env:.timeout='9'\n", False),
        ("global.index-url='https://example.org/simple'\n", True),
        ("install.extra-index-url='https://example.org/a=b'\n", True),
        (":env:.find-links='wheels'\n", True),
        (":env:.no-index='1'\n", True),
    ],
)
def test_pips_settings_are_read(run, monkeypatch, settings, own):
    monkeypatch.setattr(run, "output", lambda *command: settings if "config" in command else "")
    assert run.look().own_source is own


def test_steps_after_a_failure(run, monkeypatch, capfd):
    def python(code: str, **options):
        return run.Step(command=(sys.executable, "-c", code), **options)

    say = "print('{}', flush=True)"
    steps = [python("exit(2)", go_on=True), python(say.format("second")), python("exit(3)")]
    assert run.perform([*steps, python(say.format("never"))]) == 3
    said = capfd.readouterr().out
    assert "second" in said
    assert "\nnever" not in said
    assert "failed with exit status 2" in said
    assert "failed with exit status 3" in said
    assert run.perform(steps[:2]) == 2  # a failed lint is not forgotten when the tests pass


# -- the lock --------------------------------------------------------------------------------


def pins(**environment: str) -> dict[str, Requirement]:
    """The lock's pins that hold in an environment, this one where nothing else is said."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    found: dict[str, Requirement] = {}
    for line in lines:
        if line.startswith("#"):
            continue
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate(environment):
            assert pin.name not in found, f"{pin.name} is pinned twice"
            found[pin.name] = pin
    return found


def installed(name: str, extras: frozenset[str], seen: set) -> Iterator[str]:
    """All that `name[extras]` depends on here, but for the CUDA packages torch itself pins."""
    if (name, extras) in seen:
        return
    seen.add((name, extras))
    for line in importlib.metadata.requires(name) or ():
        need = Requirement(line)
        child = canonicalize_name(need.name)
        wanted = need.marker is None or any(
            need.marker.evaluate({"extra": extra}) for extra in extras | {""}
        )
        if wanted and not child.startswith(("cuda-", "nvidia-", "triton")):
            yield child
            yield from installed(child, frozenset(need.extras), seen)


def test_everything_installed_is_pinned_at_its_version():
    lock = pins()
    names = sorted(set(installed("imbal-lab", frozenset({"test"}), set())) - {"imbal-lab"})
    assert {"torch", "jupyterlab", "numpy", "pytest"} < set(names)
    missing = [name for name in names if name not in lock]
    assert missing == [], "not in requirements.lock"
    versions = {name: importlib.metadata.version(name) for name in names}
    differing = {n: v for n, v in versions.items() if not lock[n].specifier.contains(v)}
    assert differing == {}, "installed with another version than requirements.lock has"


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_every_requirement_has_one_exact_pin_within_its_range(python, system):
    lock = pins(python_version=python, python_full_version=f"{python}.0", sys_platform=system)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    own = "imbal-lab[cluster,real]"  # the tests need those extras as well
    assert own in extras["test"]
    for line in {*project["dependencies"], *chain(*extras.values())} - {own}:
        need = Requirement(line)
        (pin,) = lock[canonicalize_name(need.name)].specifier
        assert pin.operator == "=="
        assert need.specifier.contains(pin.version), line
    platform_only = {"linux": set(), "darwin": {"appnope"}, "win32": {"colorama", "pywinpty"}}
    assert lock.keys() & {"appnope", "colorama", "pywinpty"} == platform_only[system]


# -- continuous integration ------------------------------------------------------------------


def test_ci_runs_the_same_command_and_forbids_skips():
    script = ROOT / ".ci" / "run"
    assert 'exec "$python" run.py test\n' in script.read_text()
    assert "export CI=true\n" in script.read_text()
    listed = subprocess.run(
        ["git", "ls-files", "--stage", ".ci/run"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    assert listed.startswith("100755") or os.access(script, os.X_OK)


SKIPPING = """
import pytest
def test_that_runs(): pass
@pytest.mark.skip(reason="no browser")
def test_with_a_browser(): pass
@pytest.mark.parametrize("n", [1, 2])
def test_allowed(n): pytest.skip("known")
"""


@pytest.mark.parametrize("strict", ["true", ""])
def test_an_unexpected_skip_is_red_in_ci_only(tmp_path, strict):
    conftest = (ROOT / "tests" / "conftest.py").read_text()
    allow = '\nALLOWED_SKIPS["test_skipping.py::test_allowed"] = "the machine cannot"\n'
    (tmp_path / "conftest.py").write_text(conftest + allow)
    (tmp_path / "test_skipping.py").write_text(SKIPPING)
    environment = {**os.environ, "CI": strict}
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir=.", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == (1 if strict else 0), done.stdout
    named = "does not allow: test_skipping.py::test_with_a_browser: Skipped: no browser"
    assert (named in done.stdout) == bool(strict)
    assert "test_allowed" not in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 passed, 3 skipped in ")
