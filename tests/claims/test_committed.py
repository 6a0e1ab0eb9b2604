"""The committed page: made from the stored results, which belong to the present protocols."""

from itertools import chain
from pathlib import Path

import pytest
from PIL import Image

from imbal_lab.claims import Results, Verdict
from imbal_lab.claims.comparison import compared
from imbal_lab.claims.page import page
from imbal_lab.claims.papers import PAPERS

COURSE = Path(__file__).parent.parent.parent / "course"
EVERY = pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)


@pytest.fixture(scope="module")
def stored() -> dict[str, Results]:
    return {name: Results.read(COURSE / "claims" / f"{name}.json") for name in PAPERS}


def test_the_page_is_that_of_the_results(stored):
    assert (COURSE / "CLAIMS.md").read_text(encoding="utf-8") == page(list(PAPERS.values()), stored)


@EVERY
def test_results_belong_to_the_present_protocol(paper, stored):
    assert stored[paper.name].protocol == paper.hash
    assert stored[paper.name].seeds == list(paper.quoted)


@EVERY
def test_quoted_seeds_were_not_used_in_development(paper, stored):
    assert len(stored[paper.name].seeds) >= 8
    assert not set(stored[paper.name].seeds) & set(paper.development)


@EVERY
def test_every_claim_has_a_result_or_a_reason(paper, stored):
    results = stored[paper.name]
    assert all(results.verdict(claim) for claim in paper.claims)
    measured = [claim for claim in paper.claims if results.verdict(claim) != Verdict.UNTESTED]
    assert list(results.claims) == [claim.id for claim in measured]
    for claim in measured:
        lengths = {len(values) for values in results.claims[claim.id].values.values()}
        assert lengths == {len(results.seeds)}
        assert any(row.asked for row in compared(claim, results))


@EVERY
def test_verdicts_and_intervals_in_the_file_follow_from_its_values(paper, stored, tmp_path):
    again = tmp_path / "again.json"
    stored[paper.name].write(again, paper)
    assert again.read_bytes() == (COURSE / "claims" / f"{paper.name}.json").read_bytes()


@EVERY
def test_the_picture_was_made_of_these_results(paper, stored):
    with Image.open(COURSE / "claims" / f"{paper.name}.png") as picture:
        assert picture.text["Description"] == stored[paper.name].hash


def test_ids_begin_with_the_papers_name_and_are_used_once():
    ids = {paper.name: [claim.id for claim in paper.claims] for paper in PAPERS.values()}
    assert all(each.startswith(f"{name}-") for name, of_paper in ids.items() for each in of_paper)
    assert len(set(chain(*ids.values()))) == sum(map(len, ids.values()))
