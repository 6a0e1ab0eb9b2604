"""Where features are drawn: the plane, and how it lies."""

import pytest
import torch

from imbal_lab.instruments.feature_plane import feature_plane

Y = torch.tensor([0, 0, 1, 1, 2, 2])
CENTRES = torch.tensor([[0.0, 4, 0], [-3.0, -2, 0], [3.0, -2, 0]], dtype=torch.float64)


def cloud(turn=None):
    """Three pairs of points in three dimensions, spread along the third only."""
    points = CENTRES[Y].clone()
    points[:, 2] += torch.tensor([1.0, -1] * 3, dtype=torch.float64)
    return points if turn is None else points @ turn.T


def test_the_spread_within_the_classes_does_not_choose_the_plane():
    plane = feature_plane(cloud(), Y, 3)
    assert plane.share == pytest.approx(1)
    between = torch.cdist(plane.of(cloud()), plane.of(cloud()))
    flat = cloud()[:, :2]
    torch.testing.assert_close(between, torch.cdist(flat, flat))


@pytest.mark.parametrize("seed", range(8))
def test_however_the_features_lie_the_picture_is_the_same(seed):
    drawn = torch.randn(3, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    turn = torch.linalg.qr(drawn).Q  # turned, and mirrored for some of the seeds
    upright, turned = (feature_plane(p, Y, 3).of(p) for p in (cloud(), cloud(turn)))
    torch.testing.assert_close(upright, turned)
    means = torch.stack([turned[c == Y].mean(dim=0) for c in range(3)])
    assert means[2, 0] > 0
    assert means[2, 1].abs() < 1e-9  # the rarest to the right
    assert means[0, 1] > 0  # the most frequent above


def test_each_class_counts_once():
    many = torch.cat([cloud(), *[cloud()[:2]] * 50])
    y = torch.cat([Y, torch.zeros(100, dtype=torch.int64)])
    torch.testing.assert_close(
        feature_plane(many, y, 3).of(cloud()), feature_plane(cloud(), Y, 3).of(cloud())
    )


def test_two_classes_take_the_widest_direction_within_them_as_the_second():
    x = torch.tensor([[-2.0, 0, 1], [-2, 0.1, -1], [2, 0, 3], [2, 0.1, -3]], dtype=torch.float64)
    y = torch.tensor([0, 0, 1, 1])
    plane = feature_plane(x, y, 2)
    torch.testing.assert_close(plane.of(x)[:, 0], x[:, 0])
    torch.testing.assert_close(plane.of(x)[:, 1].abs(), x[:, 2].abs(), atol=0.1, rtol=0)
    torch.testing.assert_close(plane.axes @ plane.axes.T, torch.eye(2, dtype=torch.float64))


def test_features_that_are_all_the_same_are_a_point():
    plane = feature_plane(torch.ones(6, 3), Y, 3)
    assert plane.share == 0
    assert plane.of(torch.ones(6, 3)).abs().max() == 0
    assert feature_plane(torch.ones(4, 3), Y[:4], 2).of(torch.ones(4, 3)).abs().max() == 0


def test_one_number_is_no_plane():
    with pytest.raises(ValueError, match="d >= 2"):
        feature_plane(torch.ones(6, 1), Y, 3)
