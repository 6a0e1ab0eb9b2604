"""Looks: told apart in grey, by colour-blind readers, on white, and by more than colour."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from imbal_lab.figures import looks, panels, style
from imbal_lab.figures.regions import TINTS

# Viénot, Brettel, Mollon 1999: what a dichromat sees, on linear RGB.
SEEN = {
    "normal": np.eye(3),
    "deuteranope": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
    "protanope": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
}


def linear(colour):
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def lightness(colour):
    return 116 * luminance(colour) ** (1 / 3) - 16


def lab(rgb):
    """CIE L*a*b* of linear sRGB under D65."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    x, y, z = to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    fx, fy, fz = (np.cbrt(t) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


@pytest.mark.parametrize("num_lines", [2, 3, 4])
def test_the_rarest_and_the_most_frequent_always_look_the_same(num_lines):
    chosen = looks(num_lines)
    assert len(chosen) == num_lines
    assert chosen[0] == style.MAJORITY
    assert chosen[-1] == style.MINORITY


@pytest.mark.parametrize("num_lines", [2, 3, 4])
def test_looks_differ_in_grey(num_lines):
    for a, b in itertools.combinations(looks(num_lines), 2):
        assert abs(lightness(a.colour) - lightness(b.colour)) >= 8
        assert a.dash != b.dash
        assert a.marker != b.marker


def test_two_classes_differ_strongly_in_grey():
    majority, minority = looks(2)
    assert lightness(minority.colour) - lightness(majority.colour) > 30


@pytest.mark.parametrize("eyes", SEEN)
def test_colours_differ_for_colour_blind_readers(eyes):
    seen = [lab(np.array(SEEN[eyes]) @ linear(look.colour)) for look in looks(4)]
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
    assert min(distances) > 20


def test_colours_have_contrast_on_the_white_face():
    for colour in [*(look.colour for look in looks(4)), style.INK, style.QUIET]:
        assert 1.05 / (luminance(colour) + 0.05) >= 3


def test_text_is_at_least_nine_points():
    assert min(style.TEXT_PT, style.TITLE_PT) >= 9


def test_too_many_lines_are_refused():
    with pytest.raises(ValueError, match="groups"):
        looks(5)


def test_groups_cover_every_rank_once():
    for num_classes in range(5, 40):
        parts = [list(ranks) for _, ranks in style.groups(num_classes)]
        assert list(itertools.chain(*parts)) == list(range(num_classes))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("seed", range(20))
def test_spread_labels_keep_order_and_distance(seed):
    wanted = np.random.default_rng(seed).uniform(0, 1, size=4).tolist()
    placed = style.spread(wanted, gap=0.1, low=0.02, high=0.98)
    assert np.argsort(placed).tolist() == np.argsort(wanted).tolist()
    assert np.diff(sorted(placed)).min() > 0.1 - 1e-9
    assert min(placed) > 0.02 - 1e-9
    assert max(placed) < 0.98 + 1e-9


def test_labels_that_are_apart_stay_where_they_are():
    assert style.spread([0.2, 0.9, 0.5], 0.1, 0, 1) == [0.2, 0.9, 0.5]


@pytest.mark.parametrize("num_classes", [2, 4, 5, 10, 37])
def test_every_class_has_the_look_of_its_row(num_classes):
    rows = style.rows(num_classes)
    assert list(itertools.chain(*rows)) == list(range(num_classes))
    for ranks, look in zip(rows, looks(len(rows)), strict=True):
        assert all(style.look_of(rank, num_classes) == look for rank in ranks)


def test_labels_have_names_and_counts(make_classes):
    assert style.labels(make_classes(9, 1)) == ["a (n=9)", "b (n=1)"]
    many = make_classes(70, 60, 50, 40, 30, 20, 10)
    assert style.labels(many) == ["many (n=50–70)", "medium (n=30–40)", "few (n=10–20)"]
    assert style.names(many) == ["many", "medium", "few"]


def test_tints_keep_the_hue_and_stay_light():
    for look, share in zip(looks(4), TINTS, strict=True):
        assert lightness(style.tint(look.colour, share)) > 75  # dark markers stand out
    assert style.tint("#ff0000", 0.5) == (1.0, 0.5, 0.5)
    assert style.tint("#123456", 0) == (1.0, 1.0, 1.0)


def test_key_lines_are_a_line_apart_and_have_the_markers(make_classes):
    for square in ((), (0,)):
        ax = panels.canvas(1, 1, square=square).axes[0]
        artists = style.key(ax, ["one", "two"], head=["head"])
        heights = [a.xy[1] for a in artists if hasattr(a, "xy")]
        dots = [a for a in artists if hasattr(a, "get_marker")]
        gaps = -np.diff(heights) * ax.bbox.height / ax.figure.dpi * 72
        np.testing.assert_allclose(gaps, style.LINE_PT)
        assert [d.get_marker() for d in dots] == [look.marker for look in looks(2)]
        np.testing.assert_allclose([d.get_ydata()[0] for d in dots], heights[1:])
