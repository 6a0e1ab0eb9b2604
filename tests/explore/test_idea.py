"""The drawing of an idea in a notebook: in its own size, with its words, and not while grading."""

import base64
import io

import pytest
from PIL import Image

from imbal_lab.explore import idea
from imbal_lab.figures.ideas import IDEAS


def test_it_is_shown_in_its_own_size_with_its_words():
    shown = idea("ropes")._repr_mimebundle_()
    png = Image.open(io.BytesIO(base64.b64decode(shown["image/png"])))
    inches = IDEAS["ropes"].draw().get_size_inches()[0]
    assert png.width == inches * 150
    assert f'style="width: {inches:g}in; max-width: 100%"' in shown["text/html"]
    assert shown["text/plain"] == IDEAS["ropes"].alt
    assert f'alt="{IDEAS["ropes"].alt[:20]}' in shown["text/html"]


def test_an_unknown_name_is_told_the_names_there_are():
    with pytest.raises(ValueError, match=r"name = 'rope': choose one of .*'ropes'"):
        idea("rope")


def test_while_grading_it_says_so_and_draws_nothing(monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert idea("ropes") is None
    assert "drawing" in capsys.readouterr().out
