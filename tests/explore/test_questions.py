"""Predictions and quizzes: kept beside the notebook, a reply for every choice, no front end."""

import json

import pytest

from imbal_lab.explore import answers, predict, prediction, quiz

REPLIES = {"up": "Because ...", "down": "That mixes up loss and recall."}


def test_a_prediction_is_kept_in_a_file_beside_the_notebook(tmp_path, monkeypatch):
    asked = predict("Where to?", ["up", "down"], id="way")
    assert prediction("way") is None
    asked.radio.value = "down"
    assert prediction("way") is None  # not yet decided
    asked.button.click()
    assert prediction("way") == "down"
    assert json.loads((tmp_path / ".imbal_lab_answers.json").read_text()) == {"way": "down"}
    monkeypatch.setattr(answers, "_here", {})  # a new kernel
    assert predict("Where to?", ["up", "down"], id="way").radio.value == "down"


def test_nothing_is_chosen_at_first_and_deciding_needs_a_choice():
    asked = predict("Where to?", ["up", "down"], id="way")
    assert asked.radio.value is None
    asked.button.click()
    assert prediction("way") is None
    assert "Choose one first" in asked.text.value


def test_two_questions_share_the_file():
    predict("A?", ["up", "down"], id="a", choice=1)
    quiz("B?", REPLIES, right="up", id="b", choice=2)
    assert (prediction("a"), prediction("b")) == ("up", "down")


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(answers, "FILE", tmp_path / "absent" / "answers.json")
    predict("Where to?", ["up", "down"], id="way", choice=2)
    assert prediction("way") == "down"


@pytest.mark.parametrize("broken", ["{", "[1]", ""])
def test_a_broken_file_is_written_anew(tmp_path, broken):
    (tmp_path / ".imbal_lab_answers.json").write_text(broken)
    predict("Where to?", ["up", "down"], id="way", choice=2)
    assert json.loads((tmp_path / ".imbal_lab_answers.json").read_text()) == {"way": "down"}


def test_each_quiz_choice_has_its_reply():
    asked = quiz("Where to?", REPLIES, right="up", id="q")
    for choice, mark in [("down", "✗"), ("up", "✓")]:
        asked.radio.value = choice
        asked.button.click()
        assert mark in asked.text.value
        assert REPLIES[choice] in asked.text.value


def test_without_a_front_end_it_is_printed_with_how_to_answer():
    text = repr(quiz("Where to?", REPLIES, right="up", id="q"))
    assert "Where to?\n  1  up\n  2  down\n" in text
    assert "quiz(..., choice=1)" in text
    assert "Because" not in text
    text = repr(quiz("Where to?", REPLIES, right="up", id="q", choice=2))
    assert "✗ Not quite. That mixes up loss and recall." in text


def test_mimebundle_has_widget_and_text():
    bundle = predict("Where to?", ["up", "down"], id="way")._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/plain"}


def test_html_in_a_question_is_text():
    asked = predict("Is a < b?", ["<b>", "no"], id="way")
    assert "a &lt; b" in asked.widget.children[0].value


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: quiz("?", REPLIES, right="left", id="q"), "right = 'left'"),
        (lambda: quiz("?", {"up": "x", "down": " "}, right="up", id="q"), "down.*have none"),
        (lambda: quiz("?", REPLIES, right="up", id="q", choice=3), "from 1 to 2"),
        (lambda: predict("?", ["up"], id="p"), "at least two"),
        (lambda: predict("?", ["up", "down"], id="p", falls=[1]), "give 2 numbers"),
    ],
)
def test_mistakes_of_an_author_are_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
