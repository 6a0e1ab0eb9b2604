"""The rooms of the package and what may know what."""

import ast
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "imbal_lab"

# What each room may import of the others; the arrows of the plan, and no more.
MAY_KNOW = {
    "data": set(),
    "models": set(),
    "checks": {"exercises"},  # one late look-up by id; without them a check says so
    "gradients": set(),
    "methods": {"gradients"},
    "instruments": {"data", "methods", "gradients"},
    "training": {"data", "models", "methods", "instruments"},
    "figures": {"instruments"},
    "acceptance": {"data", "models", "methods", "instruments", "training", "figures", "checks"},
    "claims": {"data", "models", "methods", "instruments", "training", "figures"},
    "exercises": {"checks", "methods", "models", "data"},
    "explore": {
        "acceptance",
        "checks",
        "data",
        "figures",
        "gradients",
        "instruments",
        "methods",
        "models",
        "training",
    },
    "grading": {"checks", "exercises", "figures", "sandbox", "student_process"},
    "authoring": {"checks", "exercises"},
    "sandbox": set(),
    "student_process": {"checks", "data", "models", "sandbox"},
}


def rooms_known(room: str) -> set[str]:
    """Every room that a module in ``room`` imports, at its top or inside a function."""
    known = set()
    for path in (PACKAGE / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            parts = (name.split(".") for name in names if name.startswith("imbal_lab."))
            known |= {part[1] for part in parts if part[1] in MAY_KNOW}
    return known - {room}


def test_every_room_has_its_rule():
    rooms = {p.parent.name for p in PACKAGE.glob("*/*.py")}
    assert rooms == set(MAY_KNOW)


@pytest.mark.parametrize("room", MAY_KNOW)
def test_arrows_run_one_way(room):
    assert rooms_known(room) <= MAY_KNOW[room]


def loaded_by(statement: str, blocked: str = "") -> set[str]:
    """The modules that a fresh Python has loaded after ``statement``."""
    code = f"""
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.startswith({tuple(blocked.split())!r}):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked())
{statement}
print(*sys.modules)
"""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        check=False,
        cwd=tempfile.gettempdir(),
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.splitlines()[-1].split())


def test_the_package_itself_is_light():
    assert not loaded_by("import imbal_lab") & {"torch", "matplotlib", "ipywidgets", "IPython"}


def test_methods_and_training_need_no_plotting_and_no_notebook():
    heavy = {"matplotlib", "ipywidgets", "IPython", "nbformat"}
    assert not loaded_by("import imbal_lab.training") & heavy


ANSWERS = "imbal_lab.gradients imbal_lab.methods imbal_lab.exercises"


@pytest.mark.parametrize(
    "statement",
    [
        "from imbal_lab import data; data.load('gauss2d', rho=10)",
        "from imbal_lab import models; models.mlp([2, 3], seed=0)",
        "from imbal_lab.explore import acceptance, explore, predict, quiz\n"
        "assert explore() is None\n"
        "assert acceptance('minority_initial_drop') is None\n"
        "predict('?', ['a', 'b'], id='p', choice=1)\n"
        "quiz('?', {'a': 'yes', 'b': 'no'}, right='a', id='q', choice=1)",
        "from imbal_lab.checks import check",
    ],
)
def test_a_students_process_has_no_answers(statement):
    """What released notebooks import works with methods and exercises taken away."""
    assert not any(
        name.startswith(tuple(ANSWERS.split())) for name in loaded_by(statement, ANSWERS)
    )
