"""What holds for every network with convolutions."""

import pytest
import torch
from torch import nn

from imbal_lab.models import cnn, cnn1d, fcn, resnet32

# name -> (make, inputs, shape of the logits, shape of what `head` reads)
MODELS = {
    "cnn1d": (cnn1d, (6, 40), (6, 10), (6, 48)),
    "cnn": (lambda **options: cnn((1, 8, 8), **options), (6, 64), (6, 10), (6, 128)),
    "resnet32": (resnet32, (2, 3, 32, 32), (2, 10), (2, 64)),
    "fcn": (fcn, (2, 1, 16, 16), (2, 5, 16, 16), (2, 8, 16, 16)),
}
EVERY = pytest.mark.parametrize("name", MODELS)
NORMS = pytest.mark.parametrize("norm", ["group", "batch", None])


def inputs(name, dtype=torch.float32):
    shape = MODELS[name][1]
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


@EVERY
@NORMS
def test_shapes_and_a_gradient_for_every_parameter(name, norm):
    make, _, logits, _ = MODELS[name]
    model = make(seed=0, norm=norm)
    out = model(inputs(name))
    assert out.shape == logits
    y = torch.arange(out[:, 0].numel()).reshape(out[:, 0].shape) % out.shape[1]
    nn.functional.cross_entropy(out, y).backward()
    for parameter_name, parameter in model.named_parameters():
        if norm == "batch" and parameter_name.endswith("0.bias"):
            continue  # of a convolution: BatchNorm takes constants away
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.abs().max() > 1e-9, parameter_name


@EVERY
def test_features_are_what_the_head_reads(name):
    make, _, _, features = MODELS[name]
    model, x, read = make(seed=0), inputs(name), []
    model.head.register_forward_pre_hook(lambda _, given: read.append(given[0]))
    out = model(x)
    mine = model.features(x) if name == "fcn" else model[:-1](x)
    assert read[0].shape == features
    torch.testing.assert_close(read[0], mine)
    torch.testing.assert_close(model.head(read[0]), out)


@EVERY
@NORMS
def test_the_seed_decides_and_torchs_own_state_is_left_alone(name, norm):
    make = MODELS[name][0]
    torch.manual_seed(3)
    before = torch.get_rng_state()
    same, again, other = (make(seed=seed, norm=norm) for seed in (8, 8, 9))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(4)
    later = make(seed=8, norm=norm)
    for key, value in same.state_dict().items():
        assert torch.equal(value, again.state_dict()[key])
        assert torch.equal(value, later.state_dict()[key])
    assert not torch.equal(same.stem[0].weight, other.stem[0].weight)


@EVERY
@NORMS
def test_weights_are_drawn_at_the_scale_of_their_layer(name, norm):
    for layer in MODELS[name][0](seed=1, norm=norm).modules():
        if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d):
            fan_in, draws = layer.weight[0].numel(), layer.weight.numel()
            gain = 1 if isinstance(layer, nn.Linear) else 2
            spread = layer.weight.square().mean().item() * fan_in / gain
            assert spread == pytest.approx(1, abs=5 * (2 / draws) ** 0.5)
            assert layer.bias is None or not layer.bias.any()
        elif isinstance(layer, nn.GroupNorm | nn.BatchNorm1d | nn.BatchNorm2d):
            assert (layer.weight == 1).all()
            assert not layer.bias.any()


@EVERY
@NORMS
def test_double_precision_agrees_with_single(name, norm):
    model = MODELS[name][0](seed=0, norm=norm)
    single = model(inputs(name))
    double = MODELS[name][0](seed=0, norm=norm).double()(inputs(name).double())
    assert double.dtype == torch.float64
    torch.testing.assert_close(single.double(), double, rtol=1e-3, atol=1e-3)


@EVERY
@NORMS
def test_eval_looks_at_one_example_at_a_time(name, norm):
    model = MODELS[name][0](seed=0, norm=norm).eval()
    x = inputs(name, torch.float64)
    model = model.double()
    torch.testing.assert_close(model(x)[:1], model(x[:1]))
    model.train()
    alone = torch.allclose(model(x)[:1], model(x[:1]))
    assert alone == (norm != "batch")


@EVERY
def test_a_saved_model_is_the_same_model(name):
    make = MODELS[name][0]
    model, other = make(seed=0, norm="batch"), make(seed=1, norm="batch")
    model(inputs(name))  # moves the running statistics
    other.load_state_dict(model.state_dict())
    assert torch.equal(model.eval()(inputs(name)), other.eval()(inputs(name)))


@EVERY
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "layer"}, r"norm='layer': choose one of 'group', 'batch', None"),
        ({"num_classes": 0}, r"num_classes=0: use an integer >= 1"),
    ],
)
def test_errors_name_the_argument_and_what_is_allowed(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        MODELS[name][0](seed=0, **arguments)
