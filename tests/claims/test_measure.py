import dataclasses
import math
import re

import pytest
import torch

from imbal_lab.claims import Claim, Results, Within, bring_up_to_date, measured


def quiet(line: str) -> None:
    pass


def test_what_is_measured(paper, counted):
    result = measured(paper().claims[0], [30, 32])
    assert result.values == {"seed": [30.0, 32.0], "one": [1.0, 1.0]}
    assert result.versions["torch"] == torch.__version__
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", result.date)


def test_every_claim_once_and_no_more_the_second_time(paper, counted, tmp_path):
    said, path = [], tmp_path / "tilted.json"
    results = bring_up_to_date(paper(), path, progress=said.append)
    assert said == ["tilted-a", "tilted-b"]
    assert results.seeds == [30, 31, 32]
    assert Results.read(path) == results
    assert bring_up_to_date(paper(), path, progress=said.append) == results
    assert counted.calls == 2
    bring_up_to_date(paper(), path, again=True, progress=quiet)
    assert counted.calls == 4


def test_another_protocol_is_measured_again(paper, counted, tmp_path):
    path = tmp_path / "tilted.json"
    bring_up_to_date(paper(), path, progress=quiet)
    paper().protocol.write_text("claims = ...  # another thought\n")
    results = bring_up_to_date(paper(), path, progress=quiet)
    assert counted.calls == 4
    assert results.protocol == paper().hash == Results.read(path).protocol


def test_what_was_finished_before_a_stop_is_kept(paper, counted, tmp_path):
    path = tmp_path / "tilted.json"

    def stopped(seeds):
        raise KeyboardInterrupt

    whole = paper()
    first, second, third = whole.claims
    halted = paper(claims=(first, dataclasses.replace(second, measure=stopped), third))
    with pytest.raises(KeyboardInterrupt):
        bring_up_to_date(halted, path, progress=quiet)
    assert list(Results.read(path).claims) == ["tilted-a"]
    said = []
    bring_up_to_date(whole, path, progress=said.append)
    assert said == ["tilted-b"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"a": torch.ones(2)}, r"claim 'x': no value for \['b'\]"),
        ({"a": torch.ones(2), "b": torch.ones(3)}, r"one value a seed is \[2\], got {'b': \[3\]}"),
        ({"a": torch.tensor([1, math.inf]), "b": torch.ones(2)}, r"infinite values in \['a'\]"),
        ({"a": torch.ones(2), "b": torch.ones(2, 1)}, r"got {'b': \[2, 1\]}"),
    ],
)
def test_a_measure_that_does_not_fit_its_claim(values, message):
    claim = Claim(
        id="x",
        says="",
        origin="",
        measure=lambda seeds: values,
        reproduced=(Within("a", low=0),),
        opposite=(Within("b", low=0),),
    )
    with pytest.raises(ValueError, match=message):
        measured(claim, [1, 2])


def test_a_claim_that_is_not_tested_cannot_be_measured(paper):
    with pytest.raises(ValueError, match="claim 'tilted-c' is not tested: hours"):
        measured(paper().claims[2], [1, 2])
