# SPDX-License-Identifier: GPL-3.0-or-later
"""An FTP client that does as little as possible, so that what is timed is the server."""

from __future__ import annotations

import re
import socket
import ssl
import time
from typing import Final, NamedTuple

SECONDS: Final = 120.0
"""How long a server may be silent."""
BLOCK: Final = 1 << 20


class Refused(Exception):
    """The server has answered with another code than the one expected; the text is its line."""


class Account(NamedTuple):
    """Whom to log in as."""

    user: str
    password: str


def connect(port: int, source: str = "") -> socket.socket:
    """Connect to a server on this machine, from an address of the loopback if `source` is one."""
    address = (source, 0) if source else None
    sock = socket.create_connection(("127.0.0.1", port), SECONDS, source_address=address)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Client:
    """One control connection, greeted; with `tls` both it and the data connections are secured."""

    def __init__(self, port: int, *, tls: bool = False, source: str = "") -> None:
        """Connect. Raise `Refused` or OSError."""
        self.began = time.perf_counter()
        self.source = source
        self._context: ssl.SSLContext | None = None
        self._rest = b""
        self.sock = connect(port, source)
        self.reply("220")
        self.greeted = time.perf_counter()
        if tls:
            # Servers here have a certificate that nobody has signed.
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE
            self.command("AUTH TLS", "234")
            self.sock = self._context.wrap_socket(self.sock)
            self.command("PBSZ 0", "200")
            self.command("PROT P", "200")

    def reply(self, *expected: str) -> str:
        """Give the last line of a reply whose code begins with one of `expected`.

        Raise `Refused` if it does not, and EOFError if there is none.
        """
        first = line = self._line()
        while line[:3] != first[:3] or line[3:4] != " ":
            line = self._line()
        if not line.startswith(expected):
            raise Refused(line)
        return line

    def _line(self) -> str:
        while b"\n" not in self._rest:
            received = self.sock.recv(BLOCK)
            if not received:
                raise EOFError("the server has closed the connection")
            self._rest += received
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")

    def command(self, line: str, *expected: str) -> str:
        """Say one line, and give the reply as `reply` does."""
        self.send(line)
        return self.reply(*expected)

    def send(self, line: str) -> None:
        """Say one line."""
        self.sock.sendall(line.encode() + b"\r\n")

    def login(self, account: Account) -> float:
        """Log in; give the seconds since the client began to connect."""
        self.command(f"USER {account.user}", "331")
        self.command(f"PASS {account.password}", "230")
        seconds = time.perf_counter() - self.began
        self.command("TYPE I", "200")
        return seconds

    def begin(self, line: str) -> socket.socket:
        """Have a transfer begin on a new data connection."""
        passive = self.command("EPSV", "229")
        match = re.search(r"\|\|\|(\d+)\|", passive)
        if match is None:
            raise Refused(passive)
        data = connect(int(match[1]), self.source)
        try:
            self.command(line, "1")
            if self._context is not None:
                assert isinstance(self.sock, ssl.SSLSocket)
                data = self._context.wrap_socket(data, session=self.sock.session)
        except BaseException:
            data.close()
            raise
        return data

    def download(self, line: str) -> tuple[int, float]:
        """Receive all that `line` sends; give how many bytes, and the seconds up to the first."""
        began, first, count = time.perf_counter(), 0.0, 0
        block = memoryview(bytearray(BLOCK))
        with self.begin(line) as data:
            while received := data.recv_into(block):
                first = first or time.perf_counter()
                count += received
        self.reply("226")
        return count, (first or time.perf_counter()) - began

    def upload(self, name: str, size: int) -> None:
        """Store a file of zeros, `size` bytes long."""
        block = memoryview(bytes(BLOCK))
        with self.begin(f"STOR {name}") as data:
            for start in range(0, size, BLOCK):
                data.sendall(block[: size - start])
            if isinstance(data, ssl.SSLSocket):
                try:
                    data.unwrap().close()
                except OSError:
                    # Some servers close at once.
                    pass
            else:
                data.shutdown(socket.SHUT_WR)
        self.reply("226")

    def quit(self) -> None:
        """Leave."""
        try:
            self.command("QUIT", "221")
        except (OSError, EOFError):
            # Some servers close before they have answered.
            pass
        finally:
            self.sock.close()
