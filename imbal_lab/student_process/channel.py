"""The grader's end of a line to a student's process, which may be silent, slow, or lie.

Nothing is waited for without looking round: every tenth of a second ``look`` is called, and ends
the waiting by an error of its own.
"""

import os
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence

from imbal_lab.student_process.protocol import Message, ProtocolError, pack, unpack

FIRST, LATER = 0.05, 0.1  # seconds to the first look and between the others
CREDENTIALS = struct.Struct("3i")  # process, user, group: written by the kernel

Look = Callable[[], None]


class Died(Exception):  # noqa: N818 - reads as a state
    """The process at the other end has ended, or what it says makes no sense."""


class Channel:
    """A socket whose other end, ``theirs``, is handed over.

    ``process`` is the id of who sent the last message, as the kernel says.
    """

    def __init__(self) -> None:
        self.socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.setblocking(False)
        self.theirs, self.process, self._ending = other.detach(), 0, -1
        self._number, self._next_look = 0, 0.0

    def ask(
        self, order: Message, look: Look, blobs: Sequence[bytes] = ()
    ) -> tuple[Message, list[bytes]]:
        """Send a numbered order and return its answer. Raises Died, and what ``look`` raises."""
        self._number += 1
        self.send(order | {"n": self._number}, look, blobs)
        answer, results = self.receive(look)
        if "moved" in answer:  # to another process of theirs
            answer, results = self.receive(look)
        if answer.get("n") != self._number:
            raise Died("an answer to another question")
        return answer, results

    def send(
        self, order: Message, look: Look, blobs: Sequence[bytes] = (), hand: Sequence[int] = ()
    ) -> None:
        """Send an order, and the descriptors in ``hand``. Raises as ``ask`` does."""
        self._next_look = time.monotonic() + FIRST
        content = memoryview(pack(order, blobs))
        try:
            while content:
                self._wait(select.POLLOUT, look)
                sent = socket.send_fds(self.socket, [content], list(hand))
                content, hand = content[sent:], ()
        except OSError as error:
            raise Died(str(error)) from None

    def receive(self, look: Look) -> tuple[Message, list[bytes]]:
        """The next message. Raises as ``ask`` does."""
        self._next_look = time.monotonic() + FIRST
        try:
            return unpack(lambda count: self._read(count, look))
        except (ProtocolError, OSError) as error:
            raise Died(str(error)) from None

    def lives(self) -> bool:
        """Whether the other process was heard of and has not ended."""
        return self._ending >= 0 and not self._ready(self._ending, select.POLLIN)

    def hand_over(self) -> None:
        """Close our copy of the other end."""
        if self.theirs >= 0:
            os.close(self.theirs)
            self.theirs = -1

    def close(self) -> None:
        """Both ends; the other process learns it. May be repeated."""
        self.hand_over()
        self.socket.close()
        self._note_ending(-1)

    def _read(self, count: int, look: Look) -> bytes:
        content = bytearray()
        while len(content) < count:
            self._wait(select.POLLIN, look)
            most = min(count - len(content), 2**20)
            part, extra, _, _ = self.socket.recvmsg(most, socket.CMSG_LEN(CREDENTIALS.size))
            if not part:
                raise Died("its line has ended")
            content += part
            self._note_sender(extra)
        return bytes(content)

    def _note_sender(self, extra: list[tuple[int, int, bytes]]) -> None:
        """There is room for the credentials only, so descriptors that are sent go nowhere."""
        for _, kind, data in extra:
            process = CREDENTIALS.unpack(data)[0] if kind == socket.SCM_CREDENTIALS else 0
            if process and process != self.process:
                self.process = process
                try:
                    self._note_ending(os.pidfd_open(process))
                except ProcessLookupError:
                    self._note_ending(-1)

    def _note_ending(self, descriptor: int) -> None:
        if self._ending >= 0:
            os.close(self._ending)
        self._ending = descriptor

    def _wait(self, event: int, look: Look) -> None:
        """Until the socket is ready; what a process said before its end is still read."""
        while True:
            left = self._next_look - time.monotonic()
            if left <= 0:
                look()
                self._next_look = time.monotonic() + LATER
            elif self._ready(self.socket.fileno(), event, left):
                return
            elif self.process and not self.lives():
                if self._ready(self.socket.fileno(), event):
                    return
                raise Died("it has ended")

    def _ready(self, descriptor: int, event: int, seconds: float = 0.0) -> bool:
        poll = select.poll()
        poll.register(descriptor, event)
        if descriptor != self._ending and self._ending >= 0:
            poll.register(self._ending, select.POLLIN)
        return descriptor in dict(poll.poll(seconds * 1000))
