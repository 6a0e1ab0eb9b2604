import pytest
from matplotlib.colors import to_hex

from imbal_lab.claims import Result, Results
from imbal_lab.claims.forest import alt_text, forest
from imbal_lab.figures import style


@pytest.fixture
def results(paper) -> Results:
    inside = {"seed": [30.0, 31.0, 32.0], "one": [0.5, 0.7, 0.9]}
    never = {"seed": [30.0, None, 32.0], "one": [0.0, 0.1, 0.2]}
    both = {"tilted-a": Result("", {}, inside), "tilted-b": Result("", {}, never)}
    return Results(paper().hash, [30, 31, 32], both)


def test_a_panel_a_claim_and_a_row_a_statistic(paper, results):
    upper, lower = forest(paper(), results).axes  # the claim that is not tested has none
    assert [t.get_text() for t in upper.texts] == ["tilted-a: not at this scale"]
    assert [t.get_text() for t in upper.get_yticklabels()] == ["seed", "one"]
    assert [t.get_text() for t in lower.get_yticklabels()] == ["seed"]  # "one" is not judged there
    assert upper.get_position().y0 > lower.get_position().y1  # in the page's order


def test_points_intervals_and_looks(paper, results):
    axes = forest(paper(), results).axes
    points = {
        (k, line.get_ydata()[0]): line
        for k, ax in enumerate(axes)
        for line in ax.lines
        if line.get_marker() == "o"
    }
    assert sorted(points) == [(0, 0), (0, 1)]  # what was never reached has no point
    assert points[0, 0].get_xdata() == [31]
    faces = {key: to_hex(line.get_markerfacecolor()) for key, line in points.items()}
    assert faces == {
        (0, 0): style.MAJORITY.colour,  # inside: filled
        (0, 1): to_hex(style.FACE),  # outside: hollow
    }
    ends = [list(line.get_xdata()) for line in axes[0].lines if len(set(line.get_xdata())) == 2]
    found = results.claims["tilted-a"].intervals
    assert ends == [[found[name].low, found[name].high] for name in ("seed", "one")]
    assert "not reached" in [t.get_text() for t in axes[1].texts]


def test_the_range_asked_for_is_shaded(paper, results):
    ax, lower = forest(paper(), results).axes
    at_most_20 = lower.collections[0].get_paths()[0].get_extents()
    assert (at_most_20.x0, at_most_20.x1) == (lower.get_xlim()[0], 20)
    (at_least_20, exactly_1) = (shade.get_paths()[0].get_extents() for shade in ax.collections)
    assert (at_least_20.x0, at_least_20.x1) == (20, ax.get_xlim()[1])
    assert (exactly_1.x0, exactly_1.x1) == (1, 1)
    low, high = ax.get_xlim()
    assert low < 0.2  # the interval of "one" begins at 0.203
    assert high > 33.4


def test_alt_text_names_what_lies_outside(paper, results):
    assert alt_text(paper(), results) == (
        "Forest plot, 3 claims: 1 reproduced early in training only, 1 not at this scale, "
        "1 not tested. Of 3 intervals, 1 lie wholly in the range that their claim asks for; "
        "outside: one; seed."
    )
