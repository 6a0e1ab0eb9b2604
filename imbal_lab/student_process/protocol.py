"""Messages on a socket: a JSON header, then raw bytes. No pickle, so reading runs nobody's code.

A message is 12 bytes (the magic, the header's length, the number of blobs), the length of each
blob in 8 bytes, the header, the blobs. The header is one JSON object. Python's extra numbers (NaN,
Infinity) are no JSON; whoever sends a float says it by ``float.hex``.
"""

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

MAGIC = b"imb1"
HEADER, BLOB, BLOBS = 4 * 2**20, 64 * 2**20, 1024  # most bytes, most bytes of all, most in number
DEPTH, DIGITS = 40, 30
FRAME, LENGTH = struct.Struct("!4sII"), struct.Struct("!Q")

Message = dict[str, Any]
Read = Callable[[int], bytes]  # exactly so many bytes, or an error


class ProtocolError(Exception):
    """What arrived is no message, or not the expected one."""


def pack(message: Message, blobs: Sequence[bytes] = ()) -> bytes:
    """The bytes of a message. Raises ProtocolError for one that nobody would read."""
    try:
        header = json.dumps(message, allow_nan=False).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise ProtocolError(f"cannot be sent: {error}") from None
    _check_sizes(len(header), [len(blob) for blob in blobs])
    lengths = b"".join(LENGTH.pack(len(blob)) for blob in blobs)
    return b"".join((FRAME.pack(MAGIC, len(header), len(blobs)), lengths, header, *blobs))


def unpack(read: Read) -> tuple[Message, list[bytes]]:
    """The next message. Raises ProtocolError for anything else, before it takes much memory."""
    magic, header, count = FRAME.unpack(read(FRAME.size))
    if magic != MAGIC or count > BLOBS:
        raise ProtocolError("not the beginning of a message")
    lengths = [LENGTH.unpack(read(LENGTH.size))[0] for _ in range(count)]
    _check_sizes(header, lengths)
    message = _parsed(read(header))
    return message, [read(length) for length in lengths]


def field(message: Message, name: str, kind: type[Any], most: int | None = None) -> Any:
    """``message[name]``, which must be of this very type, with at most ``most`` items."""
    value: Any = message.get(name)
    if type(value) is kind and (most is None or len(value) <= most):
        return value
    raise ProtocolError(f"{name}: not what was expected")


def _check_sizes(header: int, blobs: Sequence[int]) -> None:
    if header > HEADER or sum(blobs) > BLOB or len(blobs) > BLOBS:
        raise ProtocolError(f"too long: a header of {header} bytes, blobs of {sum(blobs)}")


def _parsed(header: bytes) -> Message:
    try:
        message = json.loads(header, parse_constant=_refused, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the header is no JSON: {type(error).__name__}") from None
    if type(message) is not dict:
        raise ProtocolError("the header is no object")
    return {str(name): _clean(value, DEPTH) for name, value in message.items()}


def _clean(value: Any, depth: int) -> Any:
    """The same with every text fit to be written as UTF-8; half of a surrogate pair is not."""
    if depth == 0:
        raise ProtocolError("the header is too deep")
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_clean(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {_clean(k, depth - 1): _clean(v, depth - 1) for k, v in value.items()}
    return value


def _integer(digits: str) -> int:
    if len(digits) > DIGITS:
        raise ValueError("a number too long")
    return int(digits)


def _refused(name: str) -> NoReturn:
    raise ValueError(name)
