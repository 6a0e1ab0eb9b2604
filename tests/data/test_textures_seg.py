"""Textured shapes: what is where, how often, and that nothing else tells the classes apart."""

import numpy as np
import pytest
import torch

from imbal_lab.data import load, textures_seg
from imbal_lab.methods import arb_loss
from imbal_lab.models import fcn

NAMES = ("horizontal", "vertical", "checker", "plain")


def holding(y):
    """In how many images of y [n, 32, 32] each class occurs."""
    return [(y == c).flatten(1).any(1).sum().item() for c in range(int(y.max()) + 1)]


def test_shapes_types_and_names():
    data = load("textures_seg", n_max=7, n_test=3)
    assert data.x.shape == (7, 1, 32, 32)
    assert data.y.shape == (7, 32, 32)
    assert data.x_test.shape == (3, 1, 32, 32)
    assert data.y_test.shape == (3, 32, 32)
    assert data.x.dtype == torch.float32
    assert data.y.dtype == torch.int64
    assert data.class_names == ("background", *NAMES)
    assert data.num_classes == 5


@pytest.mark.parametrize("rho", [1, 10, 100])
def test_rho_is_that_of_the_images_that_hold_a_texture(rho):
    data = load("textures_seg", rho=rho, n_max=200)
    expected = [int(200 * rho ** (-c / 3) + 1e-9) for c in range(4)]
    assert holding(data.y) == [200, *expected]
    assert holding(data.y_test) == [200] * 5  # and every one in every test image


def test_which_images_hold_one_texture_says_nothing_of_another():
    y = load("textures_seg", rho=8, n_max=400).y.flatten(1)
    held = torch.stack([(y == c).any(1) for c in range(2, 5)]).float()  # in 200, 100 and 50
    together = held @ held.T
    for (a, b), expected in {(0, 1): 50, (0, 2): 25, (1, 2): 12.5}.items():
        assert together[a, b].item() == pytest.approx(expected, abs=4 * expected**0.5)
        assert together[a, b] < 0.8 * min(together[a, a], together[b, b])


def test_counts_are_those_of_the_pixels():
    data = load("textures_seg", rho=10)
    assert data.counts == tuple(int((data.y == c).sum()) for c in range(5))
    assert sum(data.counts) == 300 * 32 * 32
    assert data.rho == data.counts[0] / data.counts[4]
    assert data.rho > 50
    assert list(data.counts) == sorted(data.counts, reverse=True)


def test_a_larger_rho_takes_shapes_out_of_the_same_images():
    few, many = (load("textures_seg", rho=rho, n_max=40, seed=3) for rho in (20, 4))
    gone = few.y != many.y
    assert gone.any()
    assert (few.y[gone] == 0).all()
    assert torch.equal(few.x[:, 0][~gone], many.x[:, 0][~gone])
    assert torch.equal(few.x_test, many.x_test)


def test_other_counts_fewer_textures_and_another_order():
    data = load("textures_seg", counts=(9, 5, 5, 2), n_test=1)
    assert holding(data.y) == [9, 9, 5, 5, 2]
    two = load("textures_seg", classes=(3, 1), rho=4, n_max=12)
    assert two.class_names == ("background", "plain", "vertical")
    assert holding(two.y) == [12, 12, 3]
    orders = {
        load("textures_seg", n_max=1, rare="random", seed=seed).class_names for seed in range(9)
    }
    assert len(orders) > 3
    assert all(order[0] == "background" and sorted(order[1:]) == sorted(NAMES) for order in orders)


def test_each_texture_is_what_its_name_says():
    """Noise taken out by rounding: textures are 0 or 1, the background one half."""
    data = load("textures_seg", n_max=60)
    for x, y in zip(data.x[:, 0], data.y, strict=True):
        grey = (x * 2).round() / 2
        assert (grey[y == 0] == 0.5).float().mean() > 0.9
        for c, (same_in_row, same_in_column) in {
            1: (1, 0),
            2: (0, 1),
            3: (0, 0),
            4: (1, 1),
        }.items():
            rows, columns = (y == c).nonzero().T
            box = x[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] > 0.5
            inside = y[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] == c
            across = (box[:, 1:] == box[:, :-1])[inside[:, 1:] & inside[:, :-1]].float().mean()
            down = (box[1:] == box[:-1])[inside[1:] & inside[:-1]].float().mean()
            assert 0.25 < box[inside].float().mean() < 0.75 or c == 4  # half black, half white
            assert (across > 0.95) == bool(same_in_row)
            assert (down > 0.95) == bool(same_in_column)


def test_shapes_are_discs_and_squares_that_never_overlap():
    shapes, _, _ = textures_seg.scenes(500, np.random.default_rng(0))
    assert shapes.sum(1).max() == 1
    rows, columns = shapes.any(3).sum(2), shapes.any(2).sum(2)  # height and width of every shape
    assert rows.min() >= 6
    assert rows.max() <= 12
    filled = shapes.sum((2, 3)) / (rows * columns)
    squares = (filled == 1).mean()
    assert 0.4 < squares < 0.6
    assert abs(filled[filled < 1].mean() - np.pi / 4) < 0.06


def test_the_first_scenes_do_not_depend_on_how_many_there_are():
    a, b = (textures_seg.scenes(n, np.random.default_rng(2)) for n in (3, 9))
    for few, many in zip(a, b, strict=True):
        assert np.array_equal(few, many[:3])


def test_same_seed_same_images_and_other_seed_others():
    a, b, c = (load("textures_seg", n_max=5, n_test=2, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(a.x, b.x)
    assert torch.equal(a.y_test, b.y_test)
    assert not torch.equal(a.y, c.y)
    assert not torch.equal(a.y[:2], a.y_test)


def test_a_small_network_and_a_loss_for_segmentation_take_it_as_it_is():
    data = load("textures_seg", rho=4, n_max=8, n_test=2)
    model = fcn(data.num_classes, seed=0)
    arb_loss(model(data.x), data.y, counts=data.counts).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())
