"""Flags: what a person should look at is found, honest code is left alone, nothing is run."""

import json
from pathlib import Path

import jupytext
import pytest

from imbal_lab import exercises
from imbal_lab.grading.flagging.flags import MOST_FLAGS, flags
from imbal_lab.grading.submissions.planned import PlannedCell
from imbal_lab.grading.submissions.repair import repair

ROOT = Path(__file__).parents[3]
EVERY = tuple(exercises.get(name) for name in exercises.names())


def code(source, exercise=None):
    return PlannedCell("code", source, None, exercise, "own-1")


def found(*sources):
    return flags([code(source) for source in sources], EVERY)


def test_honest_notebooks_have_none():
    for path in [*ROOT.glob("notebooks/*/*.ipynb"), *ROOT.glob("tests/lessons/learners/*.ipynb")]:
        notebook = json.loads(path.read_text("utf-8"))
        assert flags(repair(path.read_bytes(), notebook).cells, EVERY) == ()


def test_lesson_sources_with_their_reference_answers_have_none():
    paths = [*ROOT.glob("solutions/*.py"), *ROOT.glob("imbal_lab/methods/p*.py")]
    assert len(paths) > 4
    for path in paths:
        notebook = jupytext.reads(path.read_text("utf-8"), fmt="py:percent")
        sources = [c.source for c in notebook.cells if c.cell_type == "code"]
        if "methods" in path.parts:  # as an answer cell would hold it: without relative imports
            sources = ["\n".join(s for s in sources[0].split("\n") if "imbal_lab" not in s)]
        assert sources
        assert found(*sources) == ()


def test_right_and_wrong_answers_of_many_styles_have_none():
    paths = list(ROOT.glob("tests/exercises/answers/*_*.py"))
    functions = 0
    for path in paths:
        source = path.read_text("utf-8")
        functions += source.count("\ndef ")
        assert found(source) == ()
    assert functions > 100


@pytest.mark.parametrize(
    "source",
    [
        "model.eval()\nmodel.compile()\nnet = torch.compile(net)",
        "import torch\ntorch.manual_seed(0)\ntorch.set_default_dtype(torch.float64)",
        "import torch\ntorch.backends.cudnn.deterministic = True",
        "from imbal_lab import data, models\ndigits = data.load('digits38')\ndigits.rho = 3",
        "from imbal_lab import data\ndef f(data):\n    data.x = 1",
        "import torch\nclass torch:\n    x = 1\ntorch.y = 2",
        "import torch\nfor torch in []:\n    torch.x = 1",
        "import os\nprint(os.cpu_count(), os.environ.get('HOME'))",
        "import sys\nprint(sys.version)\nsys.setrecursionlimit(3000)",
        "import gc\ngc.collect()",
        "import re\nre.compile('a')\nfrom re import compile\ncompile('b')",
        "%matplotlib inline\n%timeit -n 1 f(1)\nf?",
        "%%time\nx = 1",
        "getattr(torch, 'float64')\nsetattr(model, 'weight', 3)",
        '"""As in imbal_lab.methods, or os.fork; see /proc."""\n# import socket',
        "import importlib\nimportlib.reload(mine)",
        "socket = 3\nsubprocess = socket\nmethods = {'pcngd': 1}\nmethods.get('pcngd')",
        "exec = print\nexec('hello')",
        "def broken(:\n    import socket",
        "open('figure.png', 'wb')",
        "from torch import optim\nopt = optim.SGD(net.parameters(), lr=0.1)",
    ],
)
def test_honest_code_has_none(source):
    assert found(source) == ()


@pytest.mark.parametrize(
    ("source", "line", "why"),
    [
        ("x = 1\nfrom imbal_lab import methods", 2, "answers: imbal_lab.methods"),
        ("import imbal_lab.methods.pcngd as p", 1, "answers: imbal_lab.methods"),
        ("import imbal_lab\nimbal_lab.exercises.get('x')", 2, "answers: imbal_lab.exercises"),
        ("from imbal_lab.gradients import *", 1, "answers: imbal_lab.gradients"),
        ("def f():\n    import imbal_lab as i\n    return i.training", 3, "answers"),
        ("def f(x):\n    return lab.claims\nimport imbal_lab as lab", 2, "answers"),
        ("import importlib\nimportlib.import_module('imbal_lab.methods')", 2, "answers"),
        ("from importlib import import_module as i\ni('imbal_' + f'lab.methods')", 2, "answers"),
        ("import importlib\nname = str(1)\nimportlib.import_module(name)", 3, "put together"),
        ("__import__('imbal_lab.instruments')", 1, "answers"),
        ("import imbal_lab as a\ngetattr(a, 'met' + 'hods')", 2, "answers"),
        ("import imbal_lab as a\nb = a\n(c := b).methods", 3, "answers"),
        ("import imbal_lab as a\nvars(a)['methods']\n", 2, "answers"),
        ("import imbal_lab as a\na.__dict__['methods']", 2, "answers"),
        ("import sys\nsys.modules['imbal_lab.methods']", 2, "answers: imbal_lab.methods"),
        ("import imbal_lab.grading.grade", 1, "the grader"),
        ("exec('x = 1')", 1, "put together"),
        ("f = eval\nf('1')", 1, "put together"),
        ("import builtins as b\nb.eval('1')", 2, "put together"),
        ("__builtins__.exec('1')", 1, "interpreter"),
        ("import ctypes", 1, "native code"),
        ("from gc import get_objects as g\ng()", 2, "interpreter"),
        ("import sys\nsys._getframe(1).f_globals", 2, "interpreter: f_globals"),
        ("import inspect\ninspect.stack()", 2, "interpreter: inspect.stack"),
        ("().__class__.__base__.__subclasses__()", 1, "interpreter: __subclasses__"),
        ("check.__globals__['find']", 1, "interpreter: __globals__"),
        ("open('/proc/self/maps')", 1, "running programs"),
        ("from pathlib import Path\nPath('/proc' + '/1/environ').read_text()", 2, "programs"),
        ("import os\nif os.fork():\n    pass", 2, "another program: os.fork"),
        ("from os import system as s", 1, "another program: os.system"),
        ("import subprocess as sp", 1, "another program: subprocess"),
        ("import socket", 1, "network connection: socket"),
        ("from urllib import request", 1, "network connection: urllib.request"),
        ("!ls", 1, "another program"),
        ("files = !ls", 1, "another program"),
        ("x = 1\n%sx ls", 2, "another program"),
        ("%%bash\nls", 1, "another program"),
        ("%%time\nx = 1\nimport socket", 3, "network connection: socket"),
        ("import torch\ntorch.allclose = lambda *a, **k: True", 2, "changes the library"),
        ("import torch as t\nt.Tensor.__eq__ = max", 2, "changes the library"),
        ("from torch import Tensor\ndel Tensor.norm", 2, "Python itself: torch.Tensor.norm"),
        ("import torch.nn as nn\nnn.Linear.forward += 1", 2, "changes the library"),
        ("import torch\nsetattr(torch, 'allclose', max)", 2, "Python itself: torch.allclose"),
        ("import torch\nsetattr(torch, str(1), max)", 2, "changes the library"),
        ("import torch\nvars(torch)['allclose'] = max", 2, "changes the library"),
        ("from imbal_lab import checks\nchecks.judge = max", 2, "changes the library"),
        ("import builtins\nbuiltins.print = max", 2, "changes the library"),
        ("from unittest import mock", 1, "changes the library"),
        ("get_ipython().events.register('pre_run_cell', f)", 1, "interpreter"),
        ("ip = get_ipython()\nip.system('ls')", 2, "another program"),
    ],
)
def test_what_a_person_should_see(source, line, why):
    seen = found(source)
    text = source.split("\n")[line - 1].strip()
    assert any(flag.line == text and why in flag.why for flag in seen), seen
    assert {flag.exercise for flag in seen} == {None}


def test_names_are_followed_from_cell_to_cell():
    (flag,) = flags([code("import imbal_lab as a"), code("a.methods", "pcngd_step")], EVERY)
    assert (flag.exercise, flag.line) == ("pcngd_step", "a.methods")


def test_only_students_code_is_looked_at():
    cells = [PlannedCell(kind, "import socket", None, None, "x") for kind in ("markdown", "check")]
    assert flags(cells, EVERY) == ()


def strict(**changes):
    return type("Strict", (), {"id": "pcngd_step", "forbidden": ("torch.optim",), **changes})()


@pytest.mark.parametrize(
    ("own", "answer", "lines"),
    [
        ("", "import torch.optim as o\no.SGD(1)", ["import torch.optim as o", "o.SGD(1)"]),
        ("from torch import optim", "optim.SGD(1)", ["from torch import optim", "optim.SGD(1)"]),
        ("import torch\ndef f(): return torch.optim.SGD", "g = f", 1),
        ("import torch\ndef h(): return torch.optim.SGD\ndef f(): return h()", "g = f", 1),
        ("import torch\ndef f(): return torch.optim.SGD", "g = 1", 0),
        ("import torch\ntorch.optim.SGD(1)", "import torch\ntorch.optimum", 0),
    ],
)
def test_what_an_exercise_forbids_where_its_answer_uses_it(own, answer, lines):
    cells = [code(own), code(answer, "pcngd_step"), code("torch.optim", "unit_directions")]
    seen = flags(cells, [strict()])
    assert all("the task asks to do without it: torch.optim" in flag.why for flag in seen)
    assert lines in ([flag.line for flag in seen], len(seen))
    assert flags(cells, [strict(forbidden=())]) == ()


@pytest.mark.parametrize(
    "source",
    ["a" + ".a" * 30_000, "!ls\n" * 1000, "%%time\n" * 300 + "1", "f" + "(f" * 180 + ")" * 180],
)
def test_what_is_too_involved_is_flagged_or_harmless(source):
    assert len(found("x = 1\n" + source)) <= 1


def test_a_cell_that_cannot_be_looked_through_says_so():
    (flag,) = found("x = 1\na" + ".a" * 30_000)
    assert (flag.line, "too involved" in flag.why) == ("x = 1", True)


def test_the_line_is_fit_for_a_terminal_and_flags_come_to_an_end():
    (flag,) = found("import socket  # \x1b[31m" + "x" * 5000)
    assert flag.line.isprintable()
    assert len(flag.line) <= 200
    assert len(found("\n".join(f"import socket as s{k}" for k in range(500)))) == MOST_FLAGS


def test_nothing_is_run(tmp_path):
    trace = tmp_path / "trace"
    found(f"open({str(trace)!r}, 'w')\n!touch {trace}\n%%time\nopen({str(trace)!r}, 'w')")
    assert not trace.exists()
