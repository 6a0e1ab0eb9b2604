"""The protocol of the ARB paper: its parts by other routes, and one claim measured."""

import random

import pytest
import torch
from sklearn import metrics
from torch.nn import functional as F  # noqa: N812

from imbal_lab.claims import Results, Verdict, measured
from imbal_lab.claims.arb import PAPER, accuracy, components, geometry, segmentation, setting
from imbal_lab.instruments import Attraction
from imbal_lab.training.interval import Interval


def claim(name):
    (found,) = [each for each in PAPER.claims if each.id == name]
    return found


@pytest.mark.parametrize("name", ["arb-equal-logits", "arb-simplex-gradient"])
def test_a_tiny_claim_is_measured(name):
    before = torch.get_rng_state(), random.getstate()
    results = Results("", [0, 1], {name: measured(claim(name), [0, 1])})
    assert results.verdict(claim(name)) is Verdict.REPRODUCED
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert measured(claim(name), [0, 1]).values == results.claims[name].values


@pytest.fixture
def short(monkeypatch):
    """Runs of four epochs, which no other test finds in the cache."""
    monkeypatch.setattr(setting, "EPOCHS", {"digits": 4})
    setting._trained.cache_clear()
    setting.two_stage.cache_clear()
    yield
    setting._trained.cache_clear()
    setting.two_stage.cache_clear()


def test_a_run_in_parts_is_the_run_as_a_whole(short):
    """An ordinary loop of torch's, on the same batches."""
    parts = setting.run("digits", "ARB", 3)
    data = setting.dataset("digits", 3)
    model, n = setting.network(data, 3), torch.tensor(data.counts)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    batches = setting.batches_of("mixed", data.y, 64, seed=3)
    steps = 4 * len(batches)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(4):
        for rows in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(data.x[rows]) + n.log(), data.y[rows]).backward()
            optimizer.step()
            schedule.step()
    torch.testing.assert_close(parts.classifier, model[-1].weight.detach(), rtol=1e-3, atol=1e-5)
    found = metrics.recall_score(data.y_test, model(data.x_test).argmax(dim=1), average=None)
    assert parts.recall.tolist() == pytest.approx(list(found), abs=0.03)
    assert len(parts.first.grad_step) == len(parts.last.grad_step) == len(batches)


def test_two_stages_train_only_the_classifier_the_second_time(short):
    recalls = setting.two_stage("digits", 3)
    assert recalls.shape == (10,)
    assert torch.equal(recalls, setting.two_stage("digits", 3))
    assert setting.tail(recalls) > 0  # three epochs of cross-entropy alone find none of them
    assert setting.tail(setting.run("digits", "CE", 3).recall) == 0


def test_the_control_has_as_many_examples_and_no_imbalance():
    rare, even = (setting.dataset("digits", 1, even=each) for each in (False, True))
    assert rare.rho == pytest.approx(60)  # 120 to 2, rounded
    assert even.rho == 1
    assert 0 <= len(rare.y) - len(even.y) < 10
    assert rare.class_names == even.class_names


def test_head_and_tail_are_three_classes_each():
    recall = torch.arange(10.0)
    assert (setting.head(recall), setting.tail(recall)) == (1, 8)


def test_the_inverse_ratio_takes_log_n_away():
    logits, y = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), torch.arange(5) % 3
    counts = (60, 20, 5)
    expected = F.cross_entropy(logits - torch.tensor(counts).log(), y)
    torch.testing.assert_close(setting.LOSSES["inverse ratio"](counts)(logits, y), expected)


def test_slope_ratio_and_exponents_of_made_up_components():
    counts = (100, 40, 10, 2)
    n = torch.tensor(counts, dtype=torch.float64)
    assert components.slope(counts, 3 / n) == pytest.approx(-1)
    component = 5 * n[:, None] ** 0.5 * n**1.5
    component[0, 3] = 0  # a class that was in no batch
    assert components.exponents(counts, component) == pytest.approx((0.5, 1.5))
    batches = Attraction(torch.tensor([[1.0, 3], [1, 0]]), torch.tensor([[4.0, 3], [2, 3]]), n)
    assert components.ratio(batches).tolist() == [3, 2]


def test_spread_looks_at_pairs_only():
    component = torch.tensor([[1e9, 1.0, 10], [100, 1e-9, 1000], [0, 1, 1]])
    assert components.spread(component) == pytest.approx(3)


def test_untrained_components_are_the_gradient_of_the_loss():
    """Summed over the classes j, with autograd."""
    data = setting.dataset("digits", 2)
    model = setting.network(data, 2)
    loss = F.cross_entropy(model(data.x) + torch.tensor(data.counts).log(), data.y)
    (bias,) = torch.autograd.grad(loss, [model[-1].bias])
    seen = components.untrained("digits", "ARB", 2)
    torch.testing.assert_close(seen.repulsion - seen.attraction, bias, rtol=1e-4, atol=1e-6)


def test_a_simplex_is_one():
    corners = geometry.simplex(10, 16, seed=4)
    off = (corners @ corners.T)[~torch.eye(10, dtype=torch.bool)]
    torch.testing.assert_close(off, torch.full_like(off, -1 / 9))
    assert corners.norm(dim=1).tolist() == pytest.approx([1] * 10)
    assert geometry.norm_variation(corners + 3) == pytest.approx(0, abs=1e-12)
    assert geometry.angle_error(7 * corners - 3) == pytest.approx(0, abs=1e-12)
    assert geometry.tail_cosine(corners) == pytest.approx(-1 / 9)


def test_what_is_no_simplex():
    weight = torch.tensor([[3.0, 0], [-1, 0], [-1, 0], [-1, 0]])  # its mean is zero
    assert geometry.norm_variation(weight) == pytest.approx((3 / 4) ** 0.5 / 1.5)
    assert geometry.tail_cosine(weight) == pytest.approx(1)
    assert geometry.angle_error(weight) == pytest.approx((3 * 2 / 3 + 3 * 4 / 3) / 6)


def test_the_gradient_at_a_simplex_in_closed_form():
    """Two classes: both vectors move along the one feature axis, at every ratio."""
    ratio, cosine = geometry.at_the_simplex((90, 10), 1.0, 0, arb=False)
    assert (ratio, cosine) == pytest.approx((1, 1))
    # Ten classes at ratio 100; 8.71 and 0.346 are from a derivation of its own.
    ratio, cosine = geometry.at_the_simplex(
        geometry.counts_for("long-tailed", 1000, 100.0, 10), 12, 0, arb=False
    )
    assert (ratio, cosine) == pytest.approx((8.71, 0.346), abs=0.02)


def test_post_hoc_takes_the_prior_away(short):
    data, model, *_ = setting.run("digits", "CE", 3)
    guesses = (model(data.x_test).softmax(dim=1) / torch.tensor(data.counts)).argmax(dim=1)
    expected = metrics.recall_score(data.y_test, guesses, average=None)
    assert accuracy.posthoc("digits", 3).tolist() == pytest.approx(list(expected))


def test_segmentation_measures_are_those_of_scikit_learn():
    generator = torch.Generator().manual_seed(0)
    y, guesses = torch.randint(0, 3, (2, 2, 8, 8), generator=generator)
    found = segmentation.confusion(guesses, y, 3)
    y, guesses = y.flatten(), guesses.flatten()
    assert found.tolist() == metrics.confusion_matrix(y, guesses).tolist()
    for measure, expected in (
        (segmentation.mean_iou, metrics.jaccard_score(y, guesses, average="macro")),
        (segmentation.mean_recall, metrics.balanced_accuracy_score(y, guesses)),
        (segmentation.pixel_accuracy, metrics.accuracy_score(y, guesses)),
    ):
        assert measure(found) == pytest.approx(100 * expected)


def test_patches_are_in_the_order_of_the_labels():
    data = segmentation.load("textures_seg", rho=10, n_max=120, n_test=1, seed=0)
    pixels = segmentation.noisy_pixels(0.0, 0)
    row = 1024 + 7 * 32 + 9  # second image, row 7, column 9
    assert pixels.x.shape == pixels.x_test.shape == (60 * 1024, 25)
    assert torch.equal(pixels.x[row].view(5, 5), data.x[1, 0, 5:10, 7:12])
    assert pixels.y[row] == data.y[1, 7, 9]
    assert pixels.y_test[row] == data.y[61, 7, 9]
    assert not torch.equal(pixels.x, segmentation.noisy_pixels(0.25, 0).x)


def test_segmentation_networks_at_tiny_size(monkeypatch):
    """Two steps of each: deterministic, and no other test finds them in the cache."""
    monkeypatch.setattr(segmentation, "STEPS", {"early": 2})
    monkeypatch.setattr(segmentation, "PIXEL_STEPS", 2)
    for network, args, pixels in (
        (segmentation.network, ("ARB", "early", 0), 50 * 1024),
        (segmentation.patch_network, ("ARB", 0.25, 0), 60 * 1024),
    ):
        once = network(*args)
        network.cache_clear()
        assert torch.equal(network(*args), once)
        network.cache_clear()
        assert once.shape == (5, 5)
        assert once.sum() == pixels


def verdict(name, **values):
    """Of made-up intervals without width; every condition holds but for ``values``."""
    one = claim(name)
    inside = {c.statistic: max(c.low, min(c.high, 0.0)) for c in one.reproduced}
    return one.verdict({k: Interval(v, v, v) for k, v in (inside | values).items()})


@pytest.mark.parametrize(
    ("early", "late", "expected"),
    [
        (5, 2, Verdict.REPRODUCED),
        (5, 0, Verdict.EARLY),
        (5, -3, Verdict.EARLY),
        (0, -3, Verdict.OPPOSITE),
        (0, 2, Verdict.NOT_HERE),
    ],
)
def test_a_gain_in_segmentation_has_to_last(early, late, expected):
    values = {"ARB minus CE, early": early, "ARB minus CE, late": late}
    for name in ("arb-segmentation-iou", "arb-segmentation-recall"):
        assert verdict(name, **values) is expected


def test_balance_that_is_gone_at_the_end_was_early():
    for name in ("arb-components-digits", "arb-components-mnist1d"):
        assert verdict(name) is Verdict.REPRODUCED
        assert verdict(name, **{"CE minus ARB, last epoch": 0.0}) is Verdict.EARLY
        assert verdict(name, **{"ARB, untrained": 0.5}) is Verdict.NOT_HERE
        assert verdict(name, **{"CE minus ARB, first epoch": 0.3}) is Verdict.OPPOSITE


def test_every_condition_counts():
    for one in PAPER.claims:
        for condition in one.reproduced:
            outside = condition.high + 1 if condition.high < 1e300 else condition.low - 1
            assert verdict(one.id, **{condition.statistic: outside}) is not Verdict.REPRODUCED


def test_ahead_is_ahead_on_both():
    both = {f"ARB minus cRT, {name}": 1.0 for name in accuracy.SETS}
    assert verdict("arb-one-stage", **both) is Verdict.REPRODUCED
    assert verdict("arb-one-stage", **(both | {"ARB minus cRT, digits": -1})) is Verdict.NOT_HERE
    behind = dict.fromkeys(both, -1.0)
    assert verdict("arb-one-stage", **behind) is Verdict.OPPOSITE


def test_the_seeds_are_fresh():
    assert not set(PAPER.quoted) & set(PAPER.development)
    assert all(one.measure or one.why_not for one in PAPER.claims)
