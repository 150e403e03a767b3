# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection under TLS: its handshake, its bytes and its end, however they are cut."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from secured import V12, V13, VERSIONS, Protected, client_context, reset
from tls_pairs import Session, connected, meet, tls

from ftpsd.session import secure as module
from ftpsd.session.secure import PIECE, Refused, Secure

SIZES = (0, 1, 1300, 16384, 100_000, 3_000_000)
CONTENT = os.urandom(3_000_000)
UNCHANGED = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def received(server: Secure) -> bytes:
    """Read to the end, waiting as a transfer does."""
    found, buffer = bytearray(), bytearray(PIECE)
    poll = select.poll()
    poll.register(server, select.POLLIN)
    while True:
        if not server.ready:
            poll.poll()
        with contextlib.suppress(BlockingIOError):
            size = server.recv_into(buffer)
            if not size:
                return bytes(found)
            found += buffer[:size]


def sent(server: Secure, client: Protected, content: bytes) -> tuple[bytes, int]:
    """Send all of it and the end; give what the client hears and how often it had to wait."""
    found, waited = b"", 0
    while content or server.unsent:
        try:
            content = content[server.send(content) :]
        except BlockingIOError:
            waited += 1
            found += client.arrived()
    while not server.finish():
        found += client.arrived()
    while piece := client.recv(1 << 16):
        found += piece
    return found, waited


def lengths(data: bytes) -> list[int]:
    """Give the lengths of the records that hold data."""
    found = []
    while data:
        size = int.from_bytes(data[3:5], "big")
        if data[0] == 23:
            found.append(size)
        data = data[5 + size :]
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("size", [1, 2, 7, 100, 5000])
def test_a_handshake_may_come_in_pieces_of_any_size(
    credentials: Path, version: ssl.TLSVersion, size: int
) -> None:
    with connected() as (ours, theirs):
        server = tls(credentials).control(ours)
        client = Protected(theirs, client_context(version))
        meet(server, client, size)
        server.send(b"220 FTP")

        assert client.recv(100) == b"220 FTP"
        assert server.about[0] == client.tls.version()


@pytest.mark.parametrize("version", VERSIONS)
def test_what_comes_together_with_the_end_of_a_handshake_is_not_lost(
    credentials: Path, version: ssl.TLSVersion
) -> None:
    with Session(credentials, version) as session, connected() as (ours, theirs):
        server = session.tls.data(ours, must_resume=True)
        client = Protected(theirs, session.context, session.client.session)
        while not client.step():
            theirs.sendall(client.unsent())
            server.advance()
        theirs.sendall(client.unsent() + client.sealed(b"all of it") + client.goodbye())

        assert server.advance() == 0
        assert server.ready
        assert server.recv(10) == b"all of it"
        assert (server.recv(10), server.clean) == (b"", True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("buffer", [0, 4096])
@pytest.mark.parametrize("size", SIZES)
def test_what_is_sent_arrives_whole(
    credentials: Path, version: ssl.TLSVersion, buffer: int, size: int
) -> None:
    with Session(credentials, version) as session:
        server, client = session.data(buffer=buffer)
        found, waited = sent(server, client, CONTENT[:size])

        assert found == CONTENT[:size]
        assert client.clean
        assert waited or not buffer or size < 1_000_000


def test_the_first_records_are_small_and_the_others_are_full(credentials: Path) -> None:
    with Session(credentials, V12) as session:
        server, client = session.data()
        client.raw = b""
        sent(server, client, CONTENT[:200_000])
        found = lengths(client.raw)

    assert max(found[:4]) < 4200
    assert min(found[5:-1]) > 16384


@pytest.mark.parametrize("version", VERSIONS)
@UNCHANGED
@given(
    size=st.sampled_from(SIZES[:-1]),
    pieces=st.lists(st.integers(1, 40_000), min_size=1, max_size=9),
)
def test_what_comes_in_any_pieces_is_received_whole(
    credentials: Path, version: ssl.TLSVersion, size: int, pieces: list[int]
) -> None:
    with Session(credentials, version) as session:
        server, client = session.data()
        wire = client.sealed(CONTENT[:size]) + client.goodbye()
        found, buffer = b"", bytearray(PIECE)
        for piece in [*pieces, len(wire)]:
            client.sock.sendall(wire[:piece])
            wire = wire[piece:]
            with contextlib.suppress(BlockingIOError):
                found += buffer[: server.recv_into(buffer)]
        client.sock.close()

        assert found + received(server) == CONTENT[:size]
        assert server.clean


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("size", SIZES[:-1])
def test_an_end_that_was_not_announced_is_known_as_such(
    credentials: Path, version: ssl.TLSVersion, size: int
) -> None:
    with Session(credentials, version) as session:
        server, client = session.data()
        client.sendall(CONTENT[:size])
        client.sock.close()

        assert received(server) == CONTENT[:size]
        assert not server.clean


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("lost", [1, 20, 5000])
def test_a_record_that_was_cut_off_gives_nothing_and_no_clean_end(
    credentials: Path, version: ssl.TLSVersion, lost: int
) -> None:
    with Session(credentials, version) as session:
        server, client = session.data()
        client.sock.sendall(client.sealed(b"first") + client.sealed(CONTENT[:10_000])[:-lost])
        client.sock.close()

        assert received(server) == b"first"
        assert not server.clean


@pytest.mark.parametrize("version", VERSIONS)
def test_a_reset_is_no_end(credentials: Path, version: ssl.TLSVersion) -> None:
    with Session(credentials, version) as session:
        server, client = session.data()
        client.sendall(b"half")
        reset(client.sock)

        with pytest.raises(ConnectionResetError):
            received(server)
        assert not server.clean


@pytest.mark.parametrize("version", VERSIONS)
def test_a_reset_after_the_announced_end_changes_nothing(
    credentials: Path, version: ssl.TLSVersion
) -> None:
    with Session(credentials, version) as session:
        server, client = session.data()
        client.sock.sendall(client.sealed(b"whole") + client.goodbye())
        first = server.recv(100)
        reset(client.sock)

        assert (first, received(server), server.clean) == (b"whole", b"", True)


@pytest.mark.parametrize("version", VERSIONS)
def test_bytes_that_were_tampered_with_are_an_error_and_the_client_is_told(
    credentials: Path, version: ssl.TLSVersion
) -> None:
    with Session(credentials, version) as session:
        server, client = session.data()
        record = bytearray(client.sealed(CONTENT[:100]))
        record[50] ^= 1
        client.sock.sendall(record)

        with pytest.raises(ConnectionAbortedError, match="TLS: "):
            received(server)
        with pytest.raises(ssl.SSLError, match="alert"):
            client.recv(1)


@pytest.mark.parametrize("version", VERSIONS)
def test_unread_bytes_do_not_take_the_last_ones_away(
    credentials: Path, version: ssl.TLSVersion
) -> None:
    """Closing a socket with bytes unread would reset it, and drop what the client has not read."""
    with Session(credentials, version) as session:
        server, client = session.data()
        client.sendall(CONTENT[:50_000])
        server.send(b"the end")
        assert server.finish()
        server.close()

        assert client.recv(100) == b"the end"
        assert client.recv(100) == b""
        assert client.clean


def test_a_client_that_never_stops_sending_does_not_keep_a_connection_from_closing(
    credentials: Path,
) -> None:
    class Endless(socket.socket):
        heard = 0

        def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
            self.heard += 1
            assert self.heard + flags < 100
            return bytes(bufsize)

    with Session(credentials) as session:
        server, _ = session.data()
        server.sock = Endless(fileno=server.sock.detach())
        server.close()

        assert server.fileno() == -1


def test_it_can_be_closed_for_writing_and_still_be_read(credentials: Path) -> None:
    with Session(credentials) as session:
        server, client = session.data()
        client.notify()
        assert received(server) == b""
        server.send(b"still here")
        server.finish()

        assert client.recv(100) == b"still here"


@pytest.mark.parametrize(
    "said", [b"USER anna\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, b"\x80\x2e\1\3\3"]
)
def test_what_is_no_tls_is_refused(credentials: Path, said: bytes) -> None:
    with connected() as (ours, theirs):
        server = tls(credentials).control(ours)
        theirs.sendall(said)

        with pytest.raises(Refused, match="ClientHello"):
            server.advance()


def test_a_client_that_leaves_during_the_handshake_is_refused(credentials: Path) -> None:
    with connected() as (ours, theirs):
        server, client = tls(credentials).control(ours), Protected(theirs, client_context())
        theirs.sendall(client.begin())
        server.advance()
        theirs.shutdown(socket.SHUT_WR)

        with pytest.raises(Refused, match="closed during the handshake"):
            server.advance()


@pytest.mark.parametrize("size", [10_000, 40])
def test_a_client_that_offers_another_protocol_is_told_so(credentials: Path, size: int) -> None:
    with connected() as (ours, theirs):
        server = tls(credentials).control(ours)
        client = Protected(theirs, client_context(alpn=("h2", "http/1.1")))
        message = client.begin()[5:]
        for at in range(0, len(message), size):
            piece = message[at : at + size]
            theirs.sendall(b"\x16\3\1" + len(piece).to_bytes(2, "big") + piece)

        with pytest.raises(Refused, match=r"b'h2, http/1\.1'"):
            server.advance()
        assert theirs.recv(100) == bytes((21, 3, 3, 0, 2, 2, 120))


@pytest.mark.parametrize("alpn", [("ftp",), ("h2", "ftp")])
def test_a_client_that_offers_ftp_is_answered_with_it(
    credentials: Path, alpn: tuple[str, ...]
) -> None:
    with connected() as (ours, theirs):
        client = Protected(theirs, client_context(alpn=alpn))
        meet(tls(credentials).control(ours), client)

        assert client.tls.selected_alpn_protocol() == "ftp"


def test_a_client_that_makes_us_talk_and_does_not_listen_is_given_up(
    credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_UNHEARD", 0)
    with Session(credentials, V13) as session:
        server, client = session.data(buffer=4096)
        with contextlib.suppress(BlockingIOError):
            while True:
                server.send(CONTENT)
        client.sendall(b"x")

        with pytest.raises(ConnectionAbortedError, match="not read"):
            server.recv(10)
