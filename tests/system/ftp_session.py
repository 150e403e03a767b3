# SPDX-License-Identifier: GPL-3.0-or-later
"""An FTP session of a test's own: ftplib here, its sockets in the network of the machine."""

from __future__ import annotations

import ctypes
import ftplib
import functools
import io
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from machine import Machine, eventually

SERVER = "192.0.2.1"
_NEW_NETWORK = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


@functools.cache
def _network(machine: Machine) -> int:
    """Open the network of the machine, as a descriptor that setns(2) takes."""
    inside = machine.popen("sh", "-c", "echo; cat")
    assert inside.stdin is not None
    assert inside.stdout is not None
    inside.stdout.readline()
    # nsenter, too, is in the network by now
    fd = os.open(f"/proc/{inside.pid}/ns/net", os.O_RDONLY)
    inside.stdin.close()
    return fd


@contextmanager
def network(machine: Machine) -> Iterator[None]:
    """Make sockets in the machine; they stay there."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _enter(_network(machine))
        yield
    finally:
        _enter(here)
        os.close(here)


def _enter(fd: int) -> None:
    if _LIBC.setns(fd, _NEW_NETWORK):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


class Session(ftplib.FTP):
    """A connection to the server in the machine, logged in unless `user` is empty.

    It comes from `source`: failed logins slow down further ones from the same address, so a test
    that lets logins fail takes an address of its own from 127.0.0.0/8.
    """

    def __init__(
        self, machine: Machine, user: str = "", *, source: str = "", host: str = SERVER
    ) -> None:
        self.machine = machine
        super().__init__(timeout=30)
        address = (source, 0) if source else None
        try:
            with network(machine):
                self.connect(host, source_address=address)
            if user:
                self.login(user, machine.passwords.get(user, "guest@example.org"))
        except BaseException:
            self.close()
            raise

    def ntransfercmd(
        self, cmd: str, rest: int | str | None = None
    ) -> tuple[socket.socket, int | None]:
        with network(self.machine):
            conn, size = super().ntransfercmd(cmd, rest)
        return conn, size

    @property
    def unit(self) -> str:
        """Give the unit that serves this session."""
        assert self.sock is not None
        port = self.sock.getsockname()[1]
        command = ("systemctl", "list-units", "--plain", "--no-legend", f"ftpsd@*:{port}.service")

        def found() -> str:
            return self.machine.run(*command).stdout

        unit, *_ = eventually(found).split()
        return unit

    def fetch(self, path: str, rest: int | None = None) -> bytes:
        """Download a file."""
        received = io.BytesIO()
        self.retrbinary(f"RETR {path}", received.write, rest=rest)
        return received.getvalue()

    def store(self, path: str, data: bytes, rest: int | None = None) -> None:
        """Upload a file."""
        self.storbinary(f"STOR {path}", io.BytesIO(data), rest=rest)

    def code(self, command: str) -> str:
        """Send a command; give the code of its reply, whatever it is."""
        return self.reply(command)[:3]

    def reply(self, command: str) -> str:
        """Send a command; give its reply, whatever it is."""
        self.putcmd(command)
        return self.getmultiline()

    def ended(self) -> bool:
        """Read until the server hangs up; say that it has, with nothing but a 421 before."""
        try:
            while said := self.getmultiline():
                if not said.startswith("421"):
                    return False
        except (EOFError, ConnectionResetError):
            return True
        return False

    def works(self) -> bool:
        """List, upload, download and delete; say that all went well."""
        data: Any = os.urandom(100_000)
        assert self.nlst() is not None
        self.store("works", data)
        assert self.fetch("works") == data
        return self.delete("works").startswith("250")
