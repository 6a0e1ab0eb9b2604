"""ARB-Loss: the ratio form of the paper, the balance it claims, and pixels."""

import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.methods import (
    ARBLoss,
    arb_loss,
    arb_losses,
    batch_counts,
    logit_adjusted_loss,
)

COUNTS = (600, 30, 1)


@pytest.fixture
def pixels():
    """Two images of 4 x 5 pixels, 3 classes, some pixels ignored."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(0, 3, (2, 4, 5), generator=generator)
    labels[0, 1] = labels[1, :, 2] = 255
    return torch.randn(2, 3, 4, 5, generator=generator, dtype=torch.float64), labels


def ratio_form(logits, y, n):
    """-log( e^(z_y) / sum_k (n_k / n_y) e^(z_k) ), example by example."""
    each = []
    for z, label in zip(logits, y, strict=True):
        below = sum(n[k] / n[label] * z[k].exp() for k in range(len(n)))
        each.append(-(z[label].exp() / below).log())
    return torch.stack(each)


def gradient(logits, y, *given, **options):
    z = logits.clone().requires_grad_()
    arb_loss(z, y, *given, reduction="sum", **options).backward()
    return z.grad


def test_by_hand():
    z, y = torch.zeros(2, 3), torch.tensor([2, 0])
    found = arb_loss(z, y, (6, 3, 1), reduction="none")
    assert found.tolist() == pytest.approx([2.302585, 0.510826], abs=1e-6)
    expected = torch.tensor([[0.6, 0.3, -0.9], [-0.4, 0.3, 0.1]])
    torch.testing.assert_close(gradient(z, y, (6, 3, 1)), expected)


def test_is_the_ratio_form(logits, y):
    found = arb_loss(logits, y, COUNTS, reduction="none")
    torch.testing.assert_close(found, ratio_form(logits, y, COUNTS), rtol=1e-12, atol=0)
    found = arb_loss(logits, y, reduction="none")
    own = [(y == c).sum().item() for c in range(3)]
    torch.testing.assert_close(found, ratio_form(logits, y, own), rtol=1e-12, atol=0)


def test_the_loss_of_each_example_is_the_ratio_form(logits, y):
    found = arb_losses(logits, y, torch.tensor(COUNTS, dtype=torch.float64))
    torch.testing.assert_close(found, ratio_form(logits, y, COUNTS), rtol=1e-12, atol=0)


def test_global_counts_are_balanced_softmax(logits, y):
    expected = logit_adjusted_loss(logits, y, COUNTS)
    torch.testing.assert_close(arb_loss(logits, y, COUNTS), expected, rtol=1e-13, atol=0)


def test_equal_counts_are_cross_entropy(logits, y):
    torch.testing.assert_close(arb_loss(logits, y, (9, 9, 9)), F.cross_entropy(logits, y))
    balanced = torch.tensor([0, 1, 2, 2, 1, 0])
    expected = F.cross_entropy(logits[:6], balanced)
    torch.testing.assert_close(arb_loss(logits[:6], balanced), expected)


def test_at_equal_logits_attraction_equals_repulsion(y):
    """The pull on each logit by its own class and the push by the others cancel; not so in CE."""
    z = torch.zeros(len(y), 3, dtype=torch.float64)
    torch.testing.assert_close(gradient(z, y).sum(dim=0), torch.zeros(3).double())
    n = torch.tensor([6.0, 2.0, 2.0]).double()
    of_ce = z.softmax(dim=1).sum(dim=0) - n
    assert of_ce.abs().min() > 1


def test_at_a_simplex_etf_all_class_gradients_are_equal():
    """Fact of the paper's theory: equal norms on the classifier, along the class means."""
    K, scale = 10, 12  # noqa: N806
    n = torch.tensor([int(1000 * 100 ** (-k / 9)) for k in range(K)])
    etf = (torch.eye(K) - 1 / K).double() * math.sqrt(K / (K - 1))
    W = (scale * etf).requires_grad_()  # noqa: N806
    y = torch.repeat_interleave(torch.arange(K), n)
    arb_loss(etf[y] @ W.T, y, n, reduction="sum").backward()
    norms = W.grad.norm(dim=1)
    assert norms.max() / norms.min() < 1.01
    assert F.cosine_similarity(-W.grad, etf).min() > 0.999


def test_a_class_absent_from_the_batch_receives_nothing(logits):
    y = torch.tensor([0, 2, 0])
    grad = gradient(logits[:3], y)
    assert grad[:, 1].tolist() == [0, 0, 0]
    assert grad.isfinite().all()
    torch.testing.assert_close(gradient(logits[:3], y, (2, 0, 1)), grad)
    assert arb_loss(logits[:3], torch.tensor([1, 1, 1])) == 0
    assert not gradient(logits[:3], torch.tensor([1, 1, 1])).any()


@pytest.mark.parametrize("counts", [COUNTS, None])
def test_pixels_are_examples_and_ignored_ones_do_not_exist(pixels, counts):
    z, y = pixels
    keep = y != 255
    rows, labels = z.permute(0, 2, 3, 1)[keep], y[keep]
    found = arb_loss(z, y, counts, ignore_index=255)
    torch.testing.assert_close(found, arb_loss(rows, labels, counts), rtol=1e-12, atol=0)
    assert found.item() != pytest.approx(arb_loss(z, y.clamp(max=2), counts).item())
    each = ARBLoss(counts, ignore_index=255, reduction="none").double()(z, y)
    assert each.shape == y.shape
    assert not each[~keep].any()
    torch.testing.assert_close(each.sum() / keep.sum(), found, rtol=1e-6, atol=0)
    grad = gradient(z, y, counts, ignore_index=255).permute(0, 2, 3, 1)
    assert not grad[~keep].any()


@pytest.mark.parametrize("counts", [COUNTS, None])
def test_nothing_but_ignored_pixels_is_zero(pixels, counts):
    z, y = pixels[0].requires_grad_(), torch.full((2, 4, 5), -100)
    loss = arb_loss(z, y, counts)
    loss.backward()
    assert loss == 0
    assert not z.grad.any()


def test_batch_counts():
    y = torch.tensor([[0, 2, 2, 255], [3, 255, 2, 0]])
    assert batch_counts(y, 5, ignore_index=255).tolist() == [2, 0, 3, 1, 0]
    with pytest.raises(ValueError, match="y: label 255 is out of range"):
        batch_counts(y, 5)


@pytest.mark.parametrize("counts", [COUNTS, None])
def test_gradcheck(pixels, counts):
    z, y = pixels
    z = z.requires_grad_()
    assert torch.autograd.gradcheck(lambda t: arb_loss(t, y, counts, ignore_index=255), z)


def test_confident_mistakes_keep_their_gradient():
    """The released code clamps logits to 30 and loses it."""
    z = torch.tensor([[0.0, 300.0]])
    torch.testing.assert_close(gradient(z, torch.tensor([0]), (5, 5)), torch.tensor([[-1.0, 1.0]]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_and_more_pixels_than_half_can_count(dtype):
    y = torch.zeros(1, 300, 300, dtype=torch.int64)
    y[0, 0, 0] = 1
    z = torch.zeros(1, 2, 300, 300, dtype=dtype)
    loss = ARBLoss(reduction="none")(z, y)
    assert loss.dtype == torch.float32
    assert loss[0, 0, 0].item() == pytest.approx(math.log(90000))


def test_module_is_saved(logits, y):
    criterion, again = ARBLoss(COUNTS), ARBLoss((1, 1, 1))
    again.load_state_dict(criterion.state_dict())
    assert torch.equal(again(logits, y), criterion(logits, y))
    assert ARBLoss().state_dict() == {}


def test_bad_input_is_refused(logits, y):
    with pytest.raises(ValueError, match="counts: class 2 has count 0, but y holds it"):
        arb_loss(logits, y, (5, 1, 0))
    with pytest.raises(ValueError, match="counts: class 1 has -1 examples"):
        ARBLoss((5, -1, 2))
    with pytest.raises(ValueError, match="counts: 2 classes, but the logits have 3"):
        arb_loss(logits, y, (5, 1))
    with pytest.raises(ValueError, match="y: label 255 is out of range"):
        arb_loss(logits, y.clone().fill_(255), COUNTS)
    with pytest.raises(ValueError, match=r"logits, y: shapes \(10, 3\) and \(10, 1\)"):
        arb_loss(logits, y[:, None])
    with pytest.raises(ValueError, match="logits: the loss is NaN"):
        arb_loss(logits * math.nan, y)
    with pytest.raises(ValueError, match="reduction='x'"):
        arb_loss(logits, y, reduction="x")
