"""What a cell puts out, capped while it is written: plain text, PNG pictures, one error.

The student's process keeps an :class:`Outputs`; the grader reads its message and believes nothing
of it but its form.
"""

import io
from dataclasses import dataclass

from imbal_lab.student_process.protocol import Message, ProtocolError, field

TEXT, PIECES = 100_000, 1_000  # characters in all, pieces of text
PICTURES, PICTURE = 5, 2 * 2**20  # number, bytes of each
CUT = "\n... cut: a cell may put out 100,000 characters\n"
STREAMS = ("stdout", "stderr", "result")


@dataclass(frozen=True)
class Text:
    """Of the stream ``name``: "stdout", "stderr", or "result", what a cell displays as text."""

    name: str
    text: str


@dataclass(frozen=True)
class Picture:
    """Bytes that claim to be a PNG; nobody has looked at them."""

    png: bytes


@dataclass(frozen=True)
class CellError:
    """The error that ended a cell; ``line`` is the student's own, "" if unknown."""

    kind: str
    text: str
    line: str


Output = Text | Picture | CellError


class Outputs:
    """Collects what one cell puts out, up to the caps."""

    def __init__(self) -> None:
        self._found: list[Output] = []
        self._stream, self._parts = "", list[str]()  # of the text that is still growing
        self.left, self.pictures = TEXT, PICTURES

    @property
    def found(self) -> list[Output]:
        """What there is so far, in order."""
        if self._parts:
            self._found.append(Text(self._stream, "".join(self._parts)))
            self._parts = []
        return self._found

    def text(self, name: str, text: str) -> None:
        """Add to the last piece if that is of the same stream."""
        if self.left <= 0 or not text:
            return
        if name != self._stream:
            self.left = self.left if len(self.found) < PIECES else 1
            self._stream = name
        self._parts.append(text[: self.left])
        self.left -= len(text)
        if self.left <= 0:
            self._parts.append(CUT)

    def error(self, error: CellError) -> None:
        """Add what ended the cell."""
        self.found.append(error)

    def clear(self) -> None:
        """What stood there goes; the room that it took does not come back."""
        self._found, self._parts = [], []

    def picture(self, png: object) -> None:
        """Add one, while there is room for it."""
        if type(png) is bytes and len(png) <= PICTURE and self.pictures > 0:
            self.found.append(Picture(png))
            self.pictures -= 1


class Stream(io.TextIOBase):
    """A text stream whose text goes to the outputs of the cell that is running."""

    encoding = "utf-8"

    def __init__(self, name: str) -> None:
        self.name, self.outputs = name, Outputs()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        """Keep what fits. Raises TypeError for what is no text."""
        if not isinstance(text, str):
            raise TypeError(f"write() takes a text, not {type(text).__name__}")
        self.outputs.text(self.name, str(text))
        return len(text)


def encode_outputs(outputs: list[Output], blobs: list[bytes]) -> list[Message]:
    """One message each; the pictures' bytes are appended to ``blobs``."""
    messages: list[Message] = []
    for output in outputs:
        if isinstance(output, Text):
            messages.append({"stream": output.name, "text": output.text})
        elif isinstance(output, Picture):
            messages.append({"picture": len(blobs)})
            blobs.append(output.png)
        else:
            messages.append({"error": output.kind, "text": output.text, "line": output.line})
    return messages


def decode_outputs(messages: list, blobs: list[bytes]) -> tuple[Output, ...]:
    """Raises ProtocolError for anything but outputs within the caps."""
    outputs = tuple(_decode_output(message, blobs) for message in messages)
    pictures = sum(isinstance(output, Picture) for output in outputs)
    texts = sum(len(output.text) for output in outputs if isinstance(output, Text))
    if pictures > PICTURES or texts > 2 * TEXT or len(outputs) > 2 * PIECES:
        raise ProtocolError("more outputs than a cell may have")
    return outputs


def _decode_output(message: Message, blobs: list[bytes]) -> Output:
    if type(message) is not dict:
        raise ProtocolError("an output of an unknown kind")
    if "picture" in message:
        number = field(message, "picture", int)
        if not 0 <= number < len(blobs) or len(blobs[number]) > PICTURE:
            raise ProtocolError("a picture that was not sent, or is too large")
        return Picture(blobs[number])
    text = field(message, "text", str, 2 * TEXT)
    if "stream" in message and message["stream"] in STREAMS:
        return Text(message["stream"], text)
    return CellError(field(message, "error", str, 200), text, field(message, "line", str, 1000))
