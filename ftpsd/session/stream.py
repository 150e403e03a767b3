# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection as bytes, in the clear; `ftpsd.session.secure` has the same, protected.

Nothing here waits: what would raises `BlockingIOError`.
"""

from __future__ import annotations

import _socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Stream(Protocol):
        """What control and data connections are read from and written to."""

        @property
        def sock(self) -> _socket.socket:
            """Give the socket, for its options."""

        secure: bool
        """Whether its bytes are protected."""
        sendfile: bool
        """Whether sendfile(2) may be used on the descriptor, after the handshake."""
        clean: bool
        """Whether the peer has said that they are all there were, or has no means to."""

        @property
        def ready(self) -> bool:
            """Say whether there is something to read, or the end, without waiting for it."""

        @property
        def resumed(self) -> bool:
            """Say whether the handshake resumed a session."""

        @property
        def unsent(self) -> bool:
            """Say whether something that `send` has taken is still to be sent, by another call."""

        def fileno(self) -> int:
            """Give the descriptor, for poll(2)."""

        def advance(self) -> int:
            """Go on with the handshake; give the event of poll(2) to wait for, 0 at its end."""

        def send(self, data: bytes | memoryview, /) -> int:
            """Send some of `data`, give how much of it was taken. Raise `OSError`."""

        def recv(self, size: int, /) -> bytes:
            """Give what has arrived, nothing at its end. Raise `OSError`."""

        def recv_into(self, buffer: bytearray, /) -> int:
            """Put what has arrived into `buffer`, give how much. Raise `OSError`."""

        def push(self) -> None:
            """Have the kernel send what it holds back, where it might do so for ever."""

        def finish(self) -> bool:
            """Announce the end of what is sent; `False` if it has to be called again."""

        def close(self) -> None:
            """Close the socket."""


class Plain:
    """A connection without TLS."""

    secure = ready = resumed = unsent = False
    clean = sendfile = True

    def __init__(self, sock: _socket.socket) -> None:
        """Take over a connected `sock`."""
        sock.setblocking(False)
        self.sock = sock
        self.fileno = sock.fileno
        self.send, self.recv, self.recv_into = sock.send, sock.recv, sock.recv_into
        self.close = sock.close

    def advance(self) -> int:
        """Give 0: there is no handshake."""
        return 0

    def push(self) -> None:
        """Do nothing: TCP has timers of its own."""

    def finish(self) -> bool:
        """Close it for writing."""
        self.sock.shutdown(_socket.SHUT_WR)
        return True
