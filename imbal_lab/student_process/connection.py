"""An end of a line that simply waits: in student processes, and between grader and warm parent."""

import socket
from array import array
from collections.abc import Sequence

from imbal_lab.student_process.protocol import Message, pack, unpack


class Connection:
    """One socket, messages on it."""

    def __init__(self, descriptor: int) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, descriptor)
        self._received: list[int] = []

    def send(self, message: Message, blobs: Sequence[bytes] = (), hand: Sequence[int] = ()) -> None:
        """Send a message, and the descriptors in ``hand``."""
        content = memoryview(pack(message, blobs))
        sent = socket.send_fds(self.socket, [content], list(hand)) if hand else 0
        self.socket.sendall(content[sent:])

    def receive(self) -> tuple[Message, list[bytes], list[int]]:
        """The next message, with its blobs and descriptors. Raises EOFError at the end."""
        self._received = []
        message, blobs = unpack(self._read)
        return message, blobs, self._received

    def close(self) -> None:
        self.socket.close()

    def _read(self, count: int) -> bytes:
        content = bytearray()
        while len(content) < count:
            part, extra, _, _ = self.socket.recvmsg(min(count - len(content), 2**20), 64)
            if not part:
                raise EOFError("the grader is gone")
            content += part
            for _, kind, data in extra:
                if kind == socket.SCM_RIGHTS:
                    self._received += array("i", data[: len(data) // 4 * 4])
        return bytes(content)
