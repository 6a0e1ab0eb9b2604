"""Mixed labels: cross-entropy against mixed one-hot rows, and with the partners really used."""

import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import MajorFeatureWeakening, MixedLabelLoss, mfw_strengths, mixed_label_loss

COUNTS = (600, 30, 2)
STRENGTHS = torch.tensor([0.6, 0.8, 1.0], dtype=torch.float64)
PARTNER = torch.tensor([3, 0, 1, 7, 2, 9, 4, 8, 5, 6])


def soft_labels(y, partner, strengths):
    """A row a label: its own class with lam, its partner's with the rest."""
    rows = torch.zeros(len(y), 3, dtype=torch.float64)
    for row, c, d in zip(rows, y.tolist(), y[partner].tolist(), strict=True):
        row[c] += strengths[c]
        row[d] += 1 - strengths[c]
    return rows


def test_is_cross_entropy_with_soft_labels(logits, y):
    each = -(soft_labels(y, PARTNER, STRENGTHS) * logits.log_softmax(dim=1)).sum(dim=1)
    found = mixed_label_loss(logits, y, PARTNER, STRENGTHS, reduction="none")
    torch.testing.assert_close(found, each, rtol=1e-13, atol=0)
    torch.testing.assert_close(mixed_label_loss(logits, y, PARTNER, STRENGTHS), each.mean())
    found = mixed_label_loss(logits, y, PARTNER, STRENGTHS, reduction="sum")
    torch.testing.assert_close(found, each.sum())


def test_the_smallest_class_keeps_its_label(logits, y):
    found = mixed_label_loss(logits, y, PARTNER, STRENGTHS, reduction="none")
    plain = F.cross_entropy(logits, y, reduction="none")
    assert torch.equal(found[y == 2], plain[y == 2])


def test_no_partner_or_no_weakening_is_cross_entropy(logits, y):
    plain = F.cross_entropy(logits, y)
    alone = torch.arange(len(y))
    torch.testing.assert_close(mixed_label_loss(logits, y, alone, STRENGTHS), plain)
    ones = torch.ones(3, dtype=torch.float64)
    torch.testing.assert_close(mixed_label_loss(logits, y, PARTNER, ones), plain)


def test_gradcheck(logits, y):
    z = logits.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda t: mixed_label_loss(t, y, PARTNER, STRENGTHS), z)


def test_criterion_uses_the_partners_and_shares_of_the_features(model, batch):
    x, y = batch
    weakening = MajorFeatureWeakening(model, "1", COUNTS, lam_min=0.5, seed=4)
    criterion = MixedLabelLoss(weakening)
    for _ in range(2):
        weakening.tell(y)
        logits = model(x)
        rows = soft_labels(y, weakening.partner, mfw_strengths(COUNTS, 0.5))
        expected = -(rows * logits.log_softmax(dim=1)).sum(dim=1).mean()
        torch.testing.assert_close(criterion(logits, y), expected, rtol=1e-6, atol=0)
        assert (criterion(logits, y) - F.cross_entropy(logits, y)).abs() > 1e-3
    criterion(logits, y).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_cross_entropy_in_eval_mode_and_after_remove(model, batch):
    x, y = batch
    weakening = MajorFeatureWeakening(model, "1", COUNTS)
    criterion = MixedLabelLoss(weakening)
    weakening.tell(y)
    model(x)
    logits = model.eval()(x)
    torch.testing.assert_close(criterion(logits, y), F.cross_entropy(logits, y))
    weakening.tell(y)
    model.train()(x)
    weakening.remove()
    torch.testing.assert_close(criterion(logits, y), F.cross_entropy(logits, y))


def test_state_of_the_weakening_is_saved_with_the_criterion(model, batch):
    x, y = batch
    weakening = MajorFeatureWeakening(model, "1", COUNTS, seed=1)
    criterion = MixedLabelLoss(weakening)
    saved = criterion.state_dict()
    losses = []
    for _ in range(2):
        criterion.load_state_dict(saved)
        weakening.tell(y)
        losses.append(criterion(model(x), y))
    assert torch.equal(*losses)
    assert list(criterion.parameters()) == []


def test_half_precision(logits, y):
    loss = mixed_label_loss(logits.bfloat16(), y, PARTNER, STRENGTHS)
    assert loss.dtype == torch.float32
    expected = mixed_label_loss(logits, y, PARTNER, STRENGTHS).item()
    assert loss.item() == pytest.approx(expected, rel=0.02)


def test_bad_input_is_refused(model, logits, y):
    with pytest.raises(ValueError, match="counts: 2 classes, but the logits have 3"):
        mixed_label_loss(logits, y, PARTNER, STRENGTHS[:2])
    with pytest.raises(ValueError, match="y: label 3 is out of range"):
        mixed_label_loss(logits, y + 1, PARTNER, STRENGTHS)
    with pytest.raises(ValueError, match="logits: the loss is NaN"):
        mixed_label_loss(logits * math.nan, y, PARTNER, STRENGTHS)
    with pytest.raises(ValueError, match=r"partner: shape \(9,\)"):
        mixed_label_loss(logits, y, PARTNER[:9], STRENGTHS)
    with pytest.raises(ValueError, match=r"partner: .*-1.*; the row numbers .* 0 to 9"):
        mixed_label_loss(logits, y, PARTNER - 1, STRENGTHS)
    with pytest.raises(ValueError, match="reduction='x'"):
        MixedLabelLoss(MajorFeatureWeakening(model, "1", COUNTS), "x")
