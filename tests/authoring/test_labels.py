import dataclasses

import pytest

from imbal_lab.authoring.labels import card, hint_texts, wrong_hints


def test_a_card_names_paper_and_what_comes_before(lesson):
    full = dataclasses.replace(
        lesson,
        minutes=60,
        level=3,
        needs=("00_start_here",),
        paper="A, B (ICML 2023, arXiv 2207.00391)",
    )
    assert card(full, "# Title").split("\n\n")[:3] == [
        "# Title",
        "**about 60 minutes · level ●●●○○ · after "
        "[00_start_here](../00_start_here/00_start_here.ipynb)**",
        "Paper: A, B (ICML 2023, [arXiv 2207.00391](https://arxiv.org/abs/2207.00391))",
    ]


def test_a_hint_may_be_long_and_hold_code():
    text = "1. One\n   more line\n2. Two\n\n   ```\n   x = 1\n     y\n   ```\n3. Three"
    assert hint_texts(text) == ["One\nmore line", "Two\n\n```\nx = 1\n  y\n```", "Three"]
    assert wrong_hints(text) == ""


@pytest.mark.parametrize(
    "text",
    ["", "1. a\n2. b", "1. a\n2. b\n3. c\n4. d", "Look:\n1. a\n2. b\n3. c", "1. a\n3. b\n2. c"],
)
def test_hints_are_a_list_of_three_and_nothing_else(text):
    assert "write three items" in wrong_hints(text)
