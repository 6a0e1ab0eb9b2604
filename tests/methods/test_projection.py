"""The noise meter: exact on a model of two parameters, and what it must not depend on."""

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.data import ClassBatches, load
from imbal_lab.methods import class_gradients, class_weighted_loss, projections
from imbal_lab.models import mlp


@pytest.fixture
def large():
    """Two classes ten to one, 300 and 30 in double precision, and a network for them."""
    data = load("gauss2d", classes=(0, 1), rho=10, n_max=300, n_test=2).to(torch.float64)
    return data, mlp([2, 8, 2], seed=1).double()


def measured(data, model, batches):
    full = class_gradients(model, data.x, data.y, data.num_classes)
    found = [
        projections(class_gradients(model, data.x[rows], data.y[rows], data.num_classes), full)
        for rows in batches
    ]
    return torch.stack(found).mean(dim=0)


def test_by_hand():
    grads = torch.tensor([[3.0, 4.0], [1.0, 1.0], [0.0, -7.0]])
    full = torch.tensor([[0.0, 2.0], [5.0, 5.0], [0.0, 1.0]])
    torch.testing.assert_close(projections(grads, full), torch.tensor([0.8, 1.0, -1.0]))


def test_equals_torchs_cosine_of_whole_vectors_and_not_a_mean_over_layers(model, batch):
    x, y = batch
    full = class_gradients(model, x, y, 3)
    some = class_gradients(model, x[:6], y[:6], 3)
    expected = F.cosine_similarity(some, full, dim=1)
    torch.testing.assert_close(projections(some, full), expected, rtol=1e-12, atol=0)
    sizes = [p.numel() for p in model.parameters()]
    layers = zip(some.split(sizes, dim=1), full.split(sizes, dim=1), strict=True)
    by_layer = torch.stack([F.cosine_similarity(a, b, dim=1) for a, b in layers]).mean(dim=0)
    with_all = F.cosine_similarity(some, full.sum(dim=0, keepdim=True), dim=1)
    assert (by_layer - expected).abs().max() > 1e-3
    assert (with_all - expected).abs().max() > 0.1


def test_one_when_the_batch_is_the_whole_class(model, batch):
    x, y = batch
    full = class_gradients(model, x, y, 3)
    rows = torch.cat([torch.nonzero(y == 2).flatten(), torch.tensor([0, 1])])
    p = projections(class_gradients(model, x[rows], y[rows], 3), full)
    assert p[2].item() == pytest.approx(1, abs=1e-12)
    assert p[0] < 0.999


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_length_of_either_vector_plays_no_part(model, batch, factor):
    x, y = batch
    full, some = class_gradients(model, x, y, 3), class_gradients(model, x[:5], y[:5], 3)
    torch.testing.assert_close(projections(factor * some, full), projections(some, full))
    torch.testing.assert_close(projections(some, factor * full), projections(some, full))


def test_in_range_whatever_the_rounding():
    grads = torch.rand(50, 7, generator=torch.Generator().manual_seed(0)) * 1e3
    p = projections(torch.cat([grads, -grads]), torch.cat([grads, grads]))
    assert (p.abs() <= 1).all()
    torch.testing.assert_close(
        p, torch.ones(50).repeat(2) * torch.tensor([1.0, -1]).repeat_interleave(50)
    )
    assert torch.acos(p).isfinite().all()


def test_a_class_without_gradient_has_projection_zero():
    grads = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]])
    full = torch.tensor([[1.0, 0.0], [0.0, 0.0], [2.0, 4.0]])
    torch.testing.assert_close(projections(grads, full), torch.tensor([0.0, 0.0, 1.0]))


def test_nan_is_not_taken_for_zero():
    grads = torch.tensor([[1.0, float("nan")]])
    assert projections(grads, torch.ones(1, 2)).isnan().all()


@pytest.mark.parametrize("shapes", [((2, 3), (2, 4)), ((3,), (3,))])
def test_shapes_that_do_not_fit(shapes):
    with pytest.raises(ValueError, match=r"grads, full_grads: shapes .* of the same model twice"):
        projections(*map(torch.ones, shapes))


def test_the_rare_class_is_noisier_and_oversampling_repairs_it(large):
    data, model = large
    natural = measured(data, model, ClassBatches(data.y, 22))
    assert natural[0] - natural[1] > 0.1
    equal = measured(data, model, ClassBatches(data.y, 22, oversample=True))
    assert abs(equal[0] - equal[1]) < 0.5 * (natural[0] - natural[1])


def test_class_weights_do_not_repair_it(large):
    """The shortcut for oversampling: weights on natural batches leave every p_l as it is."""
    data, model = large
    weights = torch.tensor([0.55, 5.5], dtype=torch.float64)

    def weighted_gradient(rows, c):
        mine = rows[data.y[rows] == c]
        loss = class_weighted_loss(model(data.x[mine]), data.y[mine], weights, reduction="sum")
        grads = torch.autograd.grad(loss / len(rows), tuple(model.parameters()))
        return torch.cat([g.flatten() for g in grads])

    everything = torch.arange(len(data.y))
    full = torch.stack([weighted_gradient(everything, c) for c in range(2)])
    batches = ClassBatches(data.y, 22)
    found = [
        projections(torch.stack([weighted_gradient(rows, c) for c in range(2)]), full)
        for rows in batches
    ]
    batches.epoch = 0
    torch.testing.assert_close(torch.stack(found).mean(dim=0), measured(data, model, batches))


def test_noise_falls_as_one_over_the_examples_of_the_class():
    """1/p^2 - 1 ~ 1/n~: for one linear layer at zero weights the gradient is a mean of rows.

    Gradients are the rows of x, centre (1, 0, ...) and unit noise in 100 dimensions; with n~ of
    them 1/p^2 - 1 is about 100/n~.
    """
    generator = torch.Generator().manual_seed(0)
    centre = torch.zeros(100, dtype=torch.float64)
    centre[0] = 1
    found = []
    for size in (50, 100, 400):
        noise = torch.randn(100, size, 100, generator=generator, dtype=torch.float64).mean(dim=1)
        p = projections(centre + noise, centre.expand(100, -1))
        found.append((p.pow(-2) - 1).mean().item() * size)
    assert found == pytest.approx([99] * 3, rel=0.2)
