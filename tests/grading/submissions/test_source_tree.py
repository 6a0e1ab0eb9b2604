"""Sources as syntax trees: IPython's syntax, and texts that were made to hurt a parser."""

import ast

import pytest

from imbal_lab.grading.submissions.source_tree import (
    TooInvolvedError,
    additions,
    bound_names,
    checks_only,
    parse,
    try_parse,
    without_checks,
)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(x):\n    inner = 1\n    return inner", {"f"}),
        ("async def g(): pass\nclass K: x = 1", {"g", "K"}),
        ("h = k = lambda x: x\na, (b, *c) = 1, (2, 3)", {"h", "k", "a", "b", "c"}),
        ("import torch.nn as nn, os.path\nfrom math import pi as p", {"nn", "os", "p"}),
        ("if True:\n    def f(): pass\nelse:\n    y: int = 3", {"f", "y"}),
        ("%matplotlib inline\nx = 1\n!ls", {"x"}),
        ("await something()\nz = 1", {"z"}),
        ("'\\d'; w = 1", {"w"}),  # a warning of the parser, which is not ours
        ("def broken(", set()),
    ],
)
def test_what_a_cell_defines(source, names):
    assert bound_names(source) == names


@pytest.mark.parametrize("source", ["def f(:", "x = (", "x\0 = 1", "?!?", "%%\nx", "\ud800"])
def test_no_python_is_a_syntax_error_or_nothing_worse(source):
    try:
        parse(source)
    except SyntaxError:
        assert try_parse(source) is None


@pytest.mark.parametrize(
    "source",
    [
        "-" * 50_000 + "1",
        "a" + ".a" * 30_000,
        "1" + "+1" * 30_000,
        "!ls\n" * 90,
    ],
)
def test_what_is_too_involved_is_said_to_be(source):
    with pytest.raises(TooInvolvedError):
        parse(source)
    assert try_parse(source) is None


def test_checks_become_comments_and_nothing_else_does():
    source = (
        'def f(x):\n    check("f")\n    return "check(1)"\n'
        'check("f", points=2)\ncheck(\n    "g",\n)\nx = 1; check("f")\ncheck("f"); y = 2'
    )
    expected = (
        'def f(x):\n    check("f")\n    return "check(1)"\n'
        '# check("f", points=2)\n# check(\n#     "g",\n# )\nx = 1; check("f")\ncheck("f"); y = 2'
    )
    assert without_checks(source) == expected
    assert without_checks("check(") == "check("


def test_checks_below_a_magic_are_found_where_they_stand():
    source = '%matplotlib inline\ndef f(x):\n    return x\ncheck("f")'
    assert without_checks(source) == source.replace("check", "# check")


def test_honest_magics_in_a_long_cell_are_no_burden():
    source = "%matplotlib inline\n!nvidia-smi\n" + "x = 1  # why?\n" * 700
    assert bound_names(source) == {"x"}


@pytest.mark.parametrize(
    ("source", "exercises"),
    [
        ('check("f", points=2)', {"f"}),
        ('check("f")\n# twice\ncheck("g")', {"f", "g"}),
        ('check("f")\nprint(1)', set()),
        ('other("f")', set()),
        ("check(f)", set()),
        ("check(", set()),
    ],
)
def test_a_cell_that_only_checks(source, exercises):
    assert checks_only(source) == exercises


def test_additions_are_the_statements_with_new_names():
    released = "import torch\nbase = 2\nprint(base)"
    edited = "import torch, math\nbase = 50\nprint('mine')\ndef mine(x):\n    return x * base"
    added = additions(edited, released)
    assert [type(s) for s in ast.parse(added).body] == [ast.Import, ast.FunctionDef]
    assert additions(released, released) == ""
    assert additions("def broken(", released) == ""
