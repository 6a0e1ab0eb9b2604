"""Inputs of a call as a message: from the grader to the student's process, never back."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor

from imbal_lab.student_process.layers import decode_model, encode_model
from imbal_lab.student_process.tensors import Blobs, decode_tensor, encode_tensor


def encode_input(value: Any, blobs: Blobs) -> Any:
    """A tensor, number, text, None, list, tuple, dict of these, or a model of torch's layers.

    Raises TypeError for anything else.
    """
    encode = partial(encode_input, blobs=blobs)
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return {"int": str(value)}
    if type(value) is float:
        return {"float": value.hex()}
    if type(value) in (list, tuple):
        return {type(value).__name__: list(map(encode, value))}
    if type(value) is dict:
        return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
    if isinstance(value, Tensor):
        return encode_tensor(value, blobs) | {"grad": value.requires_grad}
    return {"model": encode_model(value, encode)}


def decode_input(message: Any, blobs: Blobs) -> Any:
    """The value, fresh at every call."""
    if not isinstance(message, dict):
        return message
    if "tensor" in message:
        return decode_tensor(message, blobs).requires_grad_(message["grad"])
    (kind, content), *_ = message.items()
    return DECODERS[kind](content, partial(decode_input, blobs=blobs))


Decode = Callable[[Any], Any]
DECODERS: dict[str, Callable[[Any, Decode], Any]] = {
    "int": lambda content, decode: int(content),
    "float": lambda content, decode: float.fromhex(content),
    "list": lambda content, decode: list(map(decode, content)),
    "tuple": lambda content, decode: tuple(map(decode, content)),
    "dict": lambda content, decode: {decode(key): decode(item) for key, item in content},
    "model": decode_model,
}
