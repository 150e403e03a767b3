# SPDX-License-Identifier: GPL-3.0-or-later
"""The control connection: lines in, replies out, and who is at its ends."""

from __future__ import annotations

import select
import socket
import time

from ftpsd import limits
from ftpsd.protocol.line import BadLine, LineBuffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.protocol.reply import Reply

_PIECE = 16384
_LINGER_SECONDS, _LINGER_BYTES = 1.0, 1 << 20
_MAPPED = "::ffff:"


class Gone(Exception):
    """The client has left, or does not take its replies."""


class Control:
    """One client's control connection."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over the accepted `sock`. Raise `Gone` if the client has left already."""
        self.sock = sock
        self._lines = LineBuffer(limits.LINE_BYTES)
        self._last: BadLine | str | None = None
        sock.setblocking(False)
        try:
            # Clients send part of ABOR as urgent data, which would be taken out of its place.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
            # 226 follows 150 without an answer in between: it must not wait for one.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.remote, self.local = _host(sock.getpeername()), _host(sock.getsockname())
        except OSError as error:
            raise Gone("left before it was greeted") from error

    def fileno(self) -> int:
        """Give the descriptor, for poll(2)."""
        return self.sock.fileno()

    @property
    def full(self) -> bool:
        """Say whether so many lines wait that no more should be read."""
        return self._lines.full

    def take(self) -> BadLine | str | None:
        """Give the next line that has arrived whole, or `None`."""
        return self._lines.take()

    def fill(self) -> None:
        """Read what has arrived, without waiting. Raise `Gone` when the client has hung up."""
        try:
            data = self.sock.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            raise Gone(error.strerror or "connection lost") from error
        if not data:
            raise Gone("hung up")
        self._lines.feed(data)
        refusals = self._lines.refusals()
        if refusals:
            self.write(refusals)

    def line(self, seconds: float) -> BadLine | str | None:
        """Wait for the next line; `None` when `seconds` have passed without one. Raise `Gone`."""
        deadline = time.monotonic() + seconds
        while (line := self.take()) is None:
            if not self._wait(select.POLLIN, deadline):
                return None
            self.fill()
        return line

    def send(self, reply: Reply) -> None:
        """Send a reply. Raise `Gone` if the client does not take it."""
        self.write(reply.render())

    def write(self, data: bytes) -> None:
        """Send bytes, waiting for the client to take them. Raise `Gone` if it does not."""
        deadline = time.monotonic() + limits.ANSWER_SECONDS
        while data:
            try:
                data = data[self.sock.send(data) :]
            except (BlockingIOError, InterruptedError):
                if not self._wait(select.POLLOUT, deadline):
                    raise Gone("does not read its replies") from None
            except OSError as error:
                raise Gone(error.strerror or "connection lost") from error

    def close(self) -> None:
        """Hang up, letting the client read the last reply.

        What it has sent meanwhile is read and dropped: with bytes unread the kernel would reset the
        connection, and take that reply away.
        """
        deadline, left = time.monotonic() + _LINGER_SECONDS, _LINGER_BYTES
        try:
            self.sock.shutdown(socket.SHUT_WR)
            while left > 0 and self._wait(select.POLLIN, deadline):
                data = self.sock.recv(_PIECE)
                left = left - len(data) if data else 0
        except OSError:
            pass
        self.sock.close()

    def _wait(self, event: int, deadline: float) -> bool:
        poll = select.poll()
        poll.register(self.sock, event)
        return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))


def _host(name: tuple[str, int] | tuple[str, int, int, int]) -> str:
    host = name[0].partition("%")[0]
    # A dual-stack listener shows an IPv4 client as ::ffff:192.0.2.1.
    return host.removeprefix(_MAPPED) if "." in host else host
