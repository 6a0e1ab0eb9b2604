"""Two stages on a small network with batch normalisation and dropout: what moves, what does not."""

import copy
import io
import math
from collections import OrderedDict

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import ABSGD, TrainOnly, reinitialize


@pytest.fixture
def net(model):
    """Two hidden blocks; "body.1" has statistics, "body.3" drops, "head" is the classifier."""
    body = nn.Sequential(model[0], nn.BatchNorm1d(5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 5))
    return nn.Sequential(OrderedDict(body=body, head=model[2])).double()


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=0.1)


def train(net, optimizer, batch, steps, criterion=F.cross_entropy):
    """An ordinary loop, which puts everything in training mode at each step."""
    x, y = batch
    for _ in range(steps):
        net.train()
        optimizer.zero_grad()
        criterion(net(x), y).backward()
        optimizer.step()


def state(net, prefix=""):
    return {k: v.clone() for k, v in net.state_dict().items() if k.startswith(prefix)}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_only_the_named_part_trains_bit_by_bit(net, batch):
    """Parameters, running statistics and their counter, under momentum and weight decay."""
    body, head = state(net, "body"), state(net, "head")
    stage = TrainOnly(net, "head")
    assert [id(p) for p in stage.parameters] == [id(p) for p in net.head.parameters()]
    train(net, sgd(stage.parameters), batch, 5)
    assert same(state(net, "body"), body)
    after = state(net, "head")
    assert not any(torch.equal(after[k], head[k]) for k in head)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_the_optimizer_of_stage_one_does_not_move_frozen_weights(net, batch, set_to_none):
    """It holds them all, with momentum buffers, old gradients and weight decay."""
    optimizer = sgd(net.parameters())
    train(net, optimizer, batch, 3)  # leaves gradients behind
    body = state(net, "body")
    TrainOnly(net, "head")
    optimizer.zero_grad(set_to_none=set_to_none)
    optimizer.step()
    train(net, optimizer, batch, 3)
    assert same(state(net, "body"), body)


def test_training_with_frozen_features_is_training_a_linear_model(net, batch):
    """The head alone, on features taken once in eval mode."""
    x, y = batch
    train(net, sgd(net.parameters()), batch, 2)
    with torch.no_grad():
        features = net.eval().body(x)
    alone = copy.deepcopy(net.head)
    train(net, sgd(TrainOnly(net, "head").parameters), batch, 5)
    train(alone, sgd(alone.parameters()), (features, y), 5)
    torch.testing.assert_close(net.head.weight, alone.weight, rtol=1e-12, atol=0)


def test_a_part_that_trains_keeps_its_dropout_and_its_statistics(net, batch):
    head, lowest = state(net, "head"), state(net, "body.0")
    stage = TrainOnly(net, "body.1", "body.3", "body.4")
    before = state(net, "body.1")
    train(net, sgd(stage.parameters), batch, 2)
    after = state(net, "body.1")
    assert not any(torch.equal(after[k], before[k]) for k in before)
    assert net.body[3].training
    assert net.training
    assert same(state(net, "head"), head)
    assert same(state(net, "body.0"), lowest)


def test_frozen_modules_ignore_train_mode_even_when_called_alone(net, batch):
    TrainOnly(net, "head")
    net.train()
    found = net.body(batch[0])
    assert torch.equal(found, net.eval().body(batch[0]))
    assert not found.requires_grad


def test_the_end_of_the_block_restores_everything(net, batch):
    net.head.bias.requires_grad_(False)
    net.body[1].eval()
    flags = [p.requires_grad for p in net.parameters()]
    modes = [m.training for m in net.modules()]
    with TrainOnly(net, "head"):
        assert net.head.bias.requires_grad
        net(batch[0])
        assert not net.body[3].training
    assert [p.requires_grad for p in net.parameters()] == flags
    assert [m.training for m in net.modules()] == modes
    assert not any(m._forward_pre_hooks for m in net.modules())


def test_a_frozen_model_can_be_copied_and_saved(net, batch):
    TrainOnly(net, "head")
    saved = io.BytesIO()
    torch.save(net, saved)
    saved.seek(0)
    for again in (copy.deepcopy(net), torch.load(saved, weights_only=False)):
        body = state(again, "body")
        train(again, sgd(p for p in again.parameters() if p.requires_grad), batch, 2)
        assert same(state(again, "body"), body)


@pytest.mark.parametrize("recipe", ["crt", "absgd"])
def test_a_run_interrupted_midway_is_the_same_run(net, batch, recipe):
    """Stage one, stage two, with everything rebuilt from saved state in the middle of two."""

    def second_stage(net):
        stage = TrainOnly(net, "head")
        if recipe == "crt":
            return stage, F.cross_entropy
        return stage, ABSGD(lam=2.0, gamma=0.3)

    fresh = copy.deepcopy(net)
    train(net, sgd(net.parameters()), batch, 3)
    stage, criterion = second_stage(net)
    if recipe == "crt":
        reinitialize(net.head, seed=1)
    optimizer = sgd(stage.parameters)
    train(net, optimizer, batch, 3, criterion)
    saved = [copy.deepcopy(part.state_dict()) for part in (net, optimizer)]
    saved.append(copy.deepcopy(criterion.state_dict()) if recipe == "absgd" else None)
    train(net, optimizer, batch, 3, criterion)

    fresh.load_state_dict(saved[0])
    stage, criterion = second_stage(fresh)
    optimizer = sgd(stage.parameters)
    optimizer.load_state_dict(saved[1])
    if recipe == "absgd":
        criterion.load_state_dict(saved[2])
    train(fresh, optimizer, batch, 3, criterion)
    assert same(state(fresh), state(net))


def test_absgd_recipe(net, batch):
    """Plain cross-entropy with lam = inf, then a finite lam for the upper layers."""
    twin = copy.deepcopy(net)
    criterion = ABSGD(lam=math.inf)
    torch.manual_seed(0)
    train(net, sgd(net.parameters()), batch, 3, criterion)
    torch.manual_seed(0)
    train(twin, sgd(twin.parameters()), batch, 3)
    torch.testing.assert_close(net.state_dict(), twin.state_dict())
    criterion.lam = 0.5
    body, head = state(net, "body.0"), state(net, "head")
    train(net, sgd(TrainOnly(net, "body.4", "head").parameters), batch, 2, criterion)
    assert same(state(net, "body.0"), body)
    assert not same(state(net, "head"), head)
    assert criterion.log_u.isfinite()


def test_reinitialize_draws_torchs_default_law_from_its_seed():
    head = nn.Linear(400, 50)
    state_before = torch.get_rng_state()
    reinitialize(head, seed=3)
    assert torch.equal(torch.get_rng_state(), state_before)
    first = head.weight.clone()
    assert first.abs().max().item() == pytest.approx(1 / 20, rel=1e-3)
    assert first.var().item() == pytest.approx(1 / 400 / 3, rel=0.03)
    assert head.bias.abs().max() <= 1 / 20
    assert head.bias.unique().numel() == 50
    reinitialize(head, seed=3)
    assert torch.equal(head.weight, first)
    reinitialize(head, seed=4)
    assert not torch.equal(head.weight, first)


def test_reinitialize_a_convolution_by_its_fan_in():
    head = nn.Sequential(nn.Conv2d(8, 30, 5, groups=2, bias=False), nn.ReLU(), nn.Conv2d(30, 2, 1))
    weight = head[0].weight
    reinitialize(head)
    assert head[0].weight is weight  # in place: an optimizer keeps hold of it
    assert weight.abs().max().item() == pytest.approx((4 * 25) ** -0.5, rel=1e-2)
    assert head[2].weight.abs().max().item() == pytest.approx(30**-0.5, rel=0.05)


def test_what_cannot_be_drawn_anew_is_refused_and_left_alone():
    head = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    before = head[0].weight.clone()
    with pytest.raises(ValueError, match=r"classifier: holds a BatchNorm1d"):
        reinitialize(head)
    assert torch.equal(head[0].weight, before)


def test_unknown_and_missing_parts_are_refused(net):
    with pytest.raises(ValueError, match=r"layer='fc': the model's layers are 'body', 'body\.0'"):
        TrainOnly(net, "head", "fc")
    with pytest.raises(ValueError, match="parts: name at least one"):
        TrainOnly(net)
    assert all(p.requires_grad for p in net.parameters())
