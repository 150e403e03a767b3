# SPDX-License-Identifier: GPL-3.0-or-later
"""The moment does not matter: what is killed while a session is at something costs it alone."""

from __future__ import annotations

import contextlib
import ftplib
import socket
import ssl
from collections.abc import Callable, Iterator

import pytest
from ftp_session import Session, network
from machine import Machine
from processes import OWN, SERVICES, SHARED, gone, kill, new_logins_work
from tls_session import TlsSession

pytestmark = pytest.mark.usefixtures("bob")
NAMES = 30_000
"""Of 200 letters each: more than the buffers of a connection hold, so that a listing waits."""


@pytest.fixture
def bob(machine: Machine) -> Iterator[Session]:
    """Give a session that is not concerned, and anna's home a long directory."""
    make = f"mkdir long && cd long && seq -f %0200.0f {NAMES} | xargs touch"
    machine.run("sh", "-euc", f"cd /home/anna && {make}", user="anna")
    with Session(machine, "bob") as session:
        yield session
        assert session.works()
    assert new_logins_work(machine)
    machine.run("rm", "-rf", "/home/anna/long")
    # killed more often than systemd would start a service again
    machine.run("systemctl", "reset-failed", *SERVICES)
    assert machine.run("systemctl", "--failed", "--plain", "--no-legend").stdout == ""


def begin_listing(anna: Session) -> tuple[socket.socket, bytes]:
    data = anna.transfercmd("NLST long")
    return data, data.recv(1000)


def names(data: socket.socket, head: bytes) -> int:
    """Read a listing to its end, however it ends; say how many whole names it has."""
    with data, data.makefile("rb") as file:
        try:
            return (head + file.read()).count(b"\r\n")
        except ConnectionResetError:
            return 0


@pytest.mark.parametrize("process", SHARED)
def test_a_listing_outlives_what_sessions_share(machine: Machine, process: str) -> None:
    with Session(machine, "anna") as anna:
        data, head = begin_listing(anna)
        kill(machine, process, anna)

        assert names(data, head) == NAMES
        anna.voidresp()
        assert anna.works()


@pytest.mark.parametrize("process", OWN)
def test_a_listing_session_ends_alone(machine: Machine, process: str) -> None:
    with Session(machine, "anna") as anna:
        unit = anna.unit
        data, head = begin_listing(anna)
        kill(machine, process, anna)
        listed = names(data, head)
        if process == "worker":
            said = anna.getmultiline()
            # never told to be whole when it is not
            assert listed == NAMES or said[0] in "45"
            if not said.startswith("421"):
                anna.putcmd("MLST")

        assert anna.ended()
    assert gone(machine, unit)


@pytest.mark.parametrize("process", SHARED)
def test_a_port_that_waits_is_all_that_is_lost(machine: Machine, process: str) -> None:
    with Session(machine, "anna") as anna:
        _, port = ftplib.parse229(anna.sendcmd("EPSV"), (anna.host, 21))
        kill(machine, process, anna)
        data = None
        with network(machine), contextlib.suppress(ConnectionRefusedError):
            data = socket.create_connection((anna.host, port), timeout=30)
        said = anna.reply("NLST long")

        if data is not None and said.startswith("150"):
            assert names(data, b"") == NAMES
            anna.voidresp()
        else:
            assert said.startswith("425")
        assert anna.works()


@pytest.mark.parametrize("process", OWN)
def test_a_session_whose_port_waits_ends_alone(machine: Machine, process: str) -> None:
    with Session(machine, "anna") as anna:
        unit = anna.unit
        anna.sendcmd("EPSV")
        kill(machine, process, anna)
        if process == "worker":
            anna.putcmd("MLST")

        assert anna.ended()
    assert gone(machine, unit)


class Handshake:
    """A TLS handshake of a client that stops in the middle of its first message."""

    def __init__(self, sock: socket.socket) -> None:
        """Send the first bytes."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._sock = sock
        self._from, self._to = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._from, self._to)
        self._does(self._tls.do_handshake)
        hello = self._to.read()
        sock.sendall(hello[:100])
        self._rest = hello[100:]

    def _does(self, what: Callable[[], object]) -> bool:
        try:
            what()
        except ssl.SSLWantReadError:
            return False
        return True

    def finish(self) -> str:
        """Do the rest of it, and say NOOP; give the reply."""
        self._sock.sendall(self._rest)
        while not self._does(self._tls.do_handshake):
            self._sock.sendall(self._to.read())
            self._from.write(self._sock.recv(65536))
        self._tls.write(b"NOOP\r\n")
        self._sock.sendall(self._to.read())
        said = bytearray()
        while not said.endswith(b"\r\n"):
            if not self._does(lambda: said.extend(self._tls.read())):
                self._from.write(self._sock.recv(65536))
        return said.decode()


@pytest.mark.parametrize("process", SHARED)
def test_a_handshake_outlives_what_sessions_share(machine: Machine, process: str) -> None:
    with contextlib.closing(Session(machine)) as late:
        assert late.sock is not None
        assert late.code("AUTH TLS") == "234"
        handshake = Handshake(late.sock)
        kill(machine, process, late)

        assert handshake.finish().startswith("200")


def test_a_session_in_a_handshake_ends_alone(machine: Machine) -> None:
    with contextlib.closing(Session(machine)) as late:
        assert late.sock is not None
        unit = late.unit
        assert late.code("AUTH TLS") == "234"
        handshake = Handshake(late.sock)
        kill(machine, "session", late)

        with pytest.raises((OSError, ssl.SSLError)):
            handshake.finish()
    assert gone(machine, unit)


@pytest.mark.parametrize("process", [*SHARED, *OWN])
def test_a_handshake_of_a_data_connection_is_cut_by_its_own_session_alone(
    machine: Machine, process: str
) -> None:
    with TlsSession(machine, "anna") as anna:
        unit = anna.unit
        with network(machine):
            data, _ = ftplib.FTP.ntransfercmd(anna, "NLST long")
        kill(machine, process, anna)
        listed, said = 0, "421"
        if process == "session":
            with data:
                assert data.recv(100) == b""
        else:
            with anna.context.wrap_socket(
                data, server_hostname=anna.host, session=anna.secured.session
            ) as protected:
                listed = names(protected, b"")
            said = anna.getmultiline()
        assert listed == NAMES or said[0] in "45"
        if process in SHARED:
            assert listed == NAMES
            assert anna.works()
        else:
            if not said.startswith("421"):
                anna.putcmd("MLST")
            assert anna.ended()
    if process in OWN:
        assert gone(machine, unit)
