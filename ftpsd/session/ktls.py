# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS whose records the kernel makes (Linux, Documentation/networking/tls.rst), for downloads.

OpenSSL does the handshake and hands the keys to the kernel; sendfile(2) then needs no copy through
this process. It takes the kernel's module `tls`; whether it is there is asked, never assumed.
"""

from __future__ import annotations

import select
import socket
import ssl

from ftpsd.session import hello
from ftpsd.session.secure import (
    NO_APPLICATION_PROTOCOL,
    Refused,
    begins,
    check_protocol,
    reason_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket

OPTION = 1 << 3
"""SSL_OP_ENABLE_KTLS (ssl.h); Python has a name for it from 3.12 on."""
_TCP_ULP = 31
_SOL_TLS, _TLS_TX = 282, 1
_CRYPTO_INFO = 64
_HELLO = 1 << 18


def available(sock: _socket.socket) -> bool:
    """Say whether the kernel can do TLS, by readying a connected `sock` for it.

    It can be any but the one that is meant: OpenSSL wants to ready that itself. Nothing changes for
    a connection that is given no keys.
    """
    try:
        sock.setsockopt(socket.IPPROTO_TCP, _TCP_ULP, b"tls")
    except OSError:
        return False
    return True


class Kernel:
    """A data connection to send on; where the kernel cannot do the cipher, OpenSSL does."""

    secure = clean = True
    ready = unsent = False

    def __init__(self, sock: _socket.socket, context: ssl.SSLContext) -> None:
        """Take over a connected `sock`; the handshake is `advance`."""
        sock.setblocking(False)
        self._plain = socket.socket(fileno=sock.detach())
        self._context = context
        self._tls: ssl.SSLSocket | None = None
        self._finished = self.sendfile = False

    @property
    def _sock(self) -> ssl.SSLSocket:
        assert self._tls is not None  # advance() has made it
        return self._tls

    @property
    def sock(self) -> socket.socket:
        """Give the socket, for its options."""
        return self._tls or self._plain

    def fileno(self) -> int:
        """Give the descriptor, for poll(2)."""
        return self._tls.fileno() if self._tls else self._plain.fileno()

    def advance(self) -> int:
        """Go on with the handshake; give the event to wait for, 0 at its end. Raise `Refused`."""
        try:
            if self._tls is None:
                self._look()
            self._sock.do_handshake()
        except (ssl.SSLWantReadError, BlockingIOError):
            return select.POLLIN
        except ssl.SSLWantWriteError:
            return select.POLLOUT
        except OSError as error:
            raise Refused(reason_of(error)) from error
        self.sendfile = self._kernel_sends()
        return 0

    def _look(self) -> None:
        """Look at the first message before OpenSSL takes it."""
        data = self._plain.recv(_HELLO, socket.MSG_PEEK)
        if not data:
            raise Refused("it was closed during the handshake")
        first = hello.Hello()
        if not begins(first, data):
            # poll(2) is to wait for more than what is there already.
            self._plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(data) + 1)
            raise BlockingIOError
        self._plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        try:
            check_protocol(bytes(first.message))
        except Refused:
            self._plain.send(NO_APPLICATION_PROTOCOL)
            raise
        self._tls = self._context.wrap_socket(
            self._plain,
            server_side=True,
            do_handshake_on_connect=False,
            suppress_ragged_eofs=False,
        )

    def _kernel_sends(self) -> bool:
        try:
            return bool(self._sock.getsockopt(_SOL_TLS, _TLS_TX, _CRYPTO_INFO))
        except OSError:
            return False

    @property
    def resumed(self) -> bool:
        """Say whether the handshake resumed a session."""
        return bool(self._sock.session_reused)

    def send(self, data: bytes | memoryview) -> int:
        """Send some of `data`."""
        try:
            return self._sock.send(data)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            raise BlockingIOError from None

    def recv(self, _: int) -> bytes:
        """Give nothing: it is for sending."""
        return b""

    def recv_into(self, _: bytearray) -> int:
        """Give nothing: it is for sending."""
        return 0

    def finish(self) -> bool:
        """Send close_notify; `False` if it has to be called again."""
        try:
            if not self._finished:
                self._sock.unwrap()
        except ssl.SSLWantWriteError:
            return False
        except (ssl.SSLError, OSError):
            # It wants the peer's own close_notify, which nobody needs to wait for.
            pass
        self._finished = True
        self._shut()
        return True

    def _shut(self) -> None:
        try:
            socket.socket.shutdown(self._sock, socket.SHUT_WR)
        except OSError:
            # As for `Secure`: a client that has all of its file may be gone.
            pass

    def close(self) -> None:
        """Close the socket."""
        (self._tls or self._plain).close()
