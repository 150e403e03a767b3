# SPDX-License-Identifier: GPL-3.0-or-later
"""The control connection: lines in, replies out, and who is at its ends."""

from __future__ import annotations

import _socket
import select
import time

from ftpsd import limits
from ftpsd.protocol.line import BadLine, LineBuffer
from ftpsd.session.stream import Plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.protocol.reply import Reply
    from ftpsd.session.secure import Secure
    from ftpsd.session.stream import Stream

_PIECE = 16384
_LINGER_SECONDS, _LINGER_BYTES = 1.0, 1 << 20
_MAPPED = "::ffff:"
_TLS_RECORD = b"\x16\x03"
_NOT_YET = b"421 TLS begins with AUTH TLS on this port.\r\n"


class Gone(Exception):
    """The client has left, or does not take its replies."""


class Stopped(Gone):
    """The session is to end, whatever it is at: systemd says so."""


class Control:
    """One client's control connection."""

    def __init__(self, sock: _socket.socket) -> None:
        """Take over the accepted `sock`. Raise `Gone` if the client has left already."""
        self.sock = sock
        self._lines = LineBuffer(limits.LINE_BYTES)
        self._stream: Stream = Plain(sock)
        self.tls: Secure | None = None
        self._heard = self.stopped = False
        try:
            # Clients send part of ABOR as urgent data, which would be taken out of its place.
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_OOBINLINE, 1)
            # 226 follows 150 without an answer in between: it must not wait for one.
            sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            self.remote, local = _host(sock.getpeername()), sock.getsockname()
        except OSError as error:
            raise Gone("left before it was greeted") from error
        self.local, self.local_port = _host(local), int(local[1])

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
            data = self._stream.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            raise self._gone(error.strerror or str(error) or "connection lost") from error
        if not data:
            raise self._gone("hung up")
        if not self._heard and data.startswith(_TLS_RECORD):
            self.write(_NOT_YET)
            raise Gone("it began TLS without AUTH")
        self._heard = True
        self._lines.feed(data)
        refusals = self._lines.refusals()
        if refusals:
            self.write(refusals)

    def _gone(self, reason: str) -> Gone:
        return Stopped("stopped") if self.stopped else Gone(reason)

    def stop(self, *_: object) -> None:
        """Be `Stopped` when the client is next looked at: a handler of signals must do no more.

        As if it had hung up, whatever is waited for: what has been moved is counted by then.
        """
        self.stopped = True
        try:
            self.sock.shutdown(_socket.SHUT_RD)
        except OSError:
            pass

    def forget(self) -> int:
        """Drop what has arrived and was not answered; give how many bytes that were.

        Whoever sits between could have put it there: it must not run as if TLS had protected it.
        """
        dropped = self._lines.forget()
        try:
            while data := self.sock.recv(_PIECE):
                dropped += len(data)
        except OSError:
            pass
        return dropped

    def protect(self, tls: Secure) -> None:
        """Go on under TLS. Raise `Gone` if it cannot be had; nothing is said in the clear again."""
        self._stream = self.tls = tls
        self._heard = True
        deadline = time.monotonic() + limits.HANDSHAKE_SECONDS
        while event := tls.advance():
            if not self._wait(event, deadline):
                raise Gone("the TLS handshake took too long")
        if tls.ready:
            self.fill()

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
        while data or self._stream.unsent:
            try:
                data = data[self._stream.send(data) :]
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
            self._stream.finish()
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
