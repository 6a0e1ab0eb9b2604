"""Inputs of a call there and back, fresh at every call."""

import io

import pytest
import torch
from torch import nn

from imbal_lab.models import cnn, cnn1d, fcn, mlp
from imbal_lab.student_process.inputs import decode_input, encode_input
from imbal_lab.student_process.protocol import pack, unpack


@pytest.fixture
def there_and_back():
    """Through a real message."""

    def go(value):
        blobs = []
        content = io.BytesIO(pack({"value": encode_input(value, blobs)}, blobs))
        message, received = unpack(content.read)
        return decode_input(message["value"], received)

    return go


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -(10**40), 0.1, float("inf"), "text", [], [1, [2.5, None]], (1, 2),
        {"a": 1, 2: "b", (1, 2): [3]},
    ],
)  # fmt: skip
def test_plain_values_come_back_with_their_types(there_and_back, value):
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)


def test_nan_comes_back(there_and_back):
    assert there_and_back(float("nan")) != there_and_back(float("nan"))


@pytest.mark.parametrize("needs_grad", [True, False])
def test_tensors_keep_whether_they_want_a_gradient(there_and_back, needs_grad):
    tensor = torch.tensor([1.5, 2], requires_grad=needs_grad)
    back = there_and_back({"x": [tensor]})["x"][0]
    assert torch.equal(back, tensor)
    assert (back.requires_grad, back.is_leaf) == (needs_grad, True)


MODELS = {
    "mlp": lambda: mlp([2, 5, 3], seed=0).double(),
    "relu": lambda: mlp([2, 5, 3], seed=0, activation="relu").bfloat16(),
    "cnn": lambda: cnn((1, 8, 8), seed=1, norm="batch"),
    "cnn without norm": lambda: cnn((1, 8, 8), seed=1, norm=None),
    "cnn1d": lambda: cnn1d(seed=2),
    "odd": lambda: nn.Sequential(nn.Linear(3, 3, bias=False), nn.LayerNorm(3), nn.Sigmoid(),
                                 nn.BatchNorm1d(3, affine=False, momentum=None),
                                 nn.GroupNorm(1, 3, eps=1e-3)),
    "one layer": lambda: nn.Linear(2, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_models_come_back_layer_by_layer(there_and_back, name):
    model = MODELS[name]()
    torch.manual_seed(0)
    back = there_and_back(model)
    assert str(back) == str(model)
    state, other = model.state_dict(), back.state_dict()
    assert list(state) == list(other)
    for key, tensor in state.items():
        assert tensor.dtype == other[key].dtype
        assert torch.equal(tensor, other[key])
        assert tensor.numel() == 0 or tensor.data_ptr() != other[key].data_ptr()


def test_a_model_keeps_gradients_frozen_parameters_and_modes(there_and_back):
    model = mlp([2, 3, 2], seed=0)
    model[0].weight.grad = torch.full((3, 2), 7.0)
    model[2].bias.requires_grad_(False)
    model.eval()
    model[1].train()
    back = there_and_back(model)
    assert back[0].weight.grad.tolist() == [[7, 7]] * 3
    assert back[0].bias.grad is None
    assert [p.requires_grad for p in back.parameters()] == [True, True, True, False]
    assert [m.training for m in back.modules()] == [False, False, True, False]


class Disguised(nn.Linear):
    """Named like a layer of torch's."""


Disguised.__name__ = "Linear"


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"bytes", fcn(seed=0), nn.Sequential(fcn(seed=0)), Disguised(1, 1), len],
)
def test_anything_else_is_refused(value):
    with pytest.raises(TypeError, match="cannot be handed over"):
        encode_input(value, [])
