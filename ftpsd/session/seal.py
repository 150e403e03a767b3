# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses to serve where the sandbox is not what ftpsd@.service says."""

from __future__ import annotations

import _socket
import errno
import fcntl
import posix

from ftpsd.session.filter import install
from ftpsd.session.within import stay_within
from ftpsd.syscall import prctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FOREIGN = ("/etc/passwd", "/etc/shadow", "/home", "/var/lib", "/run/ftpsd", "/usr/bin/sh")
"""What is on every host and must not be seen; /etc stays as an empty mount point."""
_COVERED = "/dev"
"""Where links of the root lead: systemd has put a directory over it that nobody may enter."""
_WAYS = (posix.R_OK, posix.X_OK)

_SET_SIGNAL = 10
_SET_DUMPABLE, _SET_NAME = 4, 15
"""PR_SET_DUMPABLE, PR_SET_NAME (prctl(2))."""


class Unsealed(Exception):
    """Something is open that should be closed; the text says what."""


def _status() -> dict[str, str]:
    with open("/proc/self/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def _gaps() -> Iterator[str]:
    status = _status()
    if 0 in posix.getresuid() or 0 in posix.getresgid():
        yield "it runs as root"
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        if int(status[name], 16):
            yield f"{name} is {status[name]}"
    if (status["NoNewPrivs"], status["Seccomp"]) != ("1", "2"):
        yield "NoNewPrivileges= or SystemCallFilter= is off"
    yield from (f"{path} is visible" for path in _FOREIGN if _visible(path))
    yield from (f"{_COVERED} is open" for way in _WAYS if posix.access(_COVERED, way))
    for family in (_socket.AF_INET, _socket.AF_INET6, _socket.AF_NETLINK, _socket.AF_PACKET):
        if _opens(family):
            yield f"it can make a socket of family {family}"
    if _connects():
        yield "it can connect"


def _visible(path: str) -> bool:
    """Say whether a path leads to anything but the place that nobody may enter."""
    try:
        found, covered = posix.stat(path), posix.stat(_COVERED)
    except OSError:
        return False
    return (found.st_dev, found.st_ino) != (covered.st_dev, covered.st_ino)


def _opens(family: int) -> bool:
    try:
        _socket.socket(family, _socket.SOCK_DGRAM).close()
    except OSError:
        return False
    return True


def _connects() -> bool:
    """Say whether connect(2) is open: it could lead a client's socket anywhere (AF_UNSPEC)."""
    sock = _socket.socket(_socket.AF_UNIX)
    try:
        sock.connect("/nowhere")
    except OSError as error:
        return error.errno != errno.EPERM
    finally:
        sock.close()
    return True


def _signals() -> bool:
    """Say whether a descriptor can be told to send signals; see `ftpsd.session.filter`."""
    sock = _socket.socket(_socket.AF_UNIX)
    try:
        fcntl.fcntl(sock.fileno(), _SET_SIGNAL, 0)
    except PermissionError:
        return False
    finally:
        sock.close()
    return True


def seal() -> None:
    """Close what a process can close of itself, then look. Raise `Unsealed` if anything is open."""
    # Not by python-prctl: to load it would take a session longer than all it does with it.
    prctl(_SET_DUMPABLE, 0)
    prctl(_SET_NAME, b"ftpsd-session")
    for gap in _gaps():
        raise Unsealed(gap)
    try:
        stay_within("/")
        install()
    except (OSError, KeyError) as error:
        raise Unsealed(f"no filter on this machine: {error!r}") from error
    if _signals():
        raise Unsealed("it can send signals by a descriptor")
