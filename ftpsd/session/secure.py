# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection under TLS, as `ftpsd.session.stream` has it in the clear.

OpenSSL works in memory: one system call moves what many records carry.
"""

from __future__ import annotations

import _socket
import select

from ftpsd.session import hello, openssl
from ftpsd.session.openssl import (
    MemoryBIO,
    SSLError,
    SSLWantReadError,
    SSLZeroReturnError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROTOCOL = b"ftp"
"""FTP's name among the protocols of ALPN."""
NO_APPLICATION_PROTOCOL = bytes((21, 3, 3, 0, 2, 2, 120))
"""A fatal alert (RFC 7301, section 3.2), as a record."""
_BROKEN = bytes((23, 3, 3, 0, 1, 0))
"""A record that cannot be decrypted."""
RAW, RAW_CONTROL = 1 << 17, 1 << 12
"""Bytes read from the socket at once."""
_FEW = 1 << 15
"""A read that brings less may be all that a client sends before it waits."""
_RECORD = 16384 + 512
"""One record at its longest: so much may be left of the last read."""
PIECE = RAW + _RECORD
"""The least that a buffer to receive into must hold: all that one read may bring."""
_MOST = 1 << 17
"""Bytes encrypted at once, in full records."""
_UNHEARD = 1 << 17
"""Bytes kept for a client that goes on talking and does not read."""
_DROPPED = 8
"""Reads of what nobody wants any more, before a connection is closed all the same."""
_SMALL, _SMALL_BYTES = 1 << 12, 1 << 14
"""Records of a few packets, while the connection is young: a client need not wait for more."""


class Refused(Exception):
    """There will be no TLS on a connection; the text is the reason."""


class NotResumed(Refused):
    """The handshake was right, but nothing proves that the client of this session made it."""


def begins(first: hello.Hello, data: bytes) -> bool:
    """Add what has come of a ClientHello; say whether it is whole. Raise `Refused`."""
    try:
        return first.feed(data)
    except hello.NotTls:
        raise Refused("it does not begin with a ClientHello") from None


def check_protocol(client_hello: bytes) -> None:
    """Raise `Refused` if the client offers protocols, and FTP is none of them."""
    if hello.ALPN not in client_hello:
        # Nearly all clients: nothing has to be taken apart to see that there is none.
        return
    offered = hello.protocols(client_hello)
    if offered is not None and PROTOCOL not in offered:
        raise Refused(f"the client means to speak {b', '.join(offered)[:80]!r}")


def reason_of(error: Exception) -> str:
    """Give what went wrong, as OpenSSL or the system has it."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return str(reason).replace("_", " ").lower()


class Secure:
    """One connection under TLS."""

    secure = True
    sendfile = False

    def __init__(
        self,
        sock: _socket.socket,
        context: openssl.Context,
        raw: int,
        *,
        must_resume: bool = False,
        hears: bool = False,
    ) -> None:
        """Take over a connected `sock`, to read `raw` bytes at once; the handshake is `advance`.

        `hears` is for a connection on which the client talks and gets no answers: an upload.
        """
        sock.setblocking(False)
        self.sock = sock
        self._raw, self._hears = raw, hears
        self._in, self._out = MemoryBIO(), MemoryBIO()
        self._tls = openssl.in_memory(context, self._in, self._out)
        self._must_resume = must_resume
        self._hello: hello.Hello | None = hello.Hello()
        self._left = memoryview(b"")
        self._shaken = self._finished = False
        self._young = _SMALL_BYTES
        self.clean = self._ended = False

    @property
    def ready(self) -> bool:
        """Say whether there is something to read, or the end, without waiting for the socket."""
        return self._ended or bool(self._in.pending)

    @property
    def unsent(self) -> bool:
        """Say whether something that `send` has taken is still to be sent."""
        return bool(self._left)

    def fileno(self) -> int:
        """Give the descriptor, for poll(2)."""
        return self.sock.fileno()

    def advance(self) -> int:
        """Go on with the handshake; give the event to wait for, 0 at its end. Raise `Refused`."""
        try:
            while True:
                self._flush()
                if self._shaken:
                    return 0
                self._shake()
        except _Wait as wait:
            return wait.event
        except SSLError as error:
            self._tell()
            raise Refused(reason_of(error)) from error
        except OSError as error:
            raise Refused(error.strerror or "connection lost") from error

    def _shake(self) -> None:
        if self._hello is not None:
            self._read()
            return
        try:
            self._tls.do_handshake()
        except SSLWantReadError:
            if not self._out.pending:
                self._read()
            return
        if self._must_resume and not self._tls.session_reused:
            # Not a byte more: what is left to send would complete the handshake of TLS 1.2.
            self._spoil()
            raise NotResumed("it does not resume the TLS session of the control connection")
        self._shaken = True

    def _spoil(self) -> None:
        """Have OpenSSL forget the session, or the next connection could resume this one.

        Only a fatal error takes it out of the cache: Python 3.13 marks a connection as ended before
        it frees it, so that it stays there.
        """
        self._in.write(_BROKEN)
        try:
            self._tls.read(1)
        except SSLError:
            pass
        self._tls = None

    def _read(self) -> None:
        try:
            data = self.sock.recv(self._raw)
        except (BlockingIOError, InterruptedError):
            raise _Wait(select.POLLIN) from None
        if not data:
            raise Refused("it was closed during the handshake")
        self._acknowledge(len(data))
        if self._hello is not None:
            self._look(self._hello, data)
        self._in.write(data)

    def _look(self, first: hello.Hello, data: bytes) -> None:
        """See what the client's first message offers, as soon as it is whole. Raise `Refused`."""
        if not begins(first, data):
            return
        self._hello = None
        try:
            check_protocol(bytes(first.message))
        except Refused:
            self._left = memoryview(bytes(self._left) + NO_APPLICATION_PROTOCOL)
            self._tell()
            raise

    def _acknowledge(self, size: int) -> None:
        """Say at once that `size` bytes have come, if they are few.

        A client that sends its next record only when the last one is acknowledged (Nagle) would
        wait for 40 ms: TLS answers nothing that could carry it.
        """
        if self._hears and size < _FEW:
            self.sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_QUICKACK, 1)

    def _tell(self) -> None:
        """Send an alert, if that can be done at once."""
        try:
            self._flush()
        except OSError:
            pass

    def _flush(self) -> None:
        """Send what is encrypted. Raise `_Wait` if not all of it is taken."""
        while self._left or self._out.pending:
            if not self._left:
                self._left = memoryview(self._out.read())
            try:
                sent = self.sock.send(self._left)
            except (BlockingIOError, InterruptedError):
                raise _Wait(select.POLLOUT) from None
            self._left = self._left[sent:]

    def send(self, data: bytes | memoryview) -> int:
        """Encrypt some of `data` once all that was before it is sent."""
        self._flush()
        taken = 0
        if self._young > 0:
            while taken < min(len(data), self._young):
                taken += self._tls.write(data[taken : taken + _SMALL])
            self._young -= taken
        elif data:
            taken = self._tls.write(memoryview(data)[:_MOST])
        try:
            self._flush()
        except _Wait:
            pass
        return taken

    def recv(self, size: int) -> bytes:
        """Give what has arrived: `size` bytes or, where one read brings more, as much as that."""
        buffer = bytearray(max(size, self._raw + _RECORD))
        return bytes(memoryview(buffer)[: self.recv_into(buffer)])

    def recv_into(self, buffer: bytearray) -> int:
        """Decrypt all that one read brings into `buffer`, which holds at least `PIECE`."""
        if self._ended:
            return 0
        if not self._in.pending:
            data = self.sock.recv(self._raw)
            if not data:
                # OpenSSL is not told: as Python sets it up, it would take this for close_notify.
                self._ended = True
                return 0
            self._acknowledge(len(data))
            self._in.write(data)
        try:
            return self._decrypt(memoryview(buffer))
        finally:
            self._answer()

    def _answer(self) -> None:
        """Send what OpenSSL says by itself: no, to a renegotiation."""
        try:
            self._flush()
        except _Wait:
            if len(self._left) > _UNHEARD:
                raise ConnectionAbortedError("TLS: alerts are not read") from None
        except OSError:
            # What has arrived is told first.
            pass

    def _decrypt(self, view: memoryview) -> int:
        got = 0
        try:
            while taken := self._tls.read(len(view) - got, view[got:]):
                got += taken
            self._ended = self.clean = True
        except SSLWantReadError:
            if not got:
                raise BlockingIOError from None
        except SSLZeroReturnError:
            self._ended = self.clean = True
        except SSLError as error:
            if not openssl.closed(self._tls):
                self._tell()
                raise ConnectionAbortedError(f"TLS: {reason_of(error)}") from error
            self._ended = self.clean = True
        return got

    def push(self) -> None:
        """Do nothing: TCP has timers of its own."""

    def finish(self) -> bool:
        """Send close_notify; `False` if it has to be called again."""
        if not self._finished:
            self._finished = True
            self._unwrap()
        try:
            self._flush()
        except _Wait:
            return False
        try:
            self.sock.shutdown(_socket.SHUT_WR)
        except OSError:
            # A client that knows the end of its file (MODE Z, SIZE) may be gone before it hears of
            # it, and answer the announcement with a reset. Had it left earlier, this was not taken.
            pass
        return True

    def _unwrap(self) -> None:
        try:
            self._tls.shutdown()
        except (SSLError, OSError):
            # It wants the peer's own close_notify, which nobody needs to wait for.
            pass

    def close(self) -> None:
        """Close the socket, reading what is left: unread bytes would make the kernel reset it."""
        try:
            for _ in range(_DROPPED):
                if not self.sock.recv(RAW):
                    break
        except OSError:
            pass
        self.sock.close()
        if self._shaken and not self._finished:
            # The end is not sent, but the session that was resumed stays good for the next time.
            self._unwrap()

    def renew_ticket(self) -> None:
        """Let the client resume once more: a ticket of TLS 1.3 may be used once.

        It goes with what is sent next: no client is to find something on its control connection,
        and no reply.
        """
        openssl.new_ticket(self._tls)

    @property
    def resumed(self) -> bool:
        """Say whether the handshake resumed a session."""
        return bool(self._tls.session_reused)

    @property
    def about(self) -> tuple[str, str]:
        """Give version and cipher."""
        cipher = self._tls.cipher()
        # What cipher() has beside the name is the version that brought the cipher.
        return (self._tls.version(), cipher[0]) if cipher else ("", "")

    @property
    def certificate(self) -> str | None:
        """Give the common name in the client's certificate, if it has shown a valid one."""
        found = self._tls.getpeercert() or {}
        subject: Any = found.get("subject", ())
        names = [str(pair[1]) for group in subject for pair in group if pair[0] == "commonName"]
        return names[0] if len(names) == 1 else None


class _Wait(BlockingIOError):
    """Nothing more can be done before an event of poll(2)."""

    def __init__(self, event: int) -> None:
        super().__init__()
        self.event = event
