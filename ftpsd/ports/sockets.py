# SPDX-License-Identifier: GPL-3.0-or-later
"""Data sockets: where they may listen, from whom they may accept, to whom they may connect."""

from __future__ import annotations

import errno
import secrets
import socket
from typing import TYPE_CHECKING, Any

from ftpsd import limits
from ftpsd.wire.control import Address, address_of
from ftpsd.wire.ports import NotOpened

if TYPE_CHECKING:
    from ftpsd.ports.binding import Binding

_FULL = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES)


def at(address: Address, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """Give what bind(2) and connect(2) take."""
    if address.family == socket.AF_INET:
        return address.text, port
    return address.text, port, 0, address.scope


def listen(binding: Binding) -> socket.socket:
    """Listen on the address the client connected to, on a random port of the range.

    Raise `NotOpened` if no port is free, or it is not to listen at all.
    """
    if binding.no_passive:
        raise NotOpened(reason="forbidden")
    first, last = binding.first_port, binding.last_port
    span = last - first + 1 if last else 1
    start, stride = (secrets.randbelow(span), _stride(span)) if last else (0, 1)
    for step in range(min(span, limits.LISTEN_TRIES) if last else 1):
        port = first + (start + step * stride) % span if last else 0
        sock = socket.socket(binding.local.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            _bind(sock, binding, port)
            sock.listen(1)
        except OSError as error:
            sock.close()
            if error.errno not in _FULL:
                raise NotOpened(reason="unreachable") from error
            continue
        return sock
    raise NotOpened(reason="exhausted")


def _stride(span: int) -> int:
    """Give a step that meets every port of a range, in an order that nobody can foresee."""
    while True:
        stride = 1 + secrets.randbelow(span)
        if _coprime(stride, span):
            return stride


def _coprime(one: int, other: int) -> bool:
    while other:
        one, other = other, one % other
    return one == 1


def accept(listener: socket.socket, binding: Binding) -> tuple[socket.socket | None, str]:
    """Accept a connection if the client made it; give it, or `None` and the address of who did."""
    try:
        sock, name = listener.accept()
    except OSError:
        return None, ""
    address = address_of(name)
    if address.packed != binding.remote.packed and not binding.passive_any_peer:
        sock.close()
        return None, address.text
    _prepare(sock)
    return sock, address.text


def connect(binding: Binding, host: str, port: int) -> socket.socket:
    """Begin to connect to the client. Raise `NotOpened` for anyone else, or a port below 1024.

    Both would make the server a tool against third parties (RFC 2577, section 3).
    """
    if binding.no_active:
        raise NotOpened(reason="forbidden")
    remote = binding.remote
    if _packed(host) != remote.packed:
        if not binding.active_any_peer or len(_packed(host)) != len(remote.packed):
            raise NotOpened(reason="foreign")
        remote = Address(_packed(host))
    if not limits.UNPRIVILEGED_PORT <= port <= 65535:
        raise NotOpened(reason="privileged")
    sock = socket.socket(remote.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        _bind(sock, binding, binding.source_port)
    except OSError as error:
        sock.close()
        raise NotOpened(reason="exhausted") from error
    try:
        sock.connect(at(remote, port))
    except BlockingIOError:
        pass
    except OSError as error:
        sock.close()
        raise NotOpened(reason="unreachable") from error
    _prepare(sock)
    return sock


def connected(sock: socket.socket) -> bool:
    """Say whether the connection that `connect` has begun is made, and settle that it is.

    Only another connect(2) ends what the kernel takes for the making of a connection. Until then
    who has the socket could connect it anew, to anyone: the client resets it, and sending with
    MSG_FASTOPEN is no connect(2).
    """
    try:
        return sock.connect_ex(sock.getpeername()) in (0, errno.EISCONN)
    except OSError:
        return False


def _bind(sock: socket.socket, binding: Binding, port: int) -> None:
    """Give `sock` the address the client connected to, and `port`, 0 for one the kernel chooses."""
    if port:
        # A port that served a moment ago must not be kept back for its last packets. Where the
        # kernel chooses, the option would have it search one half of its ports to the end first.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(at(binding.local, port))


def _packed(host: str) -> bytes:
    try:
        return Address(
            socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
        ).packed
    except (OSError, ValueError):
        raise NotOpened(reason="unsupported") from None


def _prepare(sock: socket.socket) -> None:
    options: tuple[tuple[int, int, Any], ...] = (
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    )
    for level, option, value in options:
        sock.setsockopt(level, option, value)
