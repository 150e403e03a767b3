# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies a tree with Python's ftplib; runs in the machine.

by_ftplib.py get|put HOST active|passive REMOTE LOCAL [AUTHORITY TICKETS], with "user:password" as
its input. With AUTHORITY under TLS, where data connections use no TICKETS ("none"), the last one of
the control connection ("last"), or each ticket once and always one ("once", as .NET does).
"""

from __future__ import annotations

import ftplib
import functools
import socket
import ssl
import sys
from pathlib import Path


class Tls(ftplib.FTP_TLS):
    """A client that resumes the session of its control connection, or does not."""

    tickets = "none"

    def __init__(self, host: str, context: ssl.SSLContext) -> None:
        self._used: set[bytes] = set()
        super().__init__(host, context=context, timeout=30)

    def ntransfercmd(
        self, cmd: str, rest: int | str | None = None
    ) -> tuple[socket.socket, int | None]:
        if self.tickets == "none":
            return super().ntransfercmd(cmd, rest)
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        assert isinstance(self.sock, ssl.SSLSocket)
        session = self.sock.session
        assert session is not None
        if self.tickets == "once":
            assert session.id not in self._used, "no ticket is left"
            self._used.add(session.id)
        secured = self.context.wrap_socket(conn, server_hostname=self.host, session=session)
        assert secured.session_reused
        return secured, size


def tls(host: str, user: str, password: str, authority: str, tickets: str) -> Tls:
    made = Tls(host, ssl.create_default_context(cafile=authority))
    made.tickets = tickets
    made.login(user, password)
    made.prot_p()
    return made


def get(ftp: ftplib.FTP, remote: str, local: Path) -> None:
    local.mkdir()
    for name, facts in list(ftp.mlsd(remote)):
        if facts["type"] == "dir":
            get(ftp, f"{remote}/{name}", local / name)
        elif facts["type"] == "file":
            with (local / name).open("wb") as file:
                ftp.retrbinary(f"RETR {remote}/{name}", file.write, blocksize=1 << 18)


def put(ftp: ftplib.FTP, remote: str, local: Path) -> None:
    assert ftp.mkd(remote) == remote
    for path in local.iterdir():
        if path.is_dir():
            put(ftp, f"{remote}/{path.name}", path)
        else:
            with path.open("rb") as file:
                ftp.storbinary(f"STOR {remote}/{path.name}", file, blocksize=1 << 18)


def main() -> None:
    direction, host, mode, remote, local, *secured = sys.argv[1:]
    user, _, password = sys.stdin.read().partition(":")
    make = tls if secured else functools.partial(ftplib.FTP, timeout=30)
    with make(host, user, password, *secured) as ftp:
        ftp.set_pasv(mode == "passive")
        {"get": get, "put": put}[direction](ftp, remote, Path(local))


if __name__ == "__main__":
    main()
