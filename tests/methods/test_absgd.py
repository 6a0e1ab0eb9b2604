"""ABSGD against closed forms, autograd of its objective, and a plain recursion in u."""

import copy
import math
from decimal import Decimal

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import (
    ABSGD,
    ARBLoss,
    CDTLoss,
    ClassWeightedLoss,
    FocalLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    absgd_loss,
    absgd_weights,
    log_mean_exp,
    robust_loss,
    running_normaliser,
)

LOSSES = torch.tensor([0.3, 2.0, 0.0, 4.5, 1.1], dtype=torch.float64)


def identity(losses):
    return losses


def weights(losses, lam, **given):
    """d loss / d losses, times B."""
    losses = losses.detach().clone().requires_grad_()
    absgd_loss(losses, lam, reduction="sum", **given).backward()
    return losses.grad


def module_weights(criterion, losses):
    losses = losses.detach().clone().requires_grad_()
    criterion(losses).backward()
    return losses.grad * losses.numel()


def test_by_hand():
    losses = torch.tensor([0.0, 1.0, 2.0])
    p = torch.tensor([0.0900306, 0.2447285, 0.6652410])
    torch.testing.assert_close(weights(losses, 1.0) / 3, p)
    torch.testing.assert_close(weights(losses, -1.0) / 3, p.flip(0))
    assert absgd_loss(losses, 1.0).item() == pytest.approx(1.5752104)
    assert log_mean_exp(losses, 1.0).item() == pytest.approx(1.3089937)
    assert -log_mean_exp(losses, -1.0).item() == pytest.approx(0.6910063)


@pytest.mark.parametrize("lam", [5.0, 1.0, 0.3, -0.3, -1.0, -5.0])
def test_gradient_is_that_of_the_objective(lam):
    """Autograd of F = lam log mean exp(l / lam), written without our functions."""
    losses = LOSSES.clone().requires_grad_()
    (lam * (losses / lam).exp().mean().log()).backward()
    torch.testing.assert_close(weights(LOSSES, lam) / 5, losses.grad, rtol=1e-12, atol=1e-15)
    assert (weights(LOSSES, lam) >= 0).all()


@pytest.mark.parametrize("lam", [3.0, 0.4, -0.4, -3.0])
def test_the_robust_loss_is_the_best_bargain_of_an_adversary(lam):
    """max (for lam < 0: min) over p of sum p l - lam KL(p, 1/n), by trying many p."""

    def bargain(p):
        return (p * LOSSES).sum(-1) - lam * torch.special.xlogy(p, 5 * p).sum(-1)

    torch.manual_seed(0)
    found = bargain(torch.distributions.Dirichlet(torch.full((5,), 0.5).double()).sample((2000,)))
    best = robust_loss(LOSSES, lam)
    assert (math.copysign(1, lam) * (best - found) >= 0).all()
    torch.testing.assert_close(bargain(absgd_weights(LOSSES, lam) / 5), best)


def test_the_robust_loss_lies_between_mean_and_extreme():
    for lam, limit in ((1e6, LOSSES.mean()), (1e-3, LOSSES.max()), (-1e-3, LOSSES.min())):
        assert robust_loss(LOSSES, lam).item() == pytest.approx(limit.item(), abs=2e-3)
    torch.testing.assert_close(robust_loss(LOSSES, 0.7), 0.7 * log_mean_exp(LOSSES, 0.7))


@pytest.mark.parametrize("lam", [0.02, -0.02])
def test_robust_loss_and_weights_in_forty_digits(lam):
    """exp(l / lam) up to e^225, in decimal arithmetic, which has no overflow there."""
    exps = [(Decimal(each) / Decimal(lam)).exp() for each in LOSSES.tolist()]
    mean = sum(exps) / 5
    assert robust_loss(LOSSES, lam).item() == pytest.approx(lam * float(mean.ln()), rel=1e-12)
    expected = [float(e / mean) for e in exps]
    assert absgd_weights(LOSSES, lam).tolist() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("gamma", [0.2, 0.9, 1.0])
def test_running_normaliser_in_forty_digits(gamma):
    log_u, u, share = torch.tensor(-math.inf).double(), None, Decimal(gamma)
    for level in (0.0, 300.0, -2000.0, 5.0):
        losses = LOSSES + level
        mean = sum((Decimal(each) / Decimal("0.5")).exp() for each in losses.tolist()) / 5
        u = mean if u is None else (1 - share) * u + share * mean
        log_u = running_normaliser(log_u, losses, 0.5, gamma)
        assert log_u.item() == pytest.approx(float(u.ln()), rel=1e-12)


@pytest.mark.parametrize("lam", [math.inf, -math.inf])
def test_infinite_lambda_is_the_base_loss(lam, model, batch):
    x, y = batch
    loss = ABSGD(lam)(model(x), y)
    torch.testing.assert_close(loss, F.cross_entropy(model(x), y), rtol=1e-14, atol=0)
    torch.testing.assert_close(absgd_loss(LOSSES, 1e9), LOSSES.mean(), rtol=1e-8, atol=0)


def test_small_lambda_takes_the_extreme_sample():
    assert weights(LOSSES, 1e-3).tolist() == pytest.approx([0, 0, 0, 5, 0])
    assert weights(LOSSES, -1e-3).tolist() == pytest.approx([0, 0, 5, 0, 0])
    ties = torch.tensor([1.0, 3.0, 3.0])
    assert weights(ties, 1e-3).tolist() == pytest.approx([0, 1.5, 1.5])


def test_shift_and_duplication_change_nothing():
    torch.testing.assert_close(weights(LOSSES + 7, 0.5), weights(LOSSES, 0.5))
    torch.testing.assert_close(weights(LOSSES.repeat(3), 0.5), weights(LOSSES, 0.5).repeat(3))
    torch.testing.assert_close(weights(LOSSES * 3, 1.5), weights(LOSSES, 0.5))


def test_cross_entropy_weights_are_powers_of_the_true_probability(model, batch):
    logits, y = model(batch[0]).detach(), batch[1]
    p = logits.softmax(dim=1)[torch.arange(len(y)), y]
    for lam in (2.0, -2.0):
        power = p ** (-1 / lam)
        expected = power / power.mean()
        torch.testing.assert_close(weights(-p.log(), lam), expected)


@pytest.mark.parametrize("gamma", [0.1, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("lam", [0.7, -0.7])
def test_running_normaliser_is_the_plain_recursion(lam, gamma):
    """Six batches at different levels; u itself in plain double precision."""
    generator = torch.Generator().manual_seed(0)
    criterion, u = ABSGD(lam, gamma, base=identity).double(), None
    for level in (3.0, 0.1, 5.0, 2.0, 0.5, 1.0):
        losses = level * torch.rand(4, generator=generator, dtype=torch.float64)
        e = (losses / lam).exp()
        u = e.mean() if u is None else (1 - gamma) * u + gamma * e.mean()
        torch.testing.assert_close(module_weights(criterion, losses), e / u, rtol=1e-12, atol=0)
        assert criterion.log_u.item() == pytest.approx(u.log().item(), abs=1e-12)


def test_second_batch_by_hand():
    criterion = ABSGD(1.0, gamma=0.5, base=identity)
    criterion(torch.zeros(2))
    expected = torch.full((2,), 2 * 0.731059)
    torch.testing.assert_close(module_weights(criterion, torch.ones(2)), expected)


@pytest.mark.parametrize("gamma", [1.0, 0.9, 0.01])
@pytest.mark.parametrize("size", [1e4, 1e7])
@pytest.mark.parametrize("sign", [1, -1])
def test_never_overflows(sign, size, gamma):
    """l / lam up to 1e7 in single precision, rising and falling: finite, at most B / gamma."""
    criterion = ABSGD(sign / size, gamma, base=identity)
    for losses in ([1.0, 0.5], [0.0, 0.0], [0.5, 0.0], [1.0, 1.0]):
        found = module_weights(criterion, torch.tensor(losses))
        assert found.isfinite().all()
        assert (found <= 2 / gamma * 1.0001).all()
        assert criterion.log_u.isfinite()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_losses(dtype):
    losses = torch.tensor([0.5, 12.0, 60.0], dtype=dtype)
    criterion = ABSGD(0.5, base=identity)
    for _ in range(2):
        loss = criterion(losses)
        assert loss.dtype == torch.float32
        torch.testing.assert_close(loss, absgd_loss(losses.double(), 0.5).float())


def test_gradcheck_with_the_weights_held():
    """Weights given from outside depend on nothing: with lam = inf, u = 1/2, the loss is 2 l."""
    half = torch.tensor(0.5, dtype=torch.float64).log()
    losses = LOSSES.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda t: absgd_loss(t, math.inf, half), losses)


def test_reductions():
    each = absgd_loss(LOSSES, 0.8, reduction="none")
    assert each.shape == LOSSES.shape
    torch.testing.assert_close(each.mean(), absgd_loss(LOSSES, 0.8))
    torch.testing.assert_close(each.sum(), absgd_loss(LOSSES, 0.8, reduction="sum"))
    torch.testing.assert_close(each, weights(LOSSES, 0.8) * LOSSES)


def test_state_is_saved_and_restored_without_a_graph(model, batch):
    x, y = batch
    criterion = ABSGD(0.5, gamma=0.3)
    for _ in range(3):
        criterion(model(x), y).backward()
    assert not criterion.log_u.requires_grad
    again = ABSGD(0.5, gamma=0.3)
    again.load_state_dict(copy.deepcopy(criterion.state_dict()))
    assert list(criterion.state_dict()) == ["log_u", "_extra_state"]
    assert torch.equal(again(2 * model(x), y), criterion(2 * model(x), y))
    assert not torch.equal(again(model(x), y), ABSGD(0.5, gamma=0.3)(model(x), y))


def test_a_resumed_run_goes_on_in_its_stage():
    """Saved in the second stage, loaded into a criterion built as for the first."""
    criterion = ABSGD(math.inf, gamma=0.3, base=identity)
    criterion.lam = -2.0
    criterion(3 * LOSSES)
    again = ABSGD(math.inf, gamma=0.3, base=identity)
    again.load_state_dict(criterion.state_dict())
    assert again.lam == -2
    assert torch.equal(again(LOSSES), criterion(LOSSES))


def test_the_same_lambda_again_forgets_nothing():
    """As a schedule does that sets lam at every epoch."""
    criterion = ABSGD(2.0, gamma=0.3, base=identity)
    criterion(LOSSES)
    before = criterion.log_u.clone()
    criterion.lam = 2
    assert torch.equal(criterion.log_u, before)


def test_eval_mode_leaves_the_normaliser_alone():
    criterion = ABSGD(1.0, gamma=0.5, base=identity).eval()
    torch.testing.assert_close(criterion(LOSSES), absgd_loss(LOSSES, 1.0))
    assert criterion.log_u == -math.inf
    criterion.train()(torch.zeros(3))
    assert criterion.log_u == 0
    expected = (LOSSES.exp() * LOSSES).mean()  # u = 1
    torch.testing.assert_close(criterion.eval()(LOSSES), expected)
    assert criterion.log_u == 0


def test_a_new_lambda_forgets_the_old_normaliser():
    criterion = ABSGD(math.inf, gamma=0.2, base=identity)
    torch.testing.assert_close(criterion(LOSSES), LOSSES.mean())
    criterion.lam = -2.0
    torch.testing.assert_close(criterion(LOSSES), absgd_loss(LOSSES, -2.0))


def test_any_base_loss(model, batch):
    x, y = batch
    w = torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)
    criterion = ABSGD(2.0, base=nn.CrossEntropyLoss(weight=w, reduction="none"))
    base = w[y] * F.cross_entropy(model(x), y, reduction="none")
    expected = (base * (base / 2).softmax(dim=0)).sum()
    torch.testing.assert_close(criterion(model(x), y), expected)


def test_our_other_losses_as_base(model, batch):
    x, y = batch
    counts, w = (60, 20, 20), torch.ones(3)
    for base in (
        ClassWeightedLoss(w, "none"),
        FocalLoss(reduction="none"),
        LDAMLoss(counts, reduction="none"),
        LogitAdjustedLoss(counts, reduction="none"),
        CDTLoss(counts, 0.2, reduction="none"),
    ):
        each = base(model(x), y)
        expected = (each * (each / 3).softmax(dim=0)).sum()
        torch.testing.assert_close(ABSGD(3.0, base=base)(model(x), y), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_are_lifted_before_the_loss(dtype, logits, y):
    low = logits.to(dtype)
    expected = ABSGD(0.5)(low.double(), y)
    torch.testing.assert_close(ABSGD(0.5)(low, y), expected.float(), rtol=1e-6, atol=0)


@pytest.mark.parametrize("base", [nn.CrossEntropyLoss(reduction="none"), ARBLoss(reduction="none")])
def test_ignored_labels_are_refused_with_a_remedy_that_works(base, logits, y):
    """As losses of zero they would be averaged into u; without them it is the batch of the rest."""
    y = y.clone()
    y[3:5] = -100
    criterion = ABSGD(2.0, base=base)
    with pytest.raises(ValueError, match=r"y: holds ignore_index=-100, .*keep = y != ignore_index"):
        criterion(logits, y)
    assert criterion.log_u == -math.inf
    keep = y != -100
    each = base(logits, y)[keep]
    expected = (each * (each / 2).softmax(dim=0)).sum()
    torch.testing.assert_close(criterion(logits[keep], y[keep]), expected)


def test_the_remedy_for_pixels():
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(2, 3, 4, 5, generator=generator)
    y = torch.randint(3, (2, 4, 5), generator=generator)
    whole = ABSGD(2.0)(z, y)
    torch.testing.assert_close(ABSGD(2.0)(z.movedim(1, -1)[y >= 0], y[y >= 0]), whole)


def test_a_batch_of_one_is_sgd_without_history():
    assert weights(torch.tensor([3.0]), 0.1).tolist() == [1.0]


@pytest.mark.parametrize("lam", [0, 0.0, math.nan])
def test_lambda_zero_is_refused(lam):
    for call in (lambda: ABSGD(lam), lambda: absgd_loss(LOSSES, lam)):
        with pytest.raises(ValueError, match=r"lam=.*use lam > 0"):
            call()


def test_lambda_zero_later_is_refused_and_changes_nothing():
    criterion = ABSGD(2.0)
    with pytest.raises(ValueError, match=r"lam=0: use lam > 0"):
        criterion.lam = 0
    assert criterion.lam == 2


@pytest.mark.parametrize("gamma", [0, -0.1, 1.1, math.nan])
def test_gamma_out_of_range_is_refused(gamma):
    with pytest.raises(ValueError, match=r"gamma=.*\(0, 1\]"):
        ABSGD(1.0, gamma)


@pytest.mark.parametrize("wrong", [torch.tensor(1.0), torch.zeros(0)])
def test_a_reduced_or_empty_loss_is_refused(wrong):
    with pytest.raises(ValueError, match=r'losses: shape .*reduction="none"'):
        ABSGD(1.0, base=identity)(wrong)
    with pytest.raises(ValueError, match=r'losses: shape .*reduction="none"'):
        log_mean_exp(wrong, 1.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_refused_and_leaves_no_trace(bad):
    criterion = ABSGD(1.0, base=identity)
    criterion(torch.ones(2))
    before = criterion.log_u.clone()
    with pytest.raises(ValueError, match="losses: NaN or infinite"):
        criterion(torch.tensor([0.0, bad]))
    assert torch.equal(criterion.log_u, before)


def test_unknown_reduction_is_refused():
    with pytest.raises(ValueError, match=r"reduction='average': choose one of"):
        ABSGD(1.0, reduction="average")
