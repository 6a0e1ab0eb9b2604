import pytest
import torch
from torch import nn

from imbal_lab.models import cnn1d, mlp
from imbal_lab.training.ensemble import Ensemble, why_not_stacked


@pytest.fixture(params=["relu", "tanh"])
def models(request):
    return [mlp([3, 5, 6, 4], seed=k, activation=request.param).double() for k in range(3)]


def test_logits_and_gradients_are_those_of_each_model(models):
    x = torch.randn(3, 7, 3, generator=torch.Generator().manual_seed(0)).double()
    weights = torch.randn(3, 4, 7, generator=torch.Generator().manual_seed(1)).double()
    expected = [
        torch.autograd.grad((model(x[k]).T * weights[k]).sum(), list(model.parameters()))
        for k, model in enumerate(models)
    ]
    logits = torch.stack([model(x[k]).T for k, model in enumerate(models)]).detach()
    ensemble = Ensemble(models)
    ours = ensemble(x)
    torch.testing.assert_close(ours, logits, rtol=0, atol=1e-14)
    grads = torch.autograd.grad((ours * weights).sum(), ensemble.params)
    for stack, each in zip(grads, zip(*expected, strict=True), strict=True):
        torch.testing.assert_close(stack, torch.stack(each), rtol=0, atol=1e-13)


def test_the_models_follow_their_rows_and_no_other(models):
    before = [[p.detach().clone() for p in model.parameters()] for model in models]
    ensemble = Ensemble(models)
    with torch.no_grad():
        for p in ensemble.params:
            p[1] += 1
    for k, model in enumerate(models):
        for now, then in zip(model.parameters(), before[k], strict=True):
            torch.testing.assert_close(now.detach(), then + (k == 1))


def test_the_inputs_stay_as_they_are_behind_a_first_layer_with_weights(models):
    x = torch.randn(3, 7, 3, generator=torch.Generator().manual_seed(0)).double()
    kept = x.clone()
    Ensemble(models)(x)
    assert torch.equal(x, kept)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (cnn1d(seed=0), "has no batched form"),
        (nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), "BatchNorm1d has no batched form"),
        (nn.Sequential(nn.Linear(2, 2, bias=False)), "Linear without bias"),
    ],
)
def test_what_cannot_be_stacked_says_why(model, reason):
    assert reason in why_not_stacked(model)
    with pytest.raises(ValueError, match=reason):
        Ensemble([model, model])


@pytest.mark.parametrize("kind", ["register_forward_hook", "register_forward_pre_hook"])
def test_a_hook_somewhere_inside_is_seen(kind):
    """Features weakened in a layer would be left out silently."""
    model = mlp([2, 3, 2], seed=0)
    assert why_not_stacked(model) == ""
    getattr(model[1], kind)(lambda *_: None)
    assert why_not_stacked(model) == "Tanh has a forward hook"


def test_a_subclass_may_do_anything():
    class Own(nn.Sequential):
        def forward(self, x):
            return 2 * super().forward(x)

    assert why_not_stacked(Own(nn.Linear(2, 2))) == "Own has no batched form"
