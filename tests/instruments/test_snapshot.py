"""A snapshot against other ways to compute the same, and what it must leave alone."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.data import load
from imbal_lab.instruments import snapshot_steps, take_snapshot
from imbal_lab.instruments.snapshot import FEATURES_SHOWN, QUANTITIES
from imbal_lab.methods import ABSGD


def by_hand(model, x):
    """Hidden values and logits of mlp([2, 6, 3]) in NumPy."""
    w1, b1, w2, b2 = (p.detach().numpy() for p in model.parameters())
    hidden = np.tanh(x.numpy() @ w1.T + b1)
    return hidden, hidden @ w2.T + b2


def test_only_what_is_wanted(model, dataset):
    seen = take_snapshot(model, dataset, 7, ("angles",))
    assert seen.step == 7
    filled = [name for name, value in vars(seen).items() if value is not None]
    assert filled == ["step", "angles"]


def test_losses_one_at_a_time(model, dataset):
    seen = take_snapshot(model, dataset, 0, ("sample_loss",)).sample_loss
    for loss, row, label in zip(seen, by_hand(model, dataset.x)[1], dataset.y, strict=True):
        expected = math.log(sum(math.exp(z) for z in row)) - row[label]
        assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_features_lie_in_the_plane_of_the_class_means(model, dataset):
    """Distances in the plane are those of NumPy's principal directions, which may be turned."""
    seen = take_snapshot(model, dataset, 0, ("features",))
    hidden, test = by_hand(model, dataset.x)[0], by_hand(model, dataset.x_test)[0]
    means = np.stack([hidden[dataset.y == c].mean(axis=0) for c in range(3)])
    middle = means.mean(axis=0)
    values, vectors = np.linalg.eigh((means - middle).T @ (means - middle))
    plane = vectors[:, -2:]
    expected = np.concatenate([hidden, test]) @ plane
    ours = torch.cat([seen.features, seen.features_test]).numpy()
    between = [np.linalg.norm(p[:, None] - p, axis=2) for p in (expected, ours)]
    np.testing.assert_allclose(*between, atol=1e-9)
    assert seen.features_share == pytest.approx(values[-2:].sum() / values.sum())
    assert torch.equal(seen.features_y, dataset.y)
    assert torch.equal(seen.features_test_y, dataset.y_test)


def test_as_many_features_are_shown_of_every_class():
    data = load("gauss2d", rho=4, n_max=200, n_test=100)
    model = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 4))
    seen = take_snapshot(model, data, 0, ("features",))
    share = FEATURES_SHOWN // 4
    assert torch.bincount(seen.features_y).tolist() == [min(n, share) for n in data.counts]
    assert torch.bincount(seen.features_test_y).tolist() == [share] * 4
    assert min(data.counts) < share < max(data.counts)  # or the line above says little


def rows_by_autograd(model, x, y, n):
    rows = []
    for c in range(3):
        loss = sum(F.cross_entropy(model(a[None]), b[None]) for a, b in zip(x, y) if b == c) / n  # noqa: B905
        rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, model.parameters())]))
    return rows


def test_inner_products_of_the_class_gradients(model, dataset):
    rows = rows_by_autograd(model, dataset.x, dataset.y, len(dataset.y))
    gram = take_snapshot(model, dataset, 0, ("gram",)).gram
    for a in range(3):
        for b in range(3):
            assert gram[a, b].item() == pytest.approx((rows[a] * rows[b]).sum().item(), rel=1e-9)


def test_cosines_of_the_centred_classifier(model, dataset):
    weight = list(model.parameters())[-2].detach().numpy()
    w = weight - weight.mean(axis=0)
    expected = [[a @ b / math.sqrt((a @ a) * (b @ b)) for b in w] for a in w]
    seen = take_snapshot(model, dataset, 0, ("angles",)).angles
    np.testing.assert_allclose(seen, expected, atol=1e-12)


def test_a_perfect_simplex_has_the_angles_of_one(model, dataset):
    corners = torch.eye(3, dtype=torch.float64) + 0.7  # the same vector added to all
    with torch.no_grad():
        model[-1].weight.zero_()[:, :3] = corners
    seen = take_snapshot(model, dataset, 0, ("angles",)).angles
    torch.testing.assert_close(seen, 1.5 * torch.eye(3, dtype=torch.float64) - 0.5)


def test_feature_gradients_by_autograd(model, dataset):
    norms = {c: [] for c in range(3)}
    for x, y in zip(dataset.x, dataset.y, strict=True):
        hidden = model[:-1](x[None]).detach().requires_grad_()
        (grad,) = torch.autograd.grad(F.cross_entropy(model[-1](hidden), y[None]), hidden)
        norms[int(y)].append(grad.norm().item())
    seen = take_snapshot(model, dataset, 0, ("feature_gradient",)).feature_gradient
    np.testing.assert_allclose(seen, [np.mean(norms[c]) for c in range(3)], rtol=1e-9)


def test_the_projection_is_the_mean_over_the_batches(model, dataset):
    batches = [torch.tensor([0, 1, 12, 17]), torch.tensor([3, 13, 14])]  # the last without class 2
    full = rows_by_autograd(model, dataset.x, dataset.y, 1)
    expected = torch.zeros(3, dtype=torch.float64)
    for rows in batches:
        for c in range(3):
            mine = rows[dataset.y[rows] == c]
            if len(mine):
                part = rows_by_autograd_of_one(model, dataset, mine)
                expected[c] += F.cosine_similarity(part, full[c], dim=0) / 2
    seen = take_snapshot(model, dataset, 0, ("projection",), batches=batches).projection
    torch.testing.assert_close(seen, expected)
    assert expected[2] < 0.6  # half of its batches hold nothing of class 2


def rows_by_autograd_of_one(model, dataset, rows):
    loss = F.cross_entropy(model(dataset.x[rows]), dataset.y[rows])
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, model.parameters())])


def test_nothing_of_the_model_changes(dataset):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 6), nn.Dropout(0.5), nn.BatchNorm1d(6), nn.Linear(6, 3))
    model = model.double().train()
    model[2].eval()  # a part that was frozen on purpose
    before, random = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    criterion = ABSGD(0.5)
    first, second = (
        take_snapshot(model, dataset, 0, QUANTITIES, criterion, [torch.arange(4)]) for _ in range(2)
    )
    for name, value in vars(first).items():  # so dropout was off, too
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, getattr(second, name)), name
            assert not value.requires_grad
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert torch.equal(random, torch.get_rng_state())
    assert [part.training for part in model] == [True, True, False, True]
    assert criterion.training
    assert criterion.log_u.isneginf()
    assert not model[-1]._forward_pre_hooks


def test_what_cannot_be_taken_is_named(model, dataset):
    with pytest.raises(ValueError, match=r"unknown \['norms'\].*regions"):
        take_snapshot(model, dataset, 0, ("norms",))
    with pytest.raises(ValueError, match="batches"):
        take_snapshot(model, dataset, 0, ("projection",))
    pixels = load("textures_seg", rho=2, n_max=4, n_test=2)
    with pytest.raises(ValueError, match="one label an example"):
        take_snapshot(model, pixels, 0, ("regions",))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [(0, (0,)), (1, (0, 1)), (6, (0, 1, 2, 3, 5, 6)), (12, (0, 1, 2, 3, 5, 8, 12))],
)
def test_steps_begin_at_the_first_and_end_with_the_last(steps, expected):
    assert snapshot_steps(steps) == expected


def test_steps_of_a_usual_run():
    assert snapshot_steps(300) == (0, 1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 300)
