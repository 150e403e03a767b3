# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that notices where the end of a file is missing."""

from __future__ import annotations

import ftplib
import socket
import ssl
from pathlib import Path

from served import PASSWORD, USER, Served

SECONDS = 120
"""How long a step may take: an emulated processor is slow."""
WORK = Path("/run/ktls")
"""Where the tests keep everything, the certificate among it."""


class Ftps(ftplib.FTP_TLS):
    """Resumes the session of the control connection, and notices when the end is missing."""

    def __init__(
        self,
        served: Served,
        version: ssl.TLSVersion,
        ciphers: str = "",
        *,
        resume: bool = True,
        tickets: bool = True,
    ) -> None:
        context = ssl.create_default_context(cafile=str(WORK / "credentials" / "ftpsd.pem"))
        context.check_hostname = False
        # Otherwise what was cut would end like what was closed.
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        context.minimum_version = context.maximum_version = version
        if not tickets:
            context.options |= ssl.OP_NO_TICKET
        if ciphers:
            context.set_ciphers(ciphers)
        super().__init__(timeout=SECONDS, context=context)
        self.resumes = resume
        self.connect(served.host, served.port)
        self.login(USER, PASSWORD)
        self.prot_p()
        self.voidcmd("TYPE I")

    def begin(self, command: str, buffer: int = 0) -> ssl.SSLSocket:
        """Begin a transfer; the connection's `recv` raises where the end is not announced."""
        assert isinstance(self.sock, ssl.SSLSocket)
        port = int(self.sendcmd("EPSV").split("|")[3])
        data = socket.socket()
        data.settimeout(SECONDS)
        if buffer:
            data.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        data.connect((self.host, port))
        first = self.sendcmd(command)
        assert first[:3] == "150", first
        return self.context.wrap_socket(
            data,
            server_hostname=self.host,
            session=self.sock.session if self.resumes else None,
            suppress_ragged_eofs=False,
        )

    def fetch(self, command: str, buffer: int = 0) -> bytes:
        """Run a whole transfer."""
        with self.begin(command, buffer) as data:
            assert not self.resumes or data.session_reused
            found = everything(data)
            data.unwrap()
        last = self.getresp()
        assert last[:3] == "226", last
        return found


def everything(data: ssl.SSLSocket) -> bytes:
    found = bytearray()
    while piece := data.recv(1 << 16):
        found += piece
    return bytes(found)
