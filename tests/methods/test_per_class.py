"""The criterion inside ordinary PyTorch loops, against steps written out by hand."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torchjd import aggregation

from imbal_lab.methods import PerClass, class_gradients, gd_step, pcngd_step, unit_directions
from imbal_lab.models import mlp

CLOSE = {"rtol": 0, "atol": 1e-13}


def flat_grad(model):
    return torch.cat([p.grad.flatten() for p in model.parameters()])


def direction(model, x, y):
    """What PCNGD puts into .grad, written out: [P]."""
    grads = class_gradients(model, x, y, 3)
    return sum(g / g.norm() for g in grads if g.norm() > 0)


@pytest.mark.parametrize(("rule", "step"), [({}, pcngd_step), ({"rule": torch.ones_like}, gd_step)])
def test_the_unchanged_loop_equals_the_explicit_step(rule, step, model, batch, params_of, moved):
    x, y = batch
    start, expected = params_of(model), params_of(model)
    for _ in range(20):
        expected = step(expected, class_gradients(moved(model, expected), x, y, 3), 0.05)
    moved(model, start)
    criterion = PerClass(model, 3, **rule)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(20):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    torch.testing.assert_close(params_of(model), expected, rtol=0, atol=1e-12)


def test_loss_norms_and_weights(model, batch):
    criterion = PerClass(model, 3)
    loss = criterion(model(batch[0]), batch[1])
    torch.testing.assert_close(loss, F.cross_entropy(model(batch[0]), batch[1]))
    loss.backward()
    norms = class_gradients(model, *batch, 3).norm(dim=1)
    torch.testing.assert_close(criterion.norms, norms)
    torch.testing.assert_close(criterion.weights, 1 / norms)


def test_your_own_rule(model, batch):
    criterion = PerClass(model, 3, rule=lambda norms: torch.tensor([0.0, 2.0, -1.0]))
    criterion(model(batch[0]), batch[1]).backward()
    _, g1, g2 = class_gradients(model, *batch, 3)
    torch.testing.assert_close(flat_grad(model), 2 * g1 - g2, **CLOSE)


def test_the_gramian_on_request(model, batch):
    criterion, grads = PerClass(model, 3), class_gradients(model, *batch, 3)
    criterion(model(batch[0]), batch[1]).backward()
    assert criterion.gram is None
    criterion.keep_gram = True
    (8 * criterion(model(batch[0]), batch[1])).backward()  # a scaled loss has the same Gramian
    torch.testing.assert_close(criterion.gram, grads @ grads.T)
    torch.testing.assert_close(criterion.weights, 1 / grads.norm(dim=1))


def test_to_keep_the_gramian_changes_no_bit_of_the_gradient(batch):
    """So that an instrument may switch it on in the middle of a training."""
    x, y = (v.repeat(30, *[1] * (v.ndim - 1)) for v in batch)  # 300 examples
    grads = []
    for keep in (False, True):
        model = mlp([3, 40, 3], seed=2)
        criterion = PerClass(model, 3)
        criterion.keep_gram = keep
        criterion(model(x.float()), y).backward()
        grads.append(flat_grad(model))
    assert torch.equal(*grads)


def test_a_rule_on_the_gramian(model, batch):
    """A rule that needs angles: half of each class whose gradient opposes that of class 0."""
    criterion = PerClass(model, 3, lambda gram: torch.where(gram[0] < 0, 0.5, 1.0), rule_on="gram")
    criterion(model(batch[0]), batch[1]).backward()
    grads = class_gradients(model, *batch, 3)
    factors = [0.5 if grads[0] @ g < 0 else 1.0 for g in grads]
    assert set(factors) == {0.5, 1.0}
    expected = sum(f * g for f, g in zip(factors, grads, strict=True))
    torch.testing.assert_close(flat_grad(model), expected, **CLOSE)


@pytest.mark.parametrize(
    ("weighting", "aggregator"),
    [
        (aggregation.IMTLGWeighting(), aggregation.IMTLG()),
        (aggregation.MGDAWeighting(), aggregation.MGDA()),
    ],
)
def test_a_weighting_of_torchjd_as_rule(weighting, aggregator, model, batch):
    """Against torchjd's own aggregation of the matrix of class gradients."""
    expected = aggregator(class_gradients(model, *batch, 3))
    PerClass(model, 3, weighting, rule_on="gram")(model(batch[0]), batch[1]).backward()
    torch.testing.assert_close(flat_grad(model), expected, rtol=1e-4, atol=1e-6)


def test_rule_on_something_else_is_refused(model):
    with pytest.raises(ValueError, match=r"rule_on='angles': choose one of \['gram', 'norms'\]"):
        PerClass(model, 3, rule_on="angles")


def test_momentum_and_weight_decay_act_on_the_combined_direction(model, batch, params_of, moved):
    """dx = -lr u with u = momentum * u + (v + decay * x): decay is never normalised."""
    x, y = batch
    lr, momentum, decay = 0.03, 0.9, 0.1
    start = params = params_of(model)
    buffer = torch.zeros_like(params)
    for _ in range(6):
        buffer = momentum * buffer + direction(moved(model, params), x, y) + decay * params
        params = params - lr * buffer
    moved(model, start)
    criterion = PerClass(model, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr, momentum=momentum, weight_decay=decay)
    for _ in range(6):
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()
    torch.testing.assert_close(params_of(model), params, rtol=0, atol=1e-12)


def test_two_backward_passes_add_up(model, batch):
    (x, y), criterion = batch, PerClass(model, 3)
    for half in (slice(0, 5), slice(5, None)):
        criterion(model(x[half]), y[half]).backward()
    expected = direction(model, x[:5], y[:5]) + direction(model, x[5:], y[5:])
    torch.testing.assert_close(flat_grad(model), expected, **CLOSE)


def test_the_sum_of_two_losses_gives_the_sum_of_their_directions(model, batch):
    (x, y), criterion = batch, PerClass(model, 3)
    (criterion(model(x[:5]), y[:5]) + criterion(model(x[5:]), y[5:])).backward()
    expected = direction(model, x[:5], y[:5]) + direction(model, x[5:], y[5:])
    torch.testing.assert_close(flat_grad(model), expected, **CLOSE)


@pytest.mark.parametrize("scale", [2.0, 65536.0, 0.5, 0.0])
def test_a_scaled_loss_scales_the_gradient(scale, model, batch):
    """So that GradScaler's unscale_ finds what it expects."""
    (scale * PerClass(model, 3)(model(batch[0]), batch[1])).backward()
    expected = scale * direction(model, *batch)
    torch.testing.assert_close(flat_grad(model), expected, rtol=1e-12, atol=1e-13)


def test_a_penalty_is_added_with_its_ordinary_gradient(model, batch, params_of):
    x, y = batch
    penalty = sum(p.square().sum() for p in model.parameters())
    (PerClass(model, 3)(model(x), y) + 0.1 * penalty).backward()
    expected = direction(model, x, y) + 0.2 * params_of(model)
    torch.testing.assert_close(flat_grad(model), expected, **CLOSE)


def test_clipping_sees_the_combined_direction(model, batch):
    PerClass(model, 3)(model(batch[0]), batch[1]).backward()
    length = nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    torch.testing.assert_close(length, direction(model, *batch).norm())


def test_no_grad_and_eval_give_the_plain_loss(model, batch):
    criterion, plain = PerClass(model, 3).eval(), F.cross_entropy(model(batch[0]), batch[1])
    with torch.no_grad():
        loss = criterion(model.eval()(batch[0]), batch[1])
    torch.testing.assert_close(loss, plain.detach())
    assert not loss.requires_grad
    criterion(model(batch[0]), batch[1]).backward()  # eval mode alone does not switch it off
    torch.testing.assert_close(flat_grad(model), direction(model, *batch), **CLOSE)


def test_a_frozen_model_has_nothing_to_run_backward(model, batch):
    loss = PerClass(model.requires_grad_(False), 3)(model(batch[0]), batch[1])
    assert not loss.requires_grad


def test_scheduler(model, batch, params_of, moved):
    x, y = batch
    start = params = params_of(model)
    for lr in (0.1, 0.1, 0.01, 0.01, 0.001):
        params = params - lr * direction(moved(model, params), x, y)
    moved(model, start)
    criterion, optimizer = PerClass(model, 3), torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2)
    for _ in range(5):
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()
        scheduler.step()
    torch.testing.assert_close(params_of(model), params, rtol=0, atol=1e-12)


def test_lbfgs_with_a_closure_walks_as_with_the_plain_loss(model, batch, params_of):
    """With weights of one the criterion must be what LBFGS sees from cross_entropy."""
    x, y = batch
    twin = copy.deepcopy(model)
    ends = []
    for net, criterion in (
        (model, PerClass(model, 3, rule=torch.ones_like)),
        (twin, nn.CrossEntropyLoss()),
    ):
        optimizer = torch.optim.LBFGS(net.parameters(), max_iter=8, line_search_fn="strong_wolfe")

        def closure(net=net, criterion=criterion, optimizer=optimizer):
            optimizer.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            return loss

        first = optimizer.step(closure).item()
        ends.append(params_of(net))
        assert closure().item() < 0.7 * first
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-8, atol=1e-8)


def test_adam_gets_the_direction(model, batch, params_of):
    start, v = params_of(model), direction(model, *batch)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    PerClass(model, 3)(model(batch[0]), batch[1]).backward()
    optimizer.step()
    expected = start - 0.01 * v / (v.abs() + 1e-8)  # Adam's first step
    torch.testing.assert_close(params_of(model), expected, rtol=1e-10, atol=1e-12)


def test_an_absent_class_and_a_batch_of_one(model, batch):
    x, y = batch
    criterion = PerClass(model, 3)
    loss = criterion(model(x[3:4]), y[3:4])
    loss.backward()
    assert loss.isfinite()
    assert criterion.norms[:2].tolist() == criterion.weights[:2].tolist() == [0.0, 0.0]
    assert flat_grad(model).norm().item() == pytest.approx(1, rel=1e-12)


def test_a_fitted_class_has_no_gradient_and_no_nan(batch):
    """Logits so far apart that class 0's loss and gradient underflow to zero."""
    model = nn.Linear(1, 2, bias=False).double()
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1000.0], [0.0]]))
    x, y = torch.ones(3, 1, dtype=torch.float64), torch.tensor([0, 0, 1])
    PerClass(model, 2)(model(x), y).backward()
    assert flat_grad(model).norm().item() == pytest.approx(1)


def test_nothing_of_the_model_is_in_the_criterion(model, batch):
    criterion = PerClass(model, 3)
    criterion(model(batch[0]), batch[1]).backward()
    assert criterion.state_dict() == {}
    assert list(criterion.parameters()) == list(criterion.children()) == []
    criterion.load_state_dict({})


def test_model_and_criterion_copied_or_pickled_together(model, batch):
    criterion = PerClass(model, 3)
    criterion(model(batch[0]), batch[1]).backward()
    pair = (model, criterion)
    for net, own in (copy.deepcopy(pair), pickle.loads(pickle.dumps(pair))):
        net.zero_grad()
        own(net(batch[0]), batch[1]).backward()
        torch.testing.assert_close(flat_grad(net), flat_grad(model), **CLOSE)


def test_a_model_moved_to_another_dtype_afterwards(batch):
    x, y = batch
    model = nn.Linear(3, 3)
    criterion = PerClass(model, 3)
    model.double()
    criterion(model(x), y).backward()
    torch.testing.assert_close(flat_grad(model), direction(model, x, y), **CLOSE)


def test_parameters_frozen_or_thawed_afterwards(model, batch):
    x, y = batch
    criterion = PerClass(model, 3)
    model[0].requires_grad_(False)
    criterion(model(x), y).backward()
    assert model[0].weight.grad is None
    head = class_gradients(model[2], model[:2](x).detach(), y, 3)  # the last layer on its own
    expected = unit_directions(head).sum(dim=0)
    grad = torch.cat([p.grad.flatten() for p in model[2].parameters()])
    torch.testing.assert_close(grad, expected, **CLOSE)
    model[0].requires_grad_(True)
    model.zero_grad()
    criterion(model(x), y).backward()
    torch.testing.assert_close(flat_grad(model), direction(model, x, y), **CLOSE)


def test_a_parameter_without_a_part_in_the_loss_is_not_decayed(model, batch):
    """As in the ordinary loop: its .grad stays None, so SGD leaves it alone."""
    idle = nn.Parameter(torch.ones(2, dtype=torch.float64))
    model.register_parameter("idle", idle)
    PerClass(model, 3)(model(batch[0]), batch[1]).backward()
    assert idle.grad is None
    torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.5).step()
    assert idle.tolist() == [1.0, 1.0]


def test_the_class_gradients_of_a_joint_batchnorm_pass_are_exact():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).double()
    x, y = torch.randn(8, 2, dtype=torch.float64), torch.tensor([0, 0, 0, 0, 0, 0, 1, 1])
    PerClass(model, 2, rule=torch.ones_like, class_by_class=True)(model(x), y).backward()
    weighted = flat_grad(model)
    model.zero_grad()
    F.cross_entropy(model(x), y).backward()
    torch.testing.assert_close(weighted, flat_grad(model), **CLOSE)


class Twice(nn.Module):
    """One layer used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.head = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.inner(self.inner(x).tanh()))


def normed() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))


@pytest.mark.parametrize(
    ("make", "remedy"),
    [
        (normed, r"mixes the classes.*nn\.GroupNorm.*eval mode.*class_by_class=True"),
        (lambda: nn.Sequential(normed(), nn.Softsign()), r"mixes the classes"),  # no rule either
        (Twice, r"used more than once.*layer of its own.*class_by_class=True"),
        (lambda: nn.Sequential(Twice(), nn.Softsign()), r"used more than once"),
    ],
)
def test_batchnorm_and_shared_layers_are_refused_until_allowed(make, remedy, batch):
    model = make().double()
    with pytest.raises(ValueError, match=remedy):
        PerClass(model, 3)(model(batch[0]), batch[1]).backward()
    assert all(p.grad is None for p in model.parameters())
    criterion = PerClass(model, 3, class_by_class=True)
    criterion(model(batch[0]), batch[1]).backward()
    assert criterion.engine_note.startswith("one backward pass a class: ")


def test_a_module_without_a_rule_needs_no_permission(batch):
    model = nn.Sequential(nn.Linear(3, 3), nn.Softsign()).double()
    criterion = PerClass(model, 3)
    criterion(model(batch[0]), batch[1]).backward()
    assert criterion.engine_note == "one backward pass a class: there is no rule for Abs"
    torch.testing.assert_close(flat_grad(model), direction(model, *batch), **CLOSE)


def test_another_number_of_outputs_is_refused(model, batch):
    with pytest.raises(ValueError, match="num_classes=2: the model has 3 outputs"):
        PerClass(model, 2)(model(batch[0]), batch[1])


def test_a_second_backward_on_the_same_loss_is_refused(model, batch):
    loss = PerClass(model, 3)(model(batch[0]), batch[1])
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match=r"loss: backward.*fresh loss"):
        loss.backward()


def test_autograd_grad_says_that_it_sees_nothing(model, batch):
    loss = PerClass(model, 3)(model(batch[0]), batch[1])
    with pytest.raises(RuntimeError, match="not have been used"):
        torch.autograd.grad(loss, list(model.parameters()))
