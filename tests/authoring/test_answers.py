import functools

import pytest

from imbal_lab.authoring.answers import fill, lift, names_bound, names_wanted, wrong_stub

STUB = 'def scaled(rows, factor=2.0):\n    """Doc."""\n    ...'

LIFTED = """\
# Lengths first.
lengths = torch.linalg.vector_norm(rows, dim=1, keepdim=True)

kept: list[torch.Tensor] = []
for row in rows:
    kept.append(row)
return F.normalize(rows * factor / lengths, dim=1)  # the crux"""


def bare(rows):
    return rows


@functools.cache
def decorated(rows):
    """Doc."""
    return rows


def test_the_body_is_lifted_with_its_comments_and_without_its_docstring(reference):
    assert lift(reference) == LIFTED


@pytest.mark.parametrize("function", [bare, decorated])
def test_what_cannot_be_lifted_whole_is_refused(function):
    with pytest.raises(ValueError, match=f"{function.__name__}.*give it one and no decorator"):
        lift(function)


def test_the_body_replaces_the_dots():
    filled = fill(STUB, "# Why\nreturn rows")
    assert filled == 'def scaled(rows, factor=2.0):\n    """Doc."""\n    # Why\n    return rows'


def test_a_right_stub_may_have_annotations_and_its_own_docstring(reference):
    assert wrong_stub(STUB, reference) == ""
    annotated = STUB.replace("(rows, factor=2.0)", "(rows: Tensor, factor: float = 2.0) -> Tensor")
    assert wrong_stub(annotated, reference) == ""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("rows, factor=2.0", "grads, factor=2.0", "takes (grads, factor=2.0) but the reference"),
        ("rows, factor=2.0", "factor=2.0, rows=1", "takes (factor=2.0, rows=1) but"),
        ("factor=2.0", "factor=1.0", "takes (rows, factor=1.0) but"),
        ("rows, factor", "rows, *, factor", "takes (rows, *, factor=2.0) but"),
        ("def scaled", "def scale", "defines scale: call it scaled"),
        ("    ...", "    return rows", "not a bare stub"),
        ("    ...", "    ...\n    return rows", "not a bare stub"),
        ('    """Doc."""\n', "", "not a bare stub"),
        ('"""Doc."""\n    ...', '"""Doc."""; ...', "not a bare stub"),
        ("def scaled", "import torch\ndef scaled", "not a bare stub"),
        ("def scaled", "def def", "not a bare stub"),
    ],
)
def test_a_wrong_stub_is_told_what_is_wrong(reference, old, new, problem):
    assert old in STUB
    assert problem in wrong_stub(STUB.replace(old, new), reference)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("def f(x):\n    y = x + 1\n    return g(y)", {"g"}),
        ("def f(x: Tensor) -> Tensor:\n    return x", {"Tensor"}),
        ("def f(x, n=size):\n    return [h(a) for a in x if a > eps]", {"size", "h", "eps"}),
        ("def f(x):\n    return sum(map(lambda v: v * w, x))", {"w"}),
        ("import torch\ntorch.zeros(len([]))", set()),
        ("def f():\n    return helper()\ndef helper():\n    return 1", set()),
        ("check(answer, points=2)", {"check", "answer"}),
    ],
)
def test_names_that_code_leaves_to_others(code, wanted):
    assert names_wanted(code) == wanted


def test_names_that_code_defines():
    code = "import a.b\nfrom c import d as e\nf = g = 1\ndef h(i):\n    j = 1\nfor k in []: pass"
    assert names_bound(code) == {"a", "e", "f", "g", "h", "k"}
