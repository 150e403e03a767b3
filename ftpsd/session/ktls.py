# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS whose records the kernel makes (Linux, Documentation/networking/tls.rst), for downloads.

OpenSSL does the handshake and hands the keys to the kernel; sendfile(2) then needs no copy through
this process. It takes the kernel's module `tls`; whether it is there is asked, never assumed.
"""

from __future__ import annotations

import _socket
import select
import struct
import time

from ftpsd.session import hello, openssl
from ftpsd.session.openssl import SSLError, SSLWantReadError, SSLWantWriteError
from ftpsd.session.secure import (
    NO_APPLICATION_PROTOCOL,
    RAW,
    Refused,
    begins,
    check_protocol,
    reason_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OPTION = 1 << 3
"""SSL_OP_ENABLE_KTLS (ssl.h); Python has a name for it from 3.12 on."""
_TCP_ULP = 31
_SOL_TLS, _TLS_TX = 282, 1
_CRYPTO_INFO = 4
"""Size of struct tls_crypto_info (linux/tls.h): version and cipher alone, whatever that is."""
_HELLO = 1 << 18
_ANCILLARY = 64
_LAST_SECONDS = 10
"""How long the kernel may take for the last records, when all before them are with the client."""


def available(sock: _socket.socket) -> bool:
    """Say whether the kernel can do TLS, by readying a connected `sock` for it.

    It can be any but the one that is meant: OpenSSL wants to ready that itself. Nothing changes for
    a connection that is given no keys.
    """
    try:
        sock.setsockopt(_socket.IPPROTO_TCP, _TCP_ULP, b"tls")
    except OSError:
        return False
    return True


class _Socket(_socket.socket):
    """A socket as OpenSSL's wrapper wants one."""

    __slots__ = ("__weakref__",)


class Kernel:
    """A data connection to send on; where the kernel cannot do the cipher, OpenSSL does."""

    secure = clean = True
    ready = unsent = False

    def __init__(self, sock: _socket.socket, context: openssl.Context) -> None:
        """Take over a connected `sock`; the handshake is `advance`."""
        self.sock: _socket.socket = _Socket(fileno=sock.detach())
        self.sock.setblocking(False)
        self._context = context
        self._tls: Any = None
        self._finished = self.sendfile = False

    def fileno(self) -> int:
        """Give the descriptor, for poll(2)."""
        return self.sock.fileno()

    def advance(self) -> int:
        """Go on with the handshake; give the event to wait for, 0 at its end. Raise `Refused`."""
        try:
            if self._tls is None:
                self._look()
            self._tls.do_handshake()
        except (SSLWantReadError, BlockingIOError):
            return select.POLLIN
        except SSLWantWriteError:
            return select.POLLOUT
        except OSError as error:
            raise Refused(reason_of(error)) from error
        self.sendfile = self._kernel_sends()
        return 0

    def _look(self) -> None:
        """Look at the first message before OpenSSL takes it."""
        data = self.sock.recv(_HELLO, _socket.MSG_PEEK)
        if not data:
            raise Refused("it was closed during the handshake")
        first = hello.Hello()
        if not begins(first, data):
            if self._is(select.POLLRDHUP):
                raise Refused("it was closed during the handshake")
            # poll(2) is to wait for more than what is there already.
            self.sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVLOWAT, len(data) + 1)
            raise BlockingIOError
        self.sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVLOWAT, 1)
        try:
            check_protocol(bytes(first.message))
        except Refused:
            self.sock.send(NO_APPLICATION_PROTOCOL)
            raise
        self._tls = openssl.on_socket(self._context, self.sock, self)

    def _is(self, event: int) -> bool:
        """Say whether there is an event of poll(2), or an error."""
        poll = select.poll()
        poll.register(self.fileno(), event)
        return bool(poll.poll(0))

    def _kernel_sends(self) -> bool:
        try:
            return bool(self.sock.getsockopt(_SOL_TLS, _TLS_TX, _CRYPTO_INFO))
        except OSError:
            return False

    @property
    def tls(self) -> Any:
        """Give OpenSSL's end, once the handshake has begun."""
        return self._tls

    @property
    def resumed(self) -> bool:
        """Say whether the handshake resumed a session."""
        return bool(self._tls.session_reused)

    def send(self, data: bytes | memoryview) -> int:
        """Send some of `data`."""
        try:
            return int(self._tls.write(data))
        except (SSLWantWriteError, SSLWantReadError):
            raise BlockingIOError from None

    def recv(self, _: int) -> bytes:
        """Give nothing: it is for sending."""
        return b""

    def recv_into(self, _: bytearray) -> int:
        """Give nothing: it is for sending."""
        return 0

    def push(self) -> None:
        """Have TCP send what it holds back.

        Where a record is larger than the send buffer, Linux 6.1 was seen to leave the begin of one
        in TCP's queue with no timer running: the client waits, and so does poll(2), for ever. The
        option is set already; to set it sends what there is (tcp(7)).
        """
        self.sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)

    def finish(self) -> bool:
        """Send close_notify; `False` if it has to be called again. Raise `OSError`."""
        if self.sendfile and not self._finished:
            # From now on poll(2) waits until TCP has sent all that it was given.
            self.sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NOTSENT_LOWAT, 1)
            if not self._is(select.POLLOUT):
                return False
        try:
            if not self._finished:
                self._last() if self.sendfile else self._tls.shutdown()
        except SSLWantWriteError:
            return False
        except SSLError:
            # It wants the peer's own close_notify, which nobody needs to wait for.
            pass
        self._finished = True
        # It fails where the client is gone; to OpenSSL that is the same as a mere FIN.
        self.sock.shutdown(_socket.SHUT_WR)
        return True

    def _last(self) -> None:
        """Send close_notify behind all that the kernel still has. Raise `OSError`.

        It takes records without waiting and keeps those that TCP has no room for (net/tls/tls_sw.c)
        without a sign of it; shutdown(2) and close(2) throw them away. A call that may wait sends
        them first. It waits for little: what TCP had before is sent.
        """
        sock = self.sock
        sock.setsockopt(
            _socket.SOL_SOCKET, _socket.SO_SNDTIMEO, struct.pack("ll", _LAST_SECONDS, 0)
        )
        # The answer is not waited for.
        sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, struct.pack("ll", 0, 1))
        sock.setblocking(True)
        begun = time.monotonic()
        try:
            self._tls.shutdown()
        finally:
            sock.setblocking(False)
            if time.monotonic() - begun >= _LAST_SECONDS:
                raise TimeoutError("the client does not take the end")

    def close(self) -> None:
        """Close the socket, reading what is left: unread bytes would make the kernel reset it."""
        try:
            # Where the kernel reads too, recv(2) fails for a record that is no data.
            while self.sock.recvmsg(RAW, _ANCILLARY)[0]:
                pass
        except OSError:
            pass
        self.sock.close()
        openssl.forget_errors()
