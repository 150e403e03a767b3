# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session may ask of the broker of data sockets, once root has bound it to its client."""

from __future__ import annotations

from ftpsd.wire.message import Call, Fd, Int, Interface, Refusal, Reply, Text, enumeration

PortRefusal = str

enumeration(
    "PortRefusal",
    "cancelled exhausted forbidden foreign privileged timeout unreachable unsupported",
)


class NotOpened(Refusal):
    """No data socket, for one of a closed list of reasons."""

    reason: PortRefusal


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
    (Listen, Connect),
    (NotOpened,),
)
