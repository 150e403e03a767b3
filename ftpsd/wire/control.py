# SPDX-License-Identifier: GPL-3.0-or-later
"""A control connection, as one process passes it to another: asked of the kernel, not believed."""

from __future__ import annotations

import errno
import socket
import struct

from ftpsd.wire.message import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SO_COOKIE = 57
_MAPPED = bytes(10) + b"\xff\xff"


class NotConnected(Exception):
    """The client has left before anyone looked."""


class Address:
    """One end of a connection: 4 or 16 bytes, their text, and the scope of a link-local one."""

    __slots__ = ("packed", "scope", "text")

    def __init__(self, packed: bytes, scope: int = 0) -> None:
        """Take an address as inet_pton(3) gives it; IPv4 mapped into IPv6 becomes IPv4."""
        # A dual-stack listener shows an IPv4 client as ::ffff:192.0.2.1.
        self.packed = packed[12:] if len(packed) == 16 and packed[:12] == _MAPPED else packed
        self.scope = scope
        self.text = socket.inet_ntop(self.family, self.packed)

    @property
    def family(self) -> int:
        """Give AF_INET or AF_INET6."""
        return socket.AF_INET if len(self.packed) == 4 else socket.AF_INET6


def address_of(name: tuple[str, int] | tuple[str, int, int, int]) -> Address:
    """Read what getpeername(2) gives for a TCP socket."""
    family = socket.AF_INET6 if len(name) == 4 else socket.AF_INET
    scope = name[3] if len(name) == 4 else 0
    return Address(socket.inet_pton(family, name[0].partition("%")[0]), scope)


def _peer(sock: socket.socket) -> Any:
    """Give what getpeername(2) does. Raise `NotConnected` when that is over, or `OSError`."""
    try:
        return sock.getpeername()
    except OSError as error:
        listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        if error.errno == errno.ENOTCONN and sock.getsockname()[1] and not listens:
            raise NotConnected from error
        raise


class Control:
    """The ends of a control connection, and the kernel's own number for it (SO_COOKIE).

    `port` is the one the client connected to.
    """

    __slots__ = ("cookie", "local", "port", "remote")

    def __init__(self, fd: int) -> None:
        """Look at `fd`, which stays the caller's.

        Raise `Malformed` unless it is a TCP socket, `NotConnected` if it is connected no more.
        """
        try:
            # Not of a duplicate: what is no socket may take for ever to close (FUSE).
            sock = socket.socket(fileno=fd)
        except OSError as error:
            raise Malformed("control connection") from error
        try:
            if sock.type != socket.SOCK_STREAM or sock.proto != socket.IPPROTO_TCP:
                raise Malformed("control connection")
            local = sock.getsockname()
            self.local, self.port = address_of(local), int(local[1])
            self.remote = address_of(_peer(sock))
            cookie = sock.getsockopt(socket.SOL_SOCKET, _SO_COOKIE, 8)
        except OSError as error:
            raise Malformed("control connection") from error
        finally:
            sock.detach()
        (self.cookie,) = struct.unpack("Q", cookie)
