"""The acceptance cell: the claim over seeds with the learner's functions."""

import base64
import io

import pytest
from PIL import Image

from imbal_lab.acceptance import CLAIMS
from imbal_lab.explore import acceptance


@pytest.fixture(autouse=True)
def two_seeds(monkeypatch):
    whole = CLAIMS["minority_initial_drop"]

    def short(step=None, gradients=None):
        return whole(step, gradients=gradients, seeds=(0, 4), steps=12)

    monkeypatch.setitem(CLAIMS, "minority_initial_drop", short)


def own_step(params, grads, lr):
    return params - lr * (grads / grads.norm(dim=1, keepdim=True)).sum(0)


def not_written(params, grads, lr):
    raise NotImplementedError


def test_it_shows_the_table_and_a_picture():
    shown = acceptance("minority_initial_drop", step=own_step)
    assert shown.result.gd.rise.min() > 0.05
    assert shown.result.own.rise.max() == 0
    bundle = shown._repr_mimebundle_()
    assert bundle["text/plain"].startswith(str(shown.result))
    assert "gradient descent" in bundle["text/html"]
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).width == 900


def test_the_own_step_decides():
    def gd_in_disguise(params, grads, lr):
        return params - lr * grads.sum(0)

    shown = acceptance("minority_initial_drop", step=gd_in_disguise)
    assert shown.result.own.rise.max() > 0
    *_, seen, why, advice = repr(shown).splitlines()
    assert seen.startswith("✗ not shown that")
    assert why.startswith("Why: ")
    assert advice.startswith("Try: ")


def test_unwritten_code_is_three_lines():
    shown = acceptance("minority_initial_drop", step=not_written)
    assert shown.result is None
    assert repr(shown).startswith("○ not started: not_written")
    assert repr(shown).count("\n") == 2
    assert set(shown._repr_mimebundle_()) == {"text/plain"}


@pytest.mark.parametrize("mode", ["autograde", "validate"])
def test_while_grading_it_prints_one_line(monkeypatch, capsys, mode):
    monkeypatch.setenv("NBGRADER_EXECUTION", mode)
    assert acceptance("minority_initial_drop", step=not_written) is None
    assert capsys.readouterr().out.count("\n") == 1


def test_an_unknown_claim_is_refused():
    with pytest.raises(ValueError, match="minority_initial_drop"):
        acceptance("majority")


def test_a_function_without_a_place_is_refused():
    with pytest.raises(ValueError, match="loss: minority_initial_drop takes step, gradients"):
        acceptance("minority_initial_drop", loss=own_step)
    with pytest.raises(ValueError, match="step = 3: give your function"):
        acceptance("minority_initial_drop", step=3)
