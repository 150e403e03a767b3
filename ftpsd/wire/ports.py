# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be asked of the broker of data sockets: first by the helper, then by one session."""

from __future__ import annotations

from ftpsd.wire.message import (
    Call,
    Done,
    Fd,
    Int,
    Interface,
    Refusal,
    Reply,
    Text,
    Texts,
    enumeration,
)

PortRefusal = str

enumeration(
    "PortRefusal",
    "cancelled exhausted forbidden foreign privileged timeout unreachable unsupported",
)


class NotOpened(Refusal):
    """No data socket, for one of a closed list of reasons."""

    reason: PortRefusal


class Attach(Call[Done]):
    """Bind this channel to one control connection, and the addresses at its ends. Root asks this.

    Passive ports are drawn from `first_port` to `last_port`, 0 for any; active connections come
    from `source_port`, 0 for any. `ways` are "passive" and "active", as far as either is allowed,
    and "passive_any_peer" and "active_any_peer" where someone else than the client may be there.
    """

    control_fd: Fd
    first_port: Int
    last_port: Int
    source_port: Int
    seconds: Int
    ways: Texts


class Opened(Reply):
    """First where to connect to, then the connection."""

    host: Text | None = None
    port: Int | None = None
    data_fd: Fd | None = None


class Listen(Call[Opened]):
    """Wait for a connection from the client (PASV, EPSV); an earlier wait is given up."""

    MORE = True


class Connected(Reply):
    """A connection to the client."""

    data_fd: Fd


class Connect(Call[Connected]):
    """Connect to the client (PORT, EPRT): to its own address only, port 1024 at least."""

    host: Text
    port: Int


PORTS = Interface(
    "org.ftpsd.Ports",
    "ftpsd-ports.service: opens data sockets, each only to the client of one control connection.",
    (Attach, Listen, Connect),
    (NotOpened,),
)
