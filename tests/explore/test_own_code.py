"""The learner's own function in the slot of every scene; mistakes in it are three lines."""

import math

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from imbal_lab.explore import settings
from imbal_lab.methods import arb_loss, cdt_loss, weaken


def pcnsgd_step(params, grads, lr):
    return params - lr * F.normalize(grads, dim=1).sum(0)


def rescaled_step(params, grads, full_grads, lr):
    p = F.cosine_similarity(grads, full_grads, dim=1).clamp(min=0.05)
    return params - lr * (F.normalize(grads, dim=1) / p[:, None]).sum(0)


def balanced_softmax(logits, y, counts):
    return F.cross_entropy(logits + counts.log(), y)


def tempered(logits, y, counts, gamma):
    return F.cross_entropy(logits / (counts.max() / counts) ** gamma, y)


def by_loss(losses, lam):
    weights = torch.exp(losses / lam)
    return weights / weights.mean()


def weakened(features, y, partner, strengths):
    lam = strengths[y][:, None]
    return lam * features + (1 - lam) * features[partner]


RIGHT = [
    ("noise", pcnsgd_step, "PCNSGD"),
    ("noise", rescaled_step, "PCNSGD+R"),
    ("remedies", balanced_softmax, "Logit adjustment"),
    ("temperatures", tempered, "CDT"),
    ("absgd", by_loss, "ABSGD"),
    ("weakening", weakened, "MFW"),
    ("attraction", balanced_softmax, "ARB-Loss"),
]


@pytest.mark.parametrize(("scene", "mine", "name"), RIGHT)
def test_a_right_function_lies_on_the_librarys_run(open_explorer, scene, mine, name):
    explorer = open_explorer(scene, mine=mine)
    assert explorer.current.method == "mine"
    assert f"Your curves lie on {name}'s (pale)." in explorer.controls.text.value
    assert torch.allclose(explorer.recording.loss, explorer.reference.loss, atol=1e-4)
    assert f"mine={mine.__name__}" in explorer.setting


def nothing(*args):
    return None


def cut_off(logits, y, counts):
    return F.cross_entropy(logits.detach(), y)


def half(first, *rest):
    return first * 0.5


WRONG = [
    ("noise", nothing, "step: must return a tensor"),
    ("remedies", nothing, "loss: must return a scalar made of the logits, gave NoneType"),
    ("remedies", cut_off, "loss: it is cut off from the logits, so nothing is learnt"),
    ("remedies", half, "loss: must return a scalar made of the logits, gave [64, 4]"),
    ("absgd", nothing, "weights: must return one weight an example, [545], gave NoneType"),
    ("weakening", nothing, "features: must return a tensor of shape [64, 320], gave NoneType"),
]


@pytest.mark.parametrize(("scene", "mine", "said"), WRONG)
def test_a_wrong_result_is_named_in_three_lines(open_explorer, scene, mine, said):
    explorer = open_explorer(scene, mine=mine)
    assert said in explorer.controls.text.value
    assert explorer.controls.text.value.count("<br>") == 2
    assert explorer.reference is not None  # drawn all the same


def test_another_function_leaves_it(open_explorer):
    explorer = open_explorer("absgd", mine=lambda losses, lam: torch.ones_like(losses))
    assert "Your curves leave ABSGD's (pale) at step 1." in explorer.controls.text.value


def test_a_function_named_like_a_library_function_is_compared_with_that(open_explorer):
    def focal_loss(logits, y, counts):
        p = F.softmax(logits, dim=1)[torch.arange(len(y)), y]
        return ((1 - p) ** 2 * -p.log()).mean()

    explorer = open_explorer("remedies", mine=focal_loss)
    assert "Your curves lie on Focal loss's (pale)." in explorer.controls.text.value


def test_the_learners_weights_are_what_the_picture_shows(open_explorer):
    explorer = open_explorer("absgd", mine=by_loss, lam=1)
    seen = explorer._shown.sides[0][0].snapshots[-1]
    own = by_loss(seen.sample_loss.double(), 1)
    torch.testing.assert_close(seen.sample_weight.double(), own, rtol=1e-4, atol=1e-6)


def test_the_slider_reaches_the_learners_function(open_explorer):
    given = []

    def watched(losses, lam):
        given.append(lam)
        return torch.ones_like(losses)

    open_explorer("absgd", mine=watched, lam=5)
    assert set(given) == {5}


class Twice(torch.optim.SGD):
    """An optimizer of one's own: the step is twice as long."""

    def __init__(self, params, lr):
        super().__init__(params, lr=2 * lr)


@pytest.mark.parametrize("scene", ["minority_drop", "remedies", "weakening"])
def test_an_optimizer_class_takes_part(open_explorer, scene):
    explorer = open_explorer(scene, mine=Twice)
    assert explorer.current.method == "mine"
    assert explorer.controls.menus["method"].label == "Your optimizer"
    if scene == "minority_drop":
        twice = explorer.run(explorer.current.with_method("gd").__class__(
            **{**vars(explorer.current), "method": "gd", "lr": 0.2}
        ))  # fmt: skip
        assert torch.allclose(explorer.recording.loss, twice.loss, atol=1e-4)


def test_library_functions_agree_with_the_formulas_used_here():
    """The examples above are no copies of the library's code."""
    torch.manual_seed(0)
    logits, y = torch.randn(8, 3), torch.randint(3, (8,))
    counts = torch.tensor([50, 10, 2])
    torch.testing.assert_close(arb_loss(logits, y, counts), balanced_softmax(logits, y, counts))
    torch.testing.assert_close(cdt_loss(logits, y, counts, 0.3), tempered(logits, y, counts, 0.3))
    partner, strengths = torch.arange(8).roll(1), torch.tensor([0.7, 0.9, 1.0])
    torch.testing.assert_close(
        weaken(logits, y, partner, strengths), weakened(logits, y, partner, strengths)
    )
    assert math.isclose(by_loss(torch.rand(5), 0.5).mean(), 1, rel_tol=1e-5)
    assert settings.MINE == "mine"
