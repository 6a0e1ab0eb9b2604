"""Idea cells: a drawing with its words, and one line where nobody looks."""

import base64
import io

import pytest
from matplotlib.figure import Figure
from PIL import Image

from imbal_lab.explore import idea
from imbal_lab.figures.ideas import IDEAS, Idea


@pytest.fixture(autouse=True)
def ropes(monkeypatch):
    monkeypatch.setitem(
        IDEAS, "ropes", Idea(lambda: Figure(figsize=(4, 2)), "Two ropes, <one> long.")
    )


def test_it_shows_the_drawing_and_its_words():
    shown = idea("ropes")
    bundle = shown._repr_mimebundle_()
    assert repr(shown) == bundle["text/plain"] == "Two ropes, <one> long."
    assert 'alt="Two ropes, &lt;one&gt; long."' in bundle["text/html"]
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).size == (600, 300)


def test_while_grading_it_prints_one_line(monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert idea("ropes") is None
    assert capsys.readouterr().out.count("\n") == 1


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"name = 'rope': choose one of .*'ropes'"):
        idea("rope")
