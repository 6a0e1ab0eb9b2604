"""LDAM against the formula, its limits and the authors' way of writing it; and the schedule."""

import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import (
    LDAMLoss,
    deferred_weights,
    effective_number_weights,
    ldam_loss,
    ldam_margins,
)

COUNTS = (1600, 256, 100)
W = torch.tensor([0.2, 1.0, 4.0], dtype=torch.float64)


@pytest.fixture
def cosines(model, batch):
    return model(batch[0]).detach().tanh()


def test_margins():
    """16^(-1/4) = 1/2, 2.56^(-1/4) = sqrt(10)/4."""
    expected = [0.25, 0.5 * math.sqrt(10) / 4, 0.5]
    assert ldam_margins(COUNTS).tolist() == pytest.approx(expected, rel=1e-12)
    assert ldam_margins(COUNTS, 0.1).tolist() == pytest.approx([e / 5 for e in expected])
    from_authors = torch.tensor(COUNTS).double().sqrt().sqrt().reciprocal()
    from_authors *= 0.5 / from_authors.max()
    torch.testing.assert_close(ldam_margins(COUNTS), from_authors)


def test_is_the_formula(cosines, y):
    each = []
    for z, label in zip(cosines, y, strict=True):
        z = z.clone()
        z[label] -= 0.5 * (100 / COUNTS[label]) ** 0.25
        e = (8 * z).exp()
        each.append(-(e[label] / e.sum()).log())
    expected = torch.stack(each)
    torch.testing.assert_close(ldam_loss(cosines, y, COUNTS, scale=8, reduction="none"), expected)
    torch.testing.assert_close(ldam_loss(cosines, y, COUNTS, scale=8), expected.mean())
    found = ldam_loss(cosines, y, COUNTS, scale=8, reduction="sum")
    torch.testing.assert_close(found, expected.sum())


def test_no_margin_is_scaled_cross_entropy(cosines, y):
    found = ldam_loss(cosines, y, COUNTS, max_margin=0)
    torch.testing.assert_close(found, F.cross_entropy(30 * cosines, y))
    found = ldam_loss(cosines, y, COUNTS, max_margin=0, scale=1, weights=W)
    torch.testing.assert_close(found, F.cross_entropy(cosines, y, W))  # torch's mean


def test_gradcheck(cosines, y):
    z = cosines.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda t: ldam_loss(t, y, COUNTS, scale=5, weights=W), z)


def test_more_than_two_dimensions(cosines, y):
    """Ten examples as two rows of five pixels."""
    z = cosines.T.reshape(1, 3, 2, 5)
    found = ldam_loss(z, y.reshape(1, 2, 5), COUNTS, reduction="none")
    torch.testing.assert_close(found.flatten(), ldam_loss(cosines, y, COUNTS, reduction="none"))


def test_deferred_reweighting(cosines, y):
    assert deferred_weights(159, COUNTS, start=160).tolist() == [1, 1, 1]
    late = deferred_weights(160, COUNTS, start=160, beta=0.99)
    assert torch.equal(late, effective_number_weights(COUNTS, 0.99))
    criterion = LDAMLoss(COUNTS).double()
    torch.testing.assert_close(
        criterion(cosines, y), ldam_loss(cosines, y, COUNTS), rtol=1e-6, atol=0
    )
    criterion.weights = late
    expected = ldam_loss(cosines, y, COUNTS, weights=late)
    torch.testing.assert_close(criterion(cosines, y), expected, rtol=1e-6, atol=0)
    again = LDAMLoss((1, 1, 1)).double()
    again.load_state_dict(criterion.state_dict())
    torch.testing.assert_close(again(cosines, y), criterion(cosines, y))


def test_a_batch_without_weight_has_loss_and_gradient_zero(cosines):
    z = cosines[:2].clone().requires_grad_()
    loss = ldam_loss(z, torch.tensor([0, 0]), COUNTS, weights=torch.tensor([0.0, 1, 1]))
    loss.backward()
    assert loss == 0
    assert not z.grad.any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_are_lifted(dtype):
    loss = LDAMLoss((16, 1))(torch.tensor([[4000.0, 0.0]], dtype=dtype), torch.tensor([1]))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(120015, rel=2e-3)


def test_bad_input_is_refused(cosines, y):
    with pytest.raises(ValueError, match=r"max_margin=-1: use a finite max_margin"):
        LDAMLoss(COUNTS, max_margin=-1)
    for scale in (0, -1, math.nan, math.inf):
        with pytest.raises(ValueError, match=r"scale=.*finite scale > 0"):
            ldam_loss(cosines, y, COUNTS, scale=scale)
    with pytest.raises(ValueError, match="counts: class 0 has 0 examples"):
        LDAMLoss((0, 5))
    with pytest.raises(ValueError, match="counts: 2 classes, but the logits have 3"):
        ldam_loss(cosines, y, (5, 1))
    with pytest.raises(ValueError, match="weights: 2 of them; with 3 classes give 3"):
        ldam_loss(cosines, y, COUNTS, weights=W[:2])
    with pytest.raises(ValueError, match=r"weights: .* give finite numbers >= 0"):
        ldam_loss(cosines, y, COUNTS, weights=-W)
    with pytest.raises(ValueError, match="y: label 3 is out of range"):
        ldam_loss(cosines, y + 1, COUNTS)
    with pytest.raises(ValueError, match="logits, y: shapes"):
        ldam_loss(cosines, y[:3], COUNTS)
    with pytest.raises(ValueError, match="logits: the loss is NaN"):
        ldam_loss(cosines * math.nan, y, COUNTS)
    with pytest.raises(ValueError, match="reduction='x'"):
        LDAMLoss(COUNTS, reduction="x")
