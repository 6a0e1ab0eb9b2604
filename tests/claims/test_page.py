import pytest

from imbal_lab.claims import Result, Results
from imbal_lab.claims.comparison import table, tally
from imbal_lab.claims.page import page


@pytest.fixture
def results(paper) -> Results:
    """The first claim with an interval of 31 +- 2.48 and one of no width; the second waits."""
    values = {"seed": [30.0, 31.0, 32.0], "one": [0.0, 0.0, 0.0]}
    return Results(paper().hash, [30, 31, 32], {"tilted-a": Result("2030-01-01", {}, values)})


def rows(text: str) -> dict[str, list[str]]:
    """The cells of each claim's row."""
    lines = [line for line in text.splitlines() if line.startswith("| **")]
    cells = [line.replace(r"\|", "¦").strip("| ").split(" | ") for line in lines]
    return {row[0].split("**")[1]: row for row in cells}


def test_a_row_says_what_was_measured_and_what_was_asked(paper, results):
    said, setting, measured, verdict = rows(page([paper()], {"tilted": results}))["tilted-a"]
    assert said == "**tilted-a**<br>a¦b *(abstract)*"
    assert setting == "two blobs"
    assert measured.split("<br>") == [
        "seed: 31 [28.5, 33.5] (asked: at least 20)",
        "one: 0 [0, 0] (asked: exactly 1; it is not)",
    ]
    assert verdict == "**not at this scale**"


def test_what_waits_and_what_is_not_tested(paper, results):
    found = rows(page([paper()], {"tilted": results}))
    assert found["tilted-b"][0].endswith("B. *(theorem 1)* Reported: 3.")
    assert found["tilted-b"][3] == "to be measured"
    assert found["tilted-c"][3] == "**not tested**: hours"
    empty = page([paper()], {})
    assert rows(empty)["tilted-a"][3] == "to be measured"
    assert "png" not in empty


def test_the_other_rules_are_told(paper, results):
    values = {"seed": [30.0, None, 32.0], "one": [0.0, 0.1, 0.2]}
    results.claims["tilted-b"] = Result("2030-01-01", {}, values)
    found = rows(page([paper()], {"tilted": results}))["tilted-b"]
    assert found[2].split("<br>") == [
        "seed: not reached (asked: at most 20; it is not)",
        "one: 0.1 [-0.148, 0.348]",
        "*reproduced early in training only if one: at most 0.5; "
        "the opposite if seed: at least 30*",
    ]
    assert found[3] == "**reproduced early in training only**"


def test_seeds_hash_tally_and_picture(paper, results):
    text = page([paper()], {"tilted": results})
    assert f"`{paper().hash}`" in text
    assert "`imbal_lab/claims/tilted.py`" in text
    assert "Seeds quoted: 30 to 32; seeds used in development: 0 to 2." in text
    assert "3 claims: 1 not at this scale, 1 not tested, 1 to be measured." in text
    assert "2 intervals are judged on this page" in text
    assert (
        "1 lie wholly in the range that their claim asks for; outside: one.](claims/tilted.png)"
        in text
    )


def test_the_table_of_the_terminal(paper, results):
    assert tally(paper(), results).startswith("3 claims")
    assert table(paper(), results) == [
        ["tilted-a", "seed", "31 [28.5, 33.5]", "at least 20", "not at this scale"],
        ["", "one", "0 [0, 0]", "exactly 1", ""],
        ["tilted-b", "", "", "", "to be measured"],
        ["tilted-c", "", "", "", "not tested"],
    ]
