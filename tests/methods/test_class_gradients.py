import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import class_gradients, refuse_batchnorm
from imbal_lab.models import mlp


def test_finite_differences(model, batch, class_losses, params_of, moved):
    grads = class_gradients(model, *batch, 3)
    start, h = params_of(model), 1e-6
    for j in range(len(start)):
        nudge = torch.zeros_like(start).index_fill(0, torch.tensor(j), h)
        up = class_losses(moved(model, start + nudge), *batch, 3)
        down = class_losses(moved(model, start - nudge), *batch, 3)
        torch.testing.assert_close(grads[:, j], (up - down) / (2 * h), rtol=1e-5, atol=1e-9)


def per_example_sums(model, x, y, num_classes):
    """One gradient an example with torch.func, then a sum within each class."""
    named = {name: p.detach() for name, p in model.named_parameters()}

    def loss(params, example, label):
        return F.cross_entropy(functional_call(model, params, (example[None],)), label[None])

    rows = vmap(grad(loss), in_dims=(None, 0, 0))(named, x, y)
    flat = torch.cat([rows[name].flatten(1) for name in named], dim=1)
    return flat.new_zeros(num_classes, flat.shape[1]).index_add(0, y, flat) / len(y)


def test_per_example_gradients_summed_by_class(model, batch):
    expected = per_example_sums(model, *batch, 3)
    torch.testing.assert_close(class_gradients(model, *batch, 3), expected, rtol=1e-12, atol=1e-15)


def test_convolutional_network_with_groupnorm():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 4 * 4, 3)
    ).double()
    x, y = torch.randn(9, 1, 6, 6, dtype=torch.float64), torch.tensor([0, 0, 0, 0, 0, 1, 1, 1, 0])
    rows = class_gradients(model, x, y, 3)  # class 2 is absent
    torch.testing.assert_close(rows, per_example_sums(model, x, y, 3), rtol=1e-10, atol=1e-13)
    assert not rows[2].any()


def whole_gradient(model, x, y):
    pieces = torch.autograd.grad(F.cross_entropy(model(x), y), list(model.parameters()))
    return torch.cat([piece.flatten() for piece in pieces])


def test_rows_add_up_to_the_gradient_of_the_mean_loss(model, batch):
    total = class_gradients(model, *batch, 3).sum(dim=0)
    torch.testing.assert_close(total, whole_gradient(model, *batch), rtol=1e-12, atol=1e-15)


def test_softmax_regression_has_a_closed_form(batch):
    x, y = batch
    model = mlp([3, 3], seed=0).double()
    residual = model(x).softmax(dim=1).detach() - F.one_hot(y, 3)  # dloss/dlogits, [n, C]
    for c, row in enumerate(class_gradients(model, x, y, 3)):
        mine = y == c
        weight = residual[mine].T @ x[mine] / len(y)
        bias = residual[mine].sum(dim=0) / len(y)
        torch.testing.assert_close(row, torch.cat([weight.flatten(), bias]), rtol=1e-12, atol=0)


def test_an_absent_class_has_a_row_of_zeros(model, batch):
    x, y = batch
    keep = y != 1
    rows = class_gradients(model, x[keep], y[keep], 3)
    assert rows.shape[0] == 3
    assert not rows[1].any()
    assert rows[0].any()
    assert rows[2].any()


def test_batch_of_one(model, batch):
    x, y = batch
    rows = class_gradients(model, x[3:4], y[3:4], 3)
    torch.testing.assert_close(rows[2], whole_gradient(model, x[3:4], y[3:4]))
    assert not rows[:2].any()


def test_the_order_of_examples_plays_no_part(model, batch):
    x, y = batch
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        class_gradients(model, x[order], y[order], 3), class_gradients(model, x, y, 3)
    )


def test_relabelled_classes_swap_rows_and_output_units(model, batch):
    """Rename classes in the labels and in the last layer: the same rows, renamed likewise."""
    x, y = batch
    new_name = torch.tensor([2, 0, 1])
    old_name = new_name.argsort()
    before = class_gradients(model, x, y, 3)
    with torch.no_grad():
        last = model[-1]
        last.weight.copy_(last.weight[old_name].clone())
        last.bias.copy_(last.bias[old_name].clone())
    after = class_gradients(model, x, new_name[y], 3)
    hidden = 3 * 5 + 5  # parameters of the first layer, which no renaming touches
    torch.testing.assert_close(after[new_name, :hidden], before[:, :hidden])
    weights, biases = slice(hidden, hidden + 15), slice(hidden + 15, None)
    torch.testing.assert_close(
        after[new_name, weights].view(3, 3, 5)[:, new_name], before[:, weights].view(3, 3, 5)
    )
    torch.testing.assert_close(after[new_name, biases][:, new_name], before[:, biases])


def test_grad_and_parameters_are_left_alone(model, batch, params_of):
    clean = class_gradients(model, *batch, 3)
    start = params_of(model)
    for param in model.parameters():
        param.grad = torch.full_like(param, 7.0)
    torch.testing.assert_close(class_gradients(model, *batch, 3), clean, rtol=0, atol=0)
    assert all((param.grad == 7).all() for param in model.parameters())
    assert torch.equal(params_of(model), start)


def test_a_parameter_that_plays_no_part_counts_as_zero(model, batch):
    model.register_parameter("idle", nn.Parameter(torch.ones(4, dtype=torch.float64)))
    rows = class_gradients(model, *batch, 3)
    names = [name for name, p in model.named_parameters() for _ in range(p.numel())]
    idle = torch.tensor([name == "idle" for name in names])
    assert not rows[:, idle].any()
    assert rows[:, ~idle].any()


def test_batch_normalisation_is_refused_with_the_remedy():
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4))
    with pytest.raises(ValueError, match=r"'1' is BatchNorm1d.*use nn\.GroupNorm"):
        refuse_batchnorm(model)
    refuse_batchnorm(model.eval())
    refuse_batchnorm(nn.Sequential(nn.Linear(2, 4), nn.GroupNorm(2, 4)))
