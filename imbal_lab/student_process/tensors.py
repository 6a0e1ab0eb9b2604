"""A tensor as a message: dtype, shape and bytes, each checked against the others when read."""

import math

import torch
from torch import Tensor

from imbal_lab.student_process.protocol import Message, ProtocolError, field

DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
        torch.float16, torch.bfloat16, torch.float32, torch.float64,
        torch.complex64, torch.complex128,
    )
}  # fmt: skip
NAMES = {dtype: name for name, dtype in DTYPES.items()}
LARGEST, AXES = 16 * 2**20, 16  # bytes of a tensor

Blobs = list[bytes]


def encode_tensor(tensor: Tensor, blobs: Blobs) -> Message:
    """Its description; its bytes are appended to ``blobs``.

    Raises TypeError for a dtype that is not in ``DTYPES``, ValueError for more than ``LARGEST``.
    """
    if tensor.dtype not in NAMES:
        raise TypeError(f"a tensor of dtype {tensor.dtype} cannot be handed over")
    if tensor.numel() * tensor.element_size() > LARGEST:
        raise ValueError(f"a tensor of more than {LARGEST >> 20} MiB cannot be handed over")
    plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
    blobs.append(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
    return {"tensor": NAMES[tensor.dtype], "shape": list(tensor.shape), "blob": len(blobs) - 1}


def decode_tensor(message: Message, blobs: Blobs) -> Tensor:
    """A fresh tensor that owns its memory. Raises ProtocolError unless all of it fits together."""
    dtype = DTYPES.get(field(message, "tensor", str))
    shape = field(message, "shape", list, AXES)
    number = field(message, "blob", int)
    if dtype is None or not all(type(n) is int and 0 <= n <= LARGEST for n in shape):
        raise ProtocolError("a tensor of an unknown kind")
    if math.prod(max(n, 1) for n in shape) > LARGEST or not 0 <= number < len(blobs):
        raise ProtocolError("a tensor too large, or of bytes that were not sent")
    blob = blobs[number]
    if math.prod(shape) * dtype.itemsize != len(blob):
        raise ProtocolError(f"{len(blob)} bytes for a tensor of shape {shape}")
    flat = torch.empty(len(blob), dtype=torch.uint8)
    flat.numpy()[:] = memoryview(blob)
    values = flat != 0 if dtype is torch.bool else flat.view(dtype)  # a byte of 7 is no bool
    return values.reshape(shape)
