# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends of a connection under TLS in one process: ours, and a client's."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Self

from secured import Protected, client_context

from ftpsd.session.credentials import Credentials
from ftpsd.session.ktls import Kernel
from ftpsd.session.secure import Refused, Secure
from ftpsd.session.tls import Tls
from ftpsd.wire.helper import Encryption

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

PLAINLY = {
    "tls13_only": False,
    "tls_ciphers": "",
    "tls_cipher_suites": "",
    "tls_groups": "",
    "client_certificate": "no",
    "certificate_login": "no",
    "credentials": [],
    "contents_fd": -1,
}


def tls(directory: Path, **wanted: object) -> Tls:
    """Give the TLS of a session."""
    encryption = Encryption(**{**PLAINLY, **wanted})  # type: ignore[arg-type]
    with socket.socket() as control:
        return Tls(Credentials(str(directory)), encryption, control)


@contextlib.contextmanager
def connected(buffer: int = 0) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give both ends of a TCP connection, ours first; `buffer` is the size of those it has."""
    with socket.socket() as listener, socket.socket() as theirs:
        if buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        theirs.connect(listener.getsockname())
        with listener.accept()[0] as ours:
            for sock in (ours, theirs):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield ours, theirs


def meet(server: Secure | Kernel, client: Protected, size: int = 1 << 20) -> None:
    """Do the handshake; the client's bytes come in pieces of `size`."""
    event = 1
    while event or not client.shaken:
        client.step()
        told = client.unsent()
        event = server.advance()
        for at in range(0, len(told), size):
            client.sock.sendall(told[at : at + size])
            event = server.advance()


class Session:
    """One session: what it connects resumes what it began."""

    def __init__(self, directory: Path, version: ssl.TLSVersion | None = None) -> None:
        self.tls = tls(directory)
        self.context = client_context(version)
        self._keep = contextlib.ExitStack()
        self._kept: list[Secure] = []

    def __enter__(self) -> Self:
        self.server, self.client = self.control()
        return self

    def __exit__(self, *_: object) -> None:
        self._keep.close()

    def control(self) -> tuple[Secure, Protected]:
        """Make a control connection."""
        ours, theirs = self._keep.enter_context(connected())
        server, client = self.tls.control(ours), Protected(theirs, self.context)
        meet(server, client)
        client.arrived()
        return server, client

    def data(
        self, session: ssl.SSLSession | None = None, *, must_resume: bool = False, buffer: int = 0
    ) -> tuple[Secure, Protected]:
        """Make a data connection."""
        ours, theirs = self._keep.enter_context(connected(buffer))
        server = self.tls.data(ours, must_resume=must_resume)
        client = Protected(theirs, self.context, session)
        meet(server, client)
        return server, client

    def stranger(
        self, context: ssl.SSLContext, *, kernel: bool, name: str = "localhost"
    ) -> Protected:
        """Make a data connection that resumes nothing, the kernel sending on it or not."""
        ours, theirs = self._keep.enter_context(connected())
        server: Secure | Kernel
        if kernel:
            # As `download` has it where the kernel can do TLS.
            server = Kernel(ours, self.tls._context)
            self._keep.callback(server.close)
        else:
            server = self.tls.data(ours, must_resume=False)
        client = Protected(theirs, context, name=name)
        meet(server, client)
        return client

    def refuses(
        self, session: ssl.SSLSession | None, context: ssl.SSLContext
    ) -> tuple[str, Protected]:
        """Make a data connection that has to resume; give why it is refused."""
        ours, theirs = self._keep.enter_context(connected())
        server, client = self.tls.data(ours, must_resume=True), Protected(theirs, context, session)
        reason = ""
        try:
            meet(server, client)
        except Refused as refused:
            reason = str(refused)
        server.close()
        # Nobody knows when its memory is freed.
        self._kept.append(server)
        return reason, client
