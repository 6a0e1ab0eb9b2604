"""Class-dependent temperatures: the formula in plain algebra, and its exact properties."""

import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import CDTLoss, cdt_loss, cdt_temperatures

COUNTS = (600, 30, 2)


def test_vectors_of_the_fact_sheet():
    a = cdt_temperatures((5000, 500, 50), 0.3)
    assert a.tolist() == pytest.approx([1, 1.995262, 3.981072], abs=1e-6)
    s, y = torch.tensor([[1.0, 2.0, 0.5]]).repeat(3, 1), torch.tensor([0, 1, 2])
    found = CDTLoss((5000, 500, 50), 0.3, reduction="none")(s, y)
    assert found.tolist() == pytest.approx([0.883556, 0.881181, 1.757961], abs=1e-6)


def test_cifar_temperatures():
    counts = [int(5000 * 100 ** (-c / 9)) for c in range(10)]
    expected = [1, 1.1078, 1.2272, 1.3594, 1.5062, 1.6682, 1.8480, 2.0473, 2.2698, 2.5119]
    assert cdt_temperatures(counts, 0.2).tolist() == pytest.approx(expected, abs=1e-4)


def test_is_the_formula(logits, y):
    powers = torch.stack([(logits[:, c]).exp() ** ((n / 600) ** 0.4) for c, n in enumerate(COUNTS)])
    expected = -(powers[y, torch.arange(len(y))] / powers.sum(dim=0)).log()
    each = [
        cdt_loss(row[None], label[None], COUNTS, 0.4) for row, label in zip(logits, y, strict=True)
    ]
    torch.testing.assert_close(torch.stack(each), expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(cdt_loss(logits, y, COUNTS, 0.4), expected.mean())


def test_gamma_zero_or_equal_counts_is_cross_entropy(logits, y):
    expected = F.cross_entropy(logits, y)
    torch.testing.assert_close(cdt_loss(logits, y, COUNTS, 0), expected)
    torch.testing.assert_close(cdt_loss(logits, y, (4, 4, 4), 0.9), expected)


def test_logits_times_temperatures_give_cross_entropy(logits, y):
    a = cdt_temperatures(COUNTS, 0.3)
    found = cdt_loss(a * logits, y, COUNTS, 0.3)
    torch.testing.assert_close(found, F.cross_entropy(logits, y), rtol=1e-13, atol=0)


def test_gradient_weighted_by_temperature_sums_to_zero(logits, y):
    z = logits.clone().requires_grad_()
    cdt_loss(z, y, COUNTS, 0.3).backward()
    a = torch.tensor([(600 / n) ** 0.3 for n in COUNTS], dtype=torch.float64)
    torch.testing.assert_close((a * z.grad).sum(dim=1), torch.zeros(len(y)).double())
    assert (z.grad[torch.arange(len(y)), y] < 0).all()


def test_at_zero_logits_rare_classes_pull_less():
    z = torch.zeros(3, 3, dtype=torch.float64, requires_grad=True)
    cdt_loss(z, torch.arange(3), COUNTS, 0.5).backward()  # the mean of three
    expected = [-(2 / 3) / math.sqrt(600 / n) / 3 for n in COUNTS]
    assert z.grad.diagonal().tolist() == pytest.approx(expected, rel=1e-12)


def test_gradcheck(logits, y):
    z = logits.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda t: cdt_loss(t, y, COUNTS, 0.3), z)


def test_module_equals_function_and_is_saved(logits, y):
    criterion, again = CDTLoss(COUNTS, 0.3), CDTLoss((1, 1, 1), 0)
    expected = cdt_loss(logits, y, COUNTS, 0.3)
    torch.testing.assert_close(criterion(logits, y), expected, rtol=1e-6, atol=0)
    again.load_state_dict(criterion.state_dict())
    assert torch.equal(again(logits, y), criterion(logits, y))
    assert list(criterion.parameters()) == []


def test_a_number_added_to_all_logits_changes_the_loss(logits, y):
    """Unlike softmax: 1 more in every logit is 1 / a_c more after the division."""
    moved, loss = (cdt_loss(z, y, COUNTS, 0.3) for z in (logits + 1, logits))
    assert abs(moved - loss) > 1e-3
    torch.testing.assert_close(cdt_loss(logits + 1, y, COUNTS, 0), F.cross_entropy(logits, y))


def test_scaling_all_counts_changes_nothing():
    scaled = cdt_temperatures([3 * n for n in COUNTS], 0.3)
    torch.testing.assert_close(scaled, cdt_temperatures(COUNTS, 0.3))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_and_large_logits(dtype):
    logits, y = torch.tensor([[1000.0, -1000.0]], dtype=dtype), torch.tensor([1])
    loss = CDTLoss((16, 1), 0.5)(logits, y)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(1250, rel=1e-3)


@pytest.mark.parametrize("gamma", [-0.1, math.nan, math.inf])
def test_gamma_out_of_range_is_refused(gamma):
    with pytest.raises(ValueError, match=r"gamma=.*finite gamma >= 0"):
        CDTLoss(COUNTS, gamma)


def test_bad_input_is_refused(logits, y):
    criterion = CDTLoss(COUNTS, 0.3)
    with pytest.raises(ValueError, match="counts: class 2 has 0 examples"):
        CDTLoss((5, 1, 0), 0.3)
    with pytest.raises(ValueError, match="counts: 3 classes, but the logits have 2"):
        criterion(logits[:, :2], y)
    with pytest.raises(ValueError, match="y: label 3 is out of range"):
        criterion(logits, y + 1)
    with pytest.raises(ValueError, match="logits, y: shapes"):
        criterion(logits, y[:, None])
    with pytest.raises(ValueError, match="logits: the loss is NaN"):
        criterion(logits * math.nan, y)
    with pytest.raises(ValueError, match="reduction='x'"):
        CDTLoss(COUNTS, 0.3, "x")
