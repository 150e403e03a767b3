# SPDX-License-Identifier: GPL-3.0-or-later
"""An FTP session under TLS of a test's own, as `ftp_session` has it without."""

from __future__ import annotations

import ftplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from ftp_session import SERVER, Session, network
from machine import Machine

NAME = "ftp.example.org"
_CLEAR = "/etc/ftpsd/ftpsd.conf.d/00-clear.conf"


def trusting(authority: str = "", *, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """Make what a client needs: it trusts `authority` (PEM), or everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = bool(authority)
    context.verify_mode = ssl.CERT_REQUIRED if authority else ssl.CERT_NONE
    if authority:
        context.load_verify_locations(cadata=authority)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


class TlsSession(Session, ftplib.FTP_TLS):
    """A session whose both connections are under TLS, logged in unless `user` is empty."""

    def __init__(
        self,
        machine: Machine,
        user: str = "",
        *,
        context: ssl.SSLContext | None = None,
        source: str = "",
        begin: bool = True,
    ) -> None:
        """Begin TLS at once, unless `begin` is false."""
        self.resumed: TlsSession | None = self
        """Whose TLS session data connections resume."""
        super().__init__(machine, source=source)
        try:
            self.context = context or trusting()
            self.host = NAME
            if begin:
                self.protect()
            if user:
                self.login(user, machine.passwords.get(user, "guest@example.org"))
        except BaseException:
            self.close()
            raise

    def protect(self) -> None:
        """Begin TLS, on data connections too."""
        self.auth()
        self.prot_p()

    @property
    def protects(self) -> bool:
        """Say whether data connections are under TLS."""
        return bool(vars(self)["_prot_p"])

    @property
    def secured(self) -> ssl.SSLSocket:
        """Give the control connection."""
        assert isinstance(self.sock, ssl.SSLSocket)
        return self.sock

    def ntransfercmd(
        self, cmd: str, rest: int | str | None = None
    ) -> tuple[socket.socket, int | None]:
        with network(self.machine):
            conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self.protects:
            session = self.resumed.secured.session if self.resumed else None
            conn = self.context.wrap_socket(conn, server_hostname=self.host, session=session)
        return conn, size


def s_client(machine: Machine, *options: str, text: str = "QUIT\n") -> str:
    """Connect with openssl s_client and say `text`; give all it prints."""
    where = ("-starttls", "ftp", "-connect", f"{SERVER}:21", "-crlf")
    argv = ("timeout", "20", "openssl", "s_client", *where, *options)
    done = machine.run(*argv, text=text, check=False)
    return done.stdout + done.stderr


@contextmanager
def clear_refused(machine: Machine) -> Iterator[None]:
    """Let the server be as it is installed: most tests let passwords pass in the clear."""
    machine.run("mv", _CLEAR, f"{_CLEAR}.off")
    try:
        yield
    finally:
        machine.run("mv", f"{_CLEAR}.off", _CLEAR)
