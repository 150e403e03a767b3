# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's side of TLS, in memory: what is sent can be cut, held back, joined or lost."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from served import SECONDS, Client, Served, everything

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RESET = b"\1\0\0\0\0\0\0\0"
"""SO_LINGER that makes closing a reset."""
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
VERSIONS = (V12, V13)
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"
_TICKET = 4
"""NewSessionTicket among the messages of a handshake (RFC 8446, section 4)."""


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def make_certificate(file: Path, name: str, names: str = NAMES) -> None:
    """Write a key and a certificate that it has signed itself."""
    key, chain = file.with_suffix(".key-alone"), file.with_suffix(".chain-alone")
    made = ["-keyout", str(key), "-out", str(chain)]
    openssl("req", "-x509", "-nodes", *EC, "-subj", f"/CN={name}", "-addext", names, *made)
    file.write_bytes(key.read_bytes() + chain.read_bytes())
    key.unlink()
    chain.unlink()


def reset(sock: socket.socket) -> None:
    """Close with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    sock.close()


def client_context(
    version: ssl.TLSVersion | None = None, alpn: tuple[str, ...] = ()
) -> ssl.SSLContext:
    """Give a context that takes any certificate, speaks `version` alone and counts tickets."""
    # Not create_default_context(): it reads the system's authorities, which takes 30 ms each time.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Otherwise a connection that was cut would end like one that was closed.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if alpn:
        context.set_alpn_protocols(list(alpn))
    counter: Counter[int] = Counter()

    def heard(connection: object, direction: str, *message: Any) -> None:
        if direction == "read" and message[1:3] == (22, _TICKET):
            counter[id(connection)] += 1

    vars(context)["tickets"] = counter
    context._msg_callback = heard  # type: ignore[attr-defined]
    return context


class Protected:
    """One connection under TLS, of which the client decides about every byte."""

    def __init__(
        self,
        sock: socket.socket,
        context: ssl.SSLContext,
        session: ssl.SSLSession | None = None,
        name: str = "localhost",
    ) -> None:
        self.sock = sock
        self.context = context
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_hostname=name, session=session)
        self.clean = self.shaken = False
        self.raw = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    @property
    def tickets(self) -> int:
        """Say how many session tickets have come."""
        found: int = vars(self.context)["tickets"][id(self.tls)]
        return found

    @property
    def session(self) -> ssl.SSLSession | None:
        return self.tls.session

    @property
    def reused(self) -> bool:
        return bool(self.tls.session_reused)

    def begin(self) -> bytes:
        """Give the first message, without sending it."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self._out.read()

    def shake(self) -> Self:
        """Do the handshake; what it ends with is sent."""
        self.sock.sendall(self.last())
        return self

    def last(self) -> bytes:
        """Do the handshake; give what is to be sent last, without sending it."""
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.sock.sendall(self._out.read())
                self._hear()
            else:
                self.shaken = True
                return self._out.read()

    def step(self) -> bool:
        """Go on with the handshake as far as it takes no waiting; say whether it is done."""
        self.sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            self._hear()
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
            self.shaken = True
        self.sock.settimeout(SECONDS)
        return self.shaken

    def unsent(self) -> bytes:
        """Give what is to be sent."""
        return self._out.read()

    def _hear(self) -> None:
        piece = self.sock.recv(1 << 18)
        self.raw += piece
        if piece:
            self._in.write(piece)
        else:
            self._in.write_eof()

    def sealed(self, data: bytes) -> bytes:
        """Give `data` as records, without sending them."""
        view = memoryview(data)
        while view:
            view = view[self.tls.write(view[: 1 << 24]) :]
        return self._out.read()

    def goodbye(self) -> bytes:
        """Give close_notify, without sending it."""
        with contextlib.suppress(ssl.SSLError):
            self.tls.unwrap()
        return self._out.read()

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self.sock.sendall(self.sealed(bytes(view[: 1 << 20])))
            view = view[1 << 20 :]

    def notify(self) -> None:
        """Send close_notify."""
        self.sock.sendall(self.goodbye())

    def recv(self, size: int) -> bytes:
        """Wait for some bytes; nothing at the end, which is `clean` if it was announced."""
        found: bytes | None = None
        while found is None:
            try:
                found = self.tls.read(size)
            except ssl.SSLWantReadError:
                self._hear()
            except ssl.SSLZeroReturnError:
                found = b""
            except ssl.SSLError as error:
                # Some releases of Python have a class of its own for it.
                if error.reason != "UNEXPECTED_EOF_WHILE_READING":
                    raise
                return b""
        self.clean = self.clean or not found
        return found

    def arrived(self) -> bytes:
        """Give what has arrived; tickets that have are taken."""
        found = b""
        self.sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while piece := self.recv(1 << 16):
                found += piece
        self.sock.settimeout(SECONDS)
        return found


class SecureClient(Client):
    """A client that begins TLS at once, and protects its data connections."""

    def __init__(
        self,
        served: Served,
        version: ssl.TLSVersion | None = None,
        *,
        context: ssl.SSLContext | None = None,
        at_once: bool = True,
    ) -> None:
        self.context = context or client_context(version)
        self.tls: Protected | None = None
        super().__init__(served, greeted=at_once)
        if at_once:
            assert self.says("AUTH TLS")[:3] == "234"
            self.begin()

    def begin(self) -> None:
        """Do the handshake."""
        assert not self._bytes
        try:
            self.tls = Protected(self.sock, self.context).shake()
        except BaseException:
            self.sock.close()
            raise

    def login(self) -> Self:
        super().login()
        assert self.codes("PBSZ 0", "PROT P") == ["200", "200"]
        return self

    def raw(self, data: bytes, flags: int = 0) -> None:
        super().raw(self.tls.sealed(data) if self.tls else data, flags)

    def hear(self) -> bytes:
        return self.tls.recv(65536) if self.tls else super().hear()

    @property
    def session(self) -> ssl.SSLSession | None:
        """Give the TLS session of the control connection, with its latest ticket."""
        assert self.tls is not None
        return self.tls.session

    def protect(self, data: socket.socket, *, resume: bool = True) -> Protected:
        """Give a data connection its TLS, before the handshake."""
        return Protected(data, self.context, self.session if resume else None)

    @contextlib.contextmanager
    def transfer(self, command: str, *, resume: bool = True) -> Iterator[Protected]:
        """Begin a transfer, with the handshake done."""
        with self.passive() as data:
            first = self.says(command)
            assert first[:3] == "150", first
            yield self.protect(data, resume=resume).shake()

    def fetch(self, command: str) -> bytes:
        with self.transfer(command) as data:
            found = everything(data)
            assert data.clean
        last = self.reply()
        assert last[:3] == "226", last
        return found

    def store(self, command: str, content: bytes) -> str:
        with self.transfer(command) as data:
            data.sendall(content)
            data.notify()
        return self.reply()
