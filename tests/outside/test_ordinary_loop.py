"""Every criterion with what people do around an ordinary loop."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn

from imbal_lab import methods
from imbal_lab.models import mlp

LOOP = {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3}


def step(model, criterion, optimizer, x, y):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def recall(model, x, y):
    """The smallest class recall."""
    right = model(x).argmax(dim=1) == y
    return min(right[y == c].double().mean().item() for c in range(3))


def same(a, b):
    """Bit for bit."""
    pairs = zip(a.state_dict().items(), b.state_dict().items(), strict=True)
    return all(k == j and torch.equal(v, w) for (k, v), (j, w) in pairs)


def test_the_list_of_criteria_is_complete(criteria, model):
    """Every criterion that the package exports is tried in this folder.

    Feature weakening needs the labels before the forward pass and has tests of its own here.
    """
    tried = {type(build(model)) for build in criteria.values()}
    offered = [getattr(methods, name) for name in methods.__all__]
    modules = {c for c in offered if isinstance(c, type) and issubclass(c, nn.Module)}
    assert modules - tried == {methods.MajorFeatureWeakening, methods.MixedLabelLoss}


def test_it_learns(build, model, data):
    criterion = build(model)
    optimizer = torch.optim.SGD(model.parameters(), **LOOP)
    assert recall(model, *data) < 0.5
    losses = [step(model, criterion, optimizer, *data) for _ in range(150)]
    assert recall(model, *data) > 0.9
    assert losses[-1] < 0.5 * losses[0]


def test_interrupted_and_resumed_is_the_same_run(build, model, data):
    """Model, criterion, optimizer and scheduler through a file, halfway."""

    def start(model):
        optimizer = torch.optim.SGD(model.parameters(), **LOOP)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 8)
        return model, build(model), optimizer, schedule

    def run(parts, steps):
        model, criterion, optimizer, schedule = parts
        for k in steps:
            rows = torch.arange(32) + 32 * (k % 3)
            step(model, criterion, optimizer, data[0][rows], data[1][rows])
            schedule.step()

    whole, first = start(copy.deepcopy(model)), start(copy.deepcopy(model))
    run(whole, range(8))
    run(first, range(4))
    file = io.BytesIO()
    torch.save([part.state_dict() for part in first], file)
    file.seek(0)
    second = start(mlp([4, 8, 3], seed=9))
    for part, state in zip(second, torch.load(file, weights_only=True), strict=True):
        part.load_state_dict(state)
    run(second, range(4, 8))
    assert same(whole[0], second[0])
    assert not same(whole[0], first[0])


def test_a_group_of_parameters_with_a_step_size_of_zero_stays(build, model, data):
    body, head = model[0], model[2]
    groups = [{"params": body.parameters(), "lr": 0.0}, {"params": head.parameters()}]
    before = copy.deepcopy(model)
    optimizer = torch.optim.SGD(groups, lr=0.1)
    for _ in range(3):
        step(model, build(model), optimizer, *data)
    assert same(body, before[0])
    assert not torch.equal(head.weight, before[2].weight)


def test_frozen_layers(build, model, data):
    before = copy.deepcopy(model)
    model[0].requires_grad_(False)
    step(model, build(model), torch.optim.SGD(model.parameters(), lr=0.1), *data)
    assert same(model[0], before[0])
    assert not torch.equal(model[2].weight, before[2].weight)


def test_lbfgs_calls_its_closure(build, model, data):
    x, y = data
    criterion, calls = build(model), []
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.05, max_iter=4)

    def closure():
        optimizer.zero_grad()
        calls.append(criterion(model(x), y))
        calls[-1].backward()
        return calls[-1]

    for _ in range(5):
        optimizer.step(closure)
    assert len(calls) > 5
    assert calls[-1] < calls[0]


def test_accumulated_gradients_are_those_of_the_sum(build, model, data):
    """Two micro-batches, each halved, as in gradient accumulation."""
    x, y = data
    twin = copy.deepcopy(model)
    for net, at_once in ((model, False), (twin, True)):
        criterion = build(net)
        halves = [criterion(net(x[k::2]), y[k::2]) / 2 for k in range(2)]
        for loss in [sum(halves)] if at_once else halves:
            loss.backward()
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad)


def test_grad_scaler_changes_nothing(build, model, data):
    """A power of two as scale: not one bit."""
    x, y = data
    twin = copy.deepcopy(model)
    for net, enabled in ((model, False), (twin, True)):
        criterion, optimizer = build(net), torch.optim.SGD(net.parameters(), **LOOP)
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10, enabled=enabled)
        for _ in range(4):
            optimizer.zero_grad()
            scaler.scale(criterion(net(x), y)).backward()
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(net.parameters(), 1e6)
            scaler.step(optimizer)
            scaler.update()
    assert same(model, twin)


def test_autocast_in_bfloat16(build, model, data):
    """Loss and gradients stay in single precision, and near to those without autocast."""
    x, y = data
    twin = copy.deepcopy(model)
    expected = build(twin)(twin(x), y)
    expected.backward()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(x)
        loss = build(model)(logits, y)
    assert logits.dtype == torch.bfloat16
    assert loss.dtype == torch.float32
    loss.backward()
    torch.testing.assert_close(loss, expected, rtol=0.02, atol=0.01)
    ours = torch.cat([p.grad.flatten() for p in model.parameters()])
    plain = torch.cat([p.grad.flatten() for p in twin.parameters()])
    assert nn.functional.cosine_similarity(ours, plain, dim=0) > 0.999
    torch.testing.assert_close(ours.norm(), plain.norm(), rtol=0.02, atol=0)


def test_double_precision(build, model, data):
    x, y = data
    twin = copy.deepcopy(model).double()
    single, double = build(model)(model(x), y), build(twin).double()(twin(x.double()), y)
    assert double.dtype == torch.float64
    torch.testing.assert_close(single.double(), double, rtol=1e-5, atol=1e-6)
    double.backward()
    assert all(p.grad.dtype == torch.float64 for p in twin.parameters())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_copies_go_on_by_themselves(copied, build, model, data):
    """Model and criterion together, midway: both then do the same and leave the other alone."""

    def go_on(model, criterion):
        step(model, criterion, torch.optim.SGD(model.parameters(), lr=0.1), *data)

    criterion = build(model)
    go_on(model, criterion)
    twin, its = copied((model, criterion))
    go_on(model, criterion)
    assert not same(model, twin)
    go_on(twin, its)
    assert same(model, twin)


def test_a_copy_without_its_model_says_so(model, data):
    """Before, it wrote to the gradients of a model that nobody trains, or to none."""
    criterion = copy.deepcopy(methods.PerClass(model, 3))
    loss = criterion(model(data[0]), data[1])
    with pytest.raises(ValueError, match=r"model: the loss depends on no trained parameter"):
        loss.backward()


def test_per_class_refuses_pixels_with_a_remedy_that_works():
    """Its class gradients are contributions to the mean over the rows."""
    generator = torch.Generator().manual_seed(0)
    net = nn.Conv2d(2, 3, 1)
    x, y = torch.randn(2, 2, 4, 5, generator=generator), torch.arange(40).reshape(2, 4, 5) % 3
    criterion = methods.PerClass(net, 3, rule=torch.ones_like)
    with pytest.raises(ValueError, match=r"logits: shape \(2, 3, 4, 5\); give one row an example"):
        criterion(net(x), y)
    criterion(net(x).movedim(1, -1).flatten(0, -2), y.flatten()).backward()
    (expected,) = torch.autograd.grad(nn.functional.cross_entropy(net(x), y), net.weight)
    torch.testing.assert_close(net.weight.grad, expected)


def test_dropout_draws_the_same_masks(build, data, plain_loop):
    """The criterion takes nothing out of torch's random stream."""
    drops = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 3))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        plain_loop(drops, build, [data], epochs=3, lr=0.1)
        after = torch.get_rng_state()
        torch.manual_seed(0)
        plain_loop(drops, lambda _: nn.CrossEntropyLoss(), [data], epochs=3, lr=0.1)
        assert torch.equal(torch.get_rng_state(), after)
