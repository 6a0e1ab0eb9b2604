import re

import pytest
import torch
from torch import nn

from imbal_lab.models import cnn1d, mlp
from imbal_lab.training.ensemble import Ensemble, why_not_stacked

INPUTS = 11


def convolutions(seed):
    """Every option of a convolution that an ensemble knows, and both ways of flattening."""
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(
        nn.Flatten(), nn.Unflatten(1, (1, -1)),
        nn.Conv1d(1, 4, 3, stride=2, padding=1, dilation=2), nn.Tanh(),
        nn.Sequential(nn.Conv1d(4, 6, 2), nn.GroupNorm(3, 6, eps=0.1), nn.Identity(), nn.ReLU()),
        nn.Flatten(), nn.Linear(24, 6), nn.Unflatten(1, (2, 3)), nn.Conv1d(2, 5, 1),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(5, 4),
    )  # fmt: skip
    for p in model.parameters():
        nn.init.normal_(p, std=0.5, generator=generator)
    return model


MODELS = {
    "relu": lambda k: mlp([INPUTS, 5, 6, 4], seed=k, activation="relu"),
    "tanh": lambda k: mlp([INPUTS, 5, 6, 4], seed=k, activation="tanh"),
    "cnn1d": lambda k: cnn1d(4, seed=k),
    "cnn1d without norm": lambda k: cnn1d(4, seed=k, norm=None),
    "convolutions": convolutions,
}


@pytest.fixture(params=MODELS)
def models(request):
    return [MODELS[request.param](k).double() for k in range(3)]


def test_logits_and_gradients_are_those_of_each_model(models):
    x = torch.randn(3, 7, INPUTS, generator=torch.Generator().manual_seed(0)).double()
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
    x = torch.randn(3, 7, INPUTS, generator=torch.Generator().manual_seed(0)).double()
    kept = x.clone()
    Ensemble(models)(x)
    assert torch.equal(x, kept)


CURVES = nn.Unflatten(1, (1, -1))


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        ([nn.Linear(2, 2), nn.BatchNorm1d(2)], "BatchNorm1d has no batched form for rows"),
        ([nn.Conv2d(1, 2, 3)], "Conv2d has no batched form for rows"),
        ([nn.Conv1d(1, 2, 3)], "Conv1d has no batched form for rows"),
        ([CURVES, nn.Linear(2, 2)], "Linear has no batched form for curves"),
        ([CURVES, nn.Conv1d(1, 2, 3)], "what it gives are curves"),
        ([nn.Linear(2, 2, bias=False)], r"Linear\(.*bias=False\) has no batched form with these"),
        ([CURVES, nn.Conv1d(1, 2, 3, bias=False)], "Conv1d.*with these options"),
        ([CURVES, nn.Conv1d(1, 2, 3, padding_mode="circular")], "Conv1d.*with these options"),
        ([nn.Unflatten(1, (2, -1)), nn.Conv1d(2, 2, 3, groups=2)], "Conv1d.*with these options"),
        ([CURVES, nn.GroupNorm(1, 1, affine=False)], "GroupNorm.*with these options"),
        ([CURVES, nn.AdaptiveAvgPool1d(2)], "AdaptiveAvgPool1d.*with these options"),
        ([CURVES, nn.Flatten(0)], "Flatten.*with these options"),
        ([nn.Unflatten(1, (2, 2, -1))], "Unflatten.*with these options"),
    ],
)
def test_what_cannot_be_stacked_says_why(layers, reason):
    model = nn.Sequential(*layers)
    assert re.match(reason, why_not_stacked(model))
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

    assert why_not_stacked(Own(nn.Linear(2, 2))) == "Own has no batched form for rows"
