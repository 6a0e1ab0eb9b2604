"""Tensors there and back, and what is refused on the way back."""

import random

import pytest
import torch

from imbal_lab.student_process.protocol import ProtocolError
from imbal_lab.student_process.tensors import DTYPES, LARGEST, decode_tensor, encode_tensor


@pytest.fixture
def there_and_back():
    def go(tensor):
        blobs = []
        return decode_tensor(encode_tensor(tensor, blobs), blobs)

    return go


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0, 3), (2, 3, 1)])
def test_every_dtype_and_shape_comes_back(there_and_back, name, shape):
    generator = torch.Generator().manual_seed(1)
    tensor = torch.randint(0, 2, shape, generator=generator).to(DTYPES[name])
    back = there_and_back(tensor)
    assert (back.dtype, back.shape) == (tensor.dtype, tensor.shape)
    assert torch.equal(back, tensor)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0, 1e-310]).double(),
        torch.arange(12.0).reshape(3, 4).T,
        torch.arange(6)[::2],
        torch.ones(2).expand(3, 2),
        torch.tensor([1 + 2j]).conj(),
        torch.ones(3, requires_grad=True) * 2,
    ],
)
def test_values_come_back_whatever_the_layout(there_and_back, tensor):
    torch.testing.assert_close(there_and_back(tensor), tensor.detach(), equal_nan=True)


def test_what_comes_back_owns_its_memory(there_and_back):
    tensor = torch.zeros(3)
    back = there_and_back(tensor)
    back += 1
    assert tensor.sum() == 0
    assert not back.requires_grad


def test_what_cannot_be_handed_over_is_refused():
    with pytest.raises(TypeError, match="dtype"):
        encode_tensor(torch.zeros(2).to(torch.float8_e5m2), [])
    with pytest.raises(ValueError, match="16 MiB"):
        encode_tensor(torch.zeros(1).expand(LARGEST), [])


FOUR = {"tensor": "float32", "shape": [1], "blob": 0}


@pytest.mark.parametrize(
    "change",
    [
        {"tensor": "object"},
        {"tensor": "qint8"},
        {"tensor": 3},
        {"tensor": None},
        {"shape": [2]},
        {"shape": [-1]},
        {"shape": [True]},
        {"shape": [1.0]},
        {"shape": ["1"]},
        {"shape": [1] * 17},
        {"shape": "1"},
        {"shape": None},
        {"shape": [0, 2**62]},
        {"shape": [2**31, 2**31, 0]},
        {"shape": [2**62, 4]},
        {"blob": 1},
        {"blob": -1},
        {"blob": "0"},
        {"blob": True},
    ],
)
def test_a_description_that_does_not_fit_is_refused(change):
    assert decode_tensor(FOUR, [b"\0\0\0\0"]).tolist() == [0]
    with pytest.raises(ProtocolError):
        decode_tensor(FOUR | change, [b"\0\0\0\0"])


@pytest.mark.parametrize("blob", [b"", b"\0\0\0", b"\0\0\0\0\0"])
def test_bytes_fit_the_shape_exactly(blob):
    with pytest.raises(ProtocolError, match="bytes for a tensor"):
        decode_tensor(FOUR, [blob])


def test_a_truth_value_is_true_or_false_whatever_the_byte():
    tensor = decode_tensor({"tensor": "bool", "shape": [4], "blob": 0}, [b"\x00\x01\x07\xff"])
    assert tensor.view(torch.uint8).tolist() == [0, 1, 1, 1]


def test_random_bytes_are_some_tensor():
    rng = random.Random(2)
    for name, dtype in DTYPES.items():
        blob = rng.randbytes(dtype.itemsize * 6)
        tensor = decode_tensor({"tensor": name, "shape": [2, 3], "blob": 0}, [blob])
        assert torch.isfinite(tensor).shape == (2, 3)
