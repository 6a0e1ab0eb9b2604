"""Feature deviation against every subset there is, and against laws that are known."""

import itertools
import math

import pytest
import torch

from imbal_lab.instruments import naive_deviation, null_deviation, subsampled_deviation

Y = torch.tensor([0, 0, 0, 0, 0, 1, 1])
Y_TEST = torch.tensor([1, 1, 1, 0, 0, 0, 0])


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def clouds():
    return normal(7, 3), 1 + normal(7, 3, seed=1)


def every_subset(cloud, size, target):
    """Mean distance of the means of all subsets to target(rows left out)."""
    distances = []
    for rows in itertools.combinations(range(len(cloud)), size):
        rest = [r for r in range(len(cloud)) if r not in rows]
        distances.append(math.dist(cloud[list(rows)].mean(dim=0), target(rest)))
    return sum(distances) / len(distances)


def test_the_mean_over_all_subsets(clouds):
    """Class 0 has ten pairs out of five; class 1 is drawn whole."""
    train, test = clouds
    found = subsampled_deviation(train, Y, test, Y_TEST, rounds=20000)
    centre = test[Y_TEST == 0].mean(dim=0)
    expected = every_subset(train[Y == 0], 2, lambda rest: centre)
    assert found[0].item() == pytest.approx(expected, rel=0.01)
    whole = (train[Y == 1].mean(dim=0) - test[Y_TEST == 1].mean(dim=0)).norm()
    assert found[1].item() == pytest.approx(whole.item(), rel=1e-12)


def test_one_example_at_a_time(clouds):
    """K = 1 leaves no mean of the training features: plain distances to the test centre."""
    train, test = clouds
    found = subsampled_deviation(train, Y, test, Y_TEST, size=1, rounds=20000)
    for c in range(2):
        distances = (train[c == Y] - test[c == Y_TEST].mean(dim=0)).norm(dim=1)
        assert found[c].item() == pytest.approx(distances.mean().item(), rel=0.01)


def test_null_is_the_mean_over_all_splits_of_the_test_set(clouds):
    test = clouds[1]
    found = null_deviation(test, Y_TEST, size=2, rounds=20000)
    for c in range(2):
        cloud = test[c == Y_TEST]
        expected = every_subset(cloud, 2, lambda rest, cloud=cloud: cloud[rest].mean(dim=0))
        assert found[c].item() == pytest.approx(expected, rel=0.01)


def test_naive_by_hand():
    train = torch.tensor([[0.0, 0.0], [2.0, 0.0], [5.0, 5.0]])
    test = torch.tensor([[4.0, 0.0], [4.0, 8.0], [5.0, 5.0]])
    y = torch.tensor([0, 0, 1])
    assert naive_deviation(train, y, test, y).tolist() == [5, 0]


@pytest.fixture
def same_law():
    """500 and 15 training and 200 test examples a class, all of one Gaussian in 400 dimensions."""
    y = torch.tensor([0] * 500 + [1] * 15)
    return normal(515, 400), y, normal(400, 400, seed=1), torch.arange(2).repeat_interleave(200)


def test_without_deviation_few_examples_do_not_count_against_a_class(same_law):
    """The length is sqrt(d (1/K + 1/M)) for both classes; the naive one is 4.3 times as long."""
    found = subsampled_deviation(*same_law, rounds=200)
    expected = math.sqrt(400 * (1 / 15 + 1 / 200))
    assert found.tolist() == pytest.approx([expected, expected], rel=0.05)
    naive = naive_deviation(*same_law)
    law = [math.sqrt(400 * (1 / n + 1 / 200)) for n in (500, 15)]
    assert naive.tolist() == pytest.approx(law, rel=0.08)


def test_deviation_is_seen(same_law):
    train, y, test, y_test = same_law
    test[y_test == 1] += 1.0
    found = subsampled_deviation(train, y, test, y_test, rounds=200)
    assert found[1].item() == pytest.approx(math.sqrt(400 * (1 + 1 / 15 + 1 / 200)), rel=0.05)
    assert found[0].item() == pytest.approx(math.sqrt(400 * (1 / 15 + 1 / 200)), rel=0.05)


def test_a_wider_class_shows_in_the_null(same_law):
    _, _, test, y_test = same_law
    test[y_test == 1] *= 3.0
    found = null_deviation(test, y_test, size=15, rounds=200)
    law = math.sqrt(400 * (1 / 15 + 1 / 185))
    assert found.tolist() == pytest.approx([law, 3 * law], rel=0.05)


def test_draws_depend_on_the_seed_only(clouds):
    train, test = clouds
    before = torch.get_rng_state()
    first = subsampled_deviation(train, Y, test, Y_TEST, rounds=5, seed=1)
    assert torch.equal(subsampled_deviation(train, Y, test, Y_TEST, rounds=5, seed=1), first)
    assert not torch.equal(subsampled_deviation(train, Y, test, Y_TEST, rounds=5, seed=2), first)
    assert torch.equal(torch.get_rng_state(), before)


def test_bad_input_is_refused(clouds):
    train, test = clouds
    with pytest.raises(ValueError, match=r"size=3.*1 <= size <= 2"):
        subsampled_deviation(train, Y, test, Y_TEST, size=3)
    with pytest.raises(ValueError, match=r"size=3.*1 <= size <= 2"):
        null_deviation(test, Y_TEST, size=3)
    with pytest.raises(ValueError, match=r"rounds=0"):
        subsampled_deviation(train, Y, test, Y_TEST, rounds=0)
    with pytest.raises(ValueError, match="train: class 1 has no example"):
        subsampled_deviation(train, 2 * Y, test, Y_TEST)
    for measure in (subsampled_deviation, naive_deviation):
        with pytest.raises(ValueError, match="y, y_test: 2 and 1 classes"):
            measure(train, Y, test, 0 * Y_TEST)
    with pytest.raises(ValueError, match=r"test: shapes \(7, 3\) and \(6,\)"):
        null_deviation(test, Y_TEST[:6], size=1)


def test_a_measure_of_your_own_is_given_one_class_at_a_time(clouds):
    train, test = clouds

    def sizes(own_train, own_test, draws):
        return 100.0 * len(own_train) + 10 * len(own_test) + draws.shape[1]

    both = (train, Y, test, Y_TEST)
    assert subsampled_deviation(*both, rounds=7, measure=sizes).tolist() == [542, 232]
    assert naive_deviation(*both, measure=sizes).tolist() == [545, 232]
    with pytest.raises(ValueError, match=r"measure: must return one number a class, gave \[3\]"):
        naive_deviation(*both, measure=lambda *_: torch.zeros(3))
