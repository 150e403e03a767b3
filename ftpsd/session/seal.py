# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses to serve where the sandbox is not what ftpsd@.service says."""

from __future__ import annotations

import errno
import fcntl
import os
import socket

from ftpsd.session.filter import install

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FOREIGN = ("/etc/passwd", "/etc/shadow", "/home", "/var/lib", "/run/ftpsd", "/usr/bin/sh")
"""What is on every host and must not be seen; /root and /etc stay as empty mount points."""


_SET_SIGNAL = 10


class Unsealed(Exception):
    """Something is open that should be closed; the text says what."""


def _status() -> dict[str, str]:
    with open("/proc/self/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def _gaps() -> Iterator[str]:
    status = _status()
    if 0 in os.getresuid() or 0 in os.getresgid():
        yield "it runs as root"
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        if int(status[name], 16):
            yield f"{name} is {status[name]}"
    if (status["NoNewPrivs"], status["Seccomp"]) != ("1", "2"):
        yield "NoNewPrivileges= or SystemCallFilter= is off"
    yield from (f"{path} is visible" for path in _FOREIGN if os.path.lexists(path))
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET):
        if _opens(family):
            yield f"it can make a socket of family {family}"
    if _connects():
        yield "it can connect"


def _opens(family: int) -> bool:
    try:
        socket.socket(family, socket.SOCK_DGRAM).close()
    except OSError:
        return False
    return True


def _connects() -> bool:
    """Say whether connect(2) is open: it could lead a client's socket anywhere (AF_UNSPEC)."""
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect("/nowhere")
        except OSError as error:
            return error.errno != errno.EPERM
    return True


def _signals() -> bool:
    """Say whether a descriptor can be told to send signals; see `ftpsd.session.filter`."""
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            fcntl.fcntl(sock, _SET_SIGNAL, 0)
        except PermissionError:
            return False
    return True


def seal() -> None:
    """Close what a process can close of itself, then look. Raise `Unsealed` if anything is open."""
    import prctl  # `ftpsd serve` runs without it, and unsealed

    prctl.set_dumpable(0)
    prctl.set_name("ftpsd-session")
    for gap in _gaps():
        raise Unsealed(gap)
    try:
        install()
    except (OSError, KeyError) as error:
        raise Unsealed(f"no filter on this machine: {error!r}") from error
    if _signals():
        raise Unsealed("it can send signals by a descriptor")
