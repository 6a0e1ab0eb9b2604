"""Many classes in groups: the layout, the counts, and how well they can be told."""

import torch

from imbal_lab.data import load


def test_two_hundred_classes_by_zipfs_law():
    data = load("features_lt", rho=200)
    assert data.num_classes == 200
    assert data.counts == tuple(400 // rank for rank in range(1, 201))
    assert data.x.shape == (sum(data.counts), 64)
    assert len(data.y_test) == 200 * 20


def test_up_to_a_thousand_classes():
    data = load("features_lt", classes=range(1000), n_max=1000, rho=1000, n_test=1)
    assert data.num_classes == 1000
    assert data.counts[-1] == 1
    assert len(set(data.class_names)) == 1000


def test_other_profiles_can_be_asked_for():
    data = load("features_lt", rho=100, profile="long-tailed", classes=range(3))
    assert data.counts == (400, 40, 4)


def test_classes_do_not_move_with_the_seed():
    means = [
        load("features_lt", classes=range(5), n_max=2000, seed=seed).x.view(5, 2000, 64).mean(1)
        for seed in (0, 1)
    ]
    assert torch.allclose(*means, atol=5 * 2**0.5 / 2000**0.5)  # five standard errors


def test_classes_of_a_group_lie_closer_than_groups_do():
    data = load("features_lt", n_max=100)
    mean = data.x.view(200, 100, 64).mean(1)
    apart = torch.cdist(mean, mean)
    group = torch.tensor([int(name.split(".")[0]) for name in data.class_names])
    assert group.unique().tolist() == list(range(20))
    same = group[:, None] == group
    other_class = ~torch.eye(200, dtype=torch.bool)
    within, between = apart[same & other_class], apart[~same]
    assert within.mean() < 0.75 * between.mean()
    assert within.min() > 4  # and none of them are one class


def test_the_head_of_the_tail_is_in_every_group():
    """Frequent and rare classes share their groups, so a rare class has frequent neighbours."""
    names = load("features_lt", rho=150).class_names
    assert {name.split(".")[0] for name in names[:20]} == {str(group) for group in range(20)}


def test_the_best_rule_is_nearly_always_right():
    """It picks the nearest centre. So what is lost in the tail is lost for lack of examples."""
    data = load("features_lt", n_max=400)
    mean = data.x.view(200, 400, 64).mean(1)
    right = torch.cdist(data.x_test, mean).argmin(1) == data.y_test
    assert right.float().mean() > 0.99
