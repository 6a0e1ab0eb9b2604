"""Formulas in CSV."""

import pytest

from imbal_lab.grading.gradebook.spreadsheet import plain


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\ufeff=1",
        "\xa0=1",
        "＝1",
        "＋1",
        "－1",
        "＠A1",
        "﹢1",
        "\u200b=1",
        "\x00=1",
        "=cmd|' /C calc'!A0",
    ],
)
def test_a_formula_is_made_text(text):
    assert plain(text) == "'" + text


@pytest.mark.parametrize("text", ["", "jane-doe", "a=1", "1", "'=1", "ärger", "\t", "x\t=1", "½"])
def test_other_text_stays_as_it_is(text):
    assert plain(text) == text
