import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab import exercises
from imbal_lab.acceptance.iou_or_recall import TradeOff, iou_or_recall
from imbal_lab.acceptance.pixels import WINDOW, Runs, measure, pixels
from imbal_lab.checks import CheckFailed
from imbal_lab.data import load
from imbal_lab.methods import arb_losses, mean_iou

EARLY, LATE, RECALL = (
    "early, its mean IoU is above that of cross-entropy",
    "late, its mean IoU is below",
    "late, its mean recall is above all the same",
)


class Seen:
    """A mean IoU that keeps what it was asked, so that others can be tried without training."""

    def __init__(self):
        self.asked = []

    def __call__(self, predictions, y, num_classes):
        self.asked.append((predictions, y, num_classes))
        return mean_iou(predictions, y, num_classes)

    def iou(self, other, like):
        return torch.tensor([float(other(*each)) for each in self.asked]).view_as(like)


@pytest.fixture(scope="module")
def seen():
    """Both runs over five seeds, and what they predicted."""
    plain, own = Seen(), Seen()
    ce = measure("cross-entropy", None, plain, range(5))
    return ce, measure("your loss", arb_losses, own, range(5)), plain, own


def failing(found):
    return [part for part, holds in found.holds.items() if not holds]


def test_it_holds_for_arb_loss(seen):
    found = TradeOff("made up", *seen[:2])
    assert found.check() is None
    assert failing(found) == []
    _, head, ce, own, difference, *_ = str(found).splitlines()
    assert "mean IoU, step 100" in head
    assert ce.startswith("cross-entropy")
    assert own.startswith("your loss")
    assert difference.startswith("difference")
    assert len(found.figure().axes) == 2


def test_measures_are_those_of_a_table_of_pixels(seen):
    """Seed 2 at the end: IoU and recall from a confusion table."""
    for runs, kept in ((seen[0], seen[2]), (seen[1], seen[3])):
        guesses, y, classes = kept.asked[3 * runs.iou.shape[1] - 1]
        table = np.zeros((classes, classes))
        np.add.at(table, (y.numpy(), guesses.numpy()), 1)
        right = table.diagonal()
        iou = (right / (table.sum(0) + table.sum(1) - right)).mean()
        assert runs.iou[2, -1].item() == pytest.approx(iou, abs=1e-6)
        assert runs.recall[2, -1].item() == pytest.approx((right / table.sum(1)).mean(), abs=1e-6)


def test_a_pixel_is_seen_with_those_around_it():
    data, images = pixels(1), load("textures_seg", rho=10, n_max=90, n_test=1, seed=1)
    assert data.x.shape == (60 * 32 * 32, WINDOW**2)
    assert data.y_test.shape == (30 * 32 * 32,)
    window = images.x[3, 0, 8:13, 18:23]  # around row 10, column 20
    row = 3 * 1024 + 10 * 32 + 20
    torch.testing.assert_close(data.x[row], window.flatten())
    assert data.y[row] == images.y[3, 10, 20]


def known(exercise, mistake):
    listed = {m.name: m for m in exercises.get(exercise).mistakes}
    return listed[mistake].functions[0]


@pytest.mark.parametrize(
    ("mistake", "expected"),
    [
        ("recall", [LATE]),
        ("accuracy", [EARLY]),
        ("lumped", [EARLY]),
        ("weighted", [EARLY]),
    ],
)
def test_a_measure_that_asks_something_else_fails(seen, mistake, expected):
    ce, own, plain, other = seen
    iou = known("mean_iou", mistake)
    found = TradeOff(
        "made up",
        Runs(ce.label, plain.iou(iou, ce.iou), ce.recall),
        Runs(own.label, other.iou(iou, own.iou), own.recall),
    )
    assert failing(found) == expected


@pytest.mark.parametrize(
    "mistake", ["dice", "counted_twice", "percent", "without_background", "nowhere_as_zero"]
)
def test_a_measure_that_orders_alike_is_not_seen_here(seen, mistake):
    """A known limit: these put the same curve above; the exercise's check sees them."""
    ce, own, plain, other = seen
    iou = known("mean_iou", mistake)
    found = TradeOff(
        "made up",
        Runs(ce.label, plain.iou(iou, ce.iou), ce.recall),
        Runs(own.label, other.iou(iou, own.iou), own.recall),
    )
    assert failing(found) == []


@pytest.mark.parametrize("mistake", ["counts_unused", "inverse"])
def test_losses_that_do_not_ask_more_of_rare_classes_fail(seen, mistake):
    own = measure("your loss", known("arb_losses", mistake), mean_iou, [0, 1], steps=100)
    ce = Runs("cross-entropy", seen[0].iou[:2, :2], seen[0].recall[:2, :2])
    found = TradeOff("made up", ce, own)
    assert EARLY in failing(found)
    with pytest.raises(CheckFailed) as failure:
        found.check()
    assert failure.value.lines[0].startswith(f"✗ not shown that {EARLY}: at step 100")


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"seeds=\(3,\): an interval needs at least two"):
        iou_or_recall(seeds=[3])
    with pytest.raises(ValueError, match="iou: must return one number, gave the shape"):
        iou_or_recall(iou=lambda p, y, c: torch.ones(c), seeds=[0, 1], steps=0)
    with pytest.raises(ValueError, match="losses: must return one loss an example"):
        iou_or_recall(lambda z, y, n: F.cross_entropy(z, y), seeds=[0, 1], steps=1)
