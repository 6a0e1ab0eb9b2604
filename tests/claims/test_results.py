import json
import math

import pytest
import torch
from scipy import stats

from imbal_lab.claims import Result, Results, Verdict
from imbal_lab.claims.results import stored


@pytest.fixture
def results() -> Results:
    values = {"seed": [30.0, 31.0, 32.5], "one": [1.0, 1.0, 1.0]}
    never = {"seed": [30.0, None, 32.0], "one": [1.0, 1.0, 1.0]}
    one = Result("2030-01-01", {"torch": "9"}, values)
    return Results("hash", [30, 31, 32], {"tilted-a": one, "tilted-b": Result("", {}, never)})


def test_there_and_back(results, paper, tmp_path):
    path = tmp_path / "claims" / "tilted.json"
    results.write(path, paper())
    assert Results.read(path) == results
    assert [file.name for file in path.parent.iterdir()] == ["tilted.json"]


def test_intervals_are_those_of_scipy(results):
    values = [30.0, 31.0, 32.5]
    expected = stats.t.interval(0.95, 2, sum(values) / 3, stats.sem(values))
    found = results.claims["tilted-a"].intervals["seed"]
    assert [found.low, found.high] == pytest.approx(expected)
    assert all(map(math.isnan, results.claims["tilted-b"].intervals["seed"]))


def test_a_reader_finds_interval_and_verdict_in_the_file(results, paper, tmp_path):
    results.write(tmp_path / "tilted.json", paper())
    text = (tmp_path / "tilted.json").read_text()
    one, other = json.loads(text)["claims"].values()
    assert one["verdict"] == "reproduced"
    assert one["intervals"]["seed"] == pytest.approx(
        list(results.claims["tilted-a"].intervals["seed"]), rel=1e-5
    )
    assert (other["verdict"], other["intervals"]["seed"]) == ("not at this scale", [None] * 3)
    assert '"one": [ 1.0, 1.0, 1.0 ]' in text  # one line, for a readable history


def test_verdicts(results, paper):
    a, b, c = paper().claims
    assert [results.verdict(each) for each in (a, b, c)] == [
        Verdict.REPRODUCED,
        Verdict.NOT_HERE,
        Verdict.UNTESTED,
    ]
    assert Results("hash", [1]).verdict(a) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"protocol": ""}', '{"claims": {"a": 1}}'])
def test_a_damaged_file_is_named_with_the_remedy(content, tmp_path):
    path = tmp_path / "tilted.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"tilted\.json: damaged .*; restore it from git, or del"):
        Results.read(path)


def test_only_results_of_the_present_protocol_and_seeds_count(results, paper, tmp_path):
    path, made = tmp_path / "tilted.json", paper()
    assert Results.of(made, path) == Results.none_of(made)  # no file
    results.write(path, made)
    assert Results.of(made, path).claims == {}  # another protocol
    results.protocol = made.hash
    results.write(path, made)
    assert Results.of(made, path) == results
    assert Results.of(paper(quoted=range(40, 43)), path).claims == {}


def test_the_hash_changes_with_any_value(results):
    before = results.hash
    results.claims["tilted-a"].values["one"][2] = 1.1
    assert results.hash != before


def test_values_are_kept_to_six_digits():
    values = {"a": torch.tensor([1 / 3, math.nan, 1e-20], dtype=torch.float64)}
    assert stored(values) == {"a": [0.333333, None, 1e-20]}
