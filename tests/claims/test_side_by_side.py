"""K networks as one against the K networks themselves."""

import pytest
import torch
from torch import nn

from imbal_lab.claims.side_by_side import SideBySide
from imbal_lab.models import cnn1d, mlp

KINDS = {
    "batch": lambda seed: cnn1d(3, seed=seed, norm="batch"),
    "group": lambda seed: cnn1d(3, seed=seed, norm="group"),
    "plain": lambda seed: cnn1d(3, seed=seed, norm=None),
    "mlp": lambda seed: mlp([40, 8, 3], seed=seed, activation="relu"),
}


@pytest.fixture(params=KINDS)
def models(request):
    models = [KINDS[request.param](seed).double() for seed in range(3)]
    generator = torch.Generator().manual_seed(5)
    for model in models:
        for tensor in (*model.parameters(), *model.buffers()):
            if tensor.is_floating_point():  # no ones and zeros that could be mistaken for another
                tensor.data = 0.5 + torch.rand(tensor.shape, generator=generator).double()
    return models


@pytest.fixture
def x():
    return torch.randn(7, 3, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("training", [True, False])
def test_logits_and_features_are_those_of_each_network(models, x, training):
    together = SideBySide(models).train(training)
    found, features = together(x), together.features(x)
    for k, model in enumerate(models):
        model.train(training)
        torch.testing.assert_close(found[:, k], model(x[:, k]), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(features[:, k], model[:-1](x[:, k]), rtol=1e-12, atol=1e-12)
        assert torch.equal(together.classifiers[k], model[-1].weight)


def test_weights_are_copies_and_nothing_random_is_drawn(models, x):
    before, state = models[0](x[:, 0]), torch.get_rng_state()
    together = SideBySide(models)
    assert torch.equal(torch.get_rng_state(), state)
    for p in together.parameters():
        p.data.zero_()
    assert torch.equal(models[0](x[:, 0]), before)


def test_one_may_step_in_after_each_layer():
    models = [KINDS["batch"](seed) for seed in range(2)]
    seen = []

    def after(layer, h):
        seen.append((layer, tuple(h.shape)))
        return h.flip(0) if layer == "input" else h

    together = SideBySide(models).eval()
    x = torch.randn(2, 2, 40, generator=torch.Generator().manual_seed(0))
    found = together(x, after)
    assert seen[:3] == [("input", (4, 1, 40)), ("curves", (4, 1, 40)), ("stem", (4, 16, 20))]
    rows = x.flatten(0, 1).flip(0).view(2, 2, 40)  # n K rows, the K of an example together
    torch.testing.assert_close(found, together(rows))


@pytest.mark.parametrize(
    "layer",
    [nn.LayerNorm(4), nn.Conv1d(4, 4, 3, dilation=2), nn.Conv1d(4, 4, 3, groups=2)],
)
def test_other_layers_are_refused(layer):
    with pytest.raises(ValueError, match=f"models: {type(layer).__name__}.* has no form"):
        SideBySide([nn.Sequential(layer)])
