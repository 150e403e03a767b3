# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfers under TLS: downloads and listings, their modes, and what is said meanwhile."""

from __future__ import annotations

import contextlib
import os
import socket
import zlib
from typing import TYPE_CHECKING

import pytest
from secured import VERSIONS, Protected, SecureClient
from served import SECONDS, Served, crowd, empty, everything

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    Begin = Callable[[SecureClient], contextlib.AbstractContextManager[Protected]]

CONTENT = os.urandom(3_000_000)
LINES = b"".join(b"line %d\n" % number for number in range(50_000))
SIZE = 12 << 20
"""More than all buffers on the way hold."""


def plain(client: SecureClient) -> None:
    client.send("ABOR")


def telnet(client: SecureClient) -> None:
    client.raw(b"\xff\xf4\xff\xf2ABOR\r\n")


def urgent(client: SecureClient) -> None:
    """Send the record so that its last byte is urgent data, as some clients do by mistake."""
    client.raw(b"ABOR\r\n", socket.MSG_OOB)


def in_records(client: SecureClient) -> None:
    for byte in b"abor\r\n":
        client.raw(bytes([byte]))


def in_pieces(client: SecureClient) -> None:
    assert client.tls
    for byte in client.tls.sealed(b"ABOR\r\n"):
        client.sock.sendall(bytes([byte]))


WAYS = (plain, telnet, urgent, in_records, in_pieces)


@contextlib.contextmanager
def download(client: SecureClient) -> Iterator[Protected]:
    """Begin to fetch a large file, and do not read it."""
    path = client.served.root / "large"
    path.touch()
    os.truncate(path, SIZE)
    with socket.socket() as data:
        data.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        data.settimeout(SECONDS)
        data.connect((client.served.host, client.port()))
        assert client.says("RETR large")[:3] == "150"
        yield client.protect(data).shake()


@contextlib.contextmanager
def upload(client: SecureClient) -> Iterator[Protected]:
    """Begin to store a file, and do not end it."""
    with client.transfer("STOR new") as data:
        data.sendall(b"half")
        yield data


@contextlib.contextmanager
def handshake(client: SecureClient) -> Iterator[Protected]:
    """Begin a transfer, and its handshake, and do not end that."""
    with client.passive() as data:
        assert client.says("STOR new")[:3] == "150"
        protected = client.protect(data)
        data.sendall(protected.begin()[:50])
        yield protected


BEGIN = (download, upload, handshake)


@pytest.mark.parametrize("begin", BEGIN)
@pytest.mark.parametrize("say", WAYS)
def test_abor_ends_a_transfer_at_once(
    secure: SecureClient, begin: Begin, say: Callable[[SecureClient], None]
) -> None:
    with begin(secure):
        say(secure)

        assert secure.replies(2) == ["426", "226"]


@pytest.mark.parametrize("say", WAYS)
@pytest.mark.parametrize("command", ["RETR small", "STOR new", "LIST"])
def test_abor_ends_the_wait_for_a_data_connection(
    secure: SecureClient, say: Callable[[SecureClient], None], command: str
) -> None:
    (secure.served.root / "small").write_bytes(b"hello")
    secure.port()
    secure.send(command)
    say(secure)

    assert secure.replies(2) == ["425", "226"]


@pytest.mark.parametrize("say", WAYS)
def test_abor_after_the_end_finds_nothing(
    secure: SecureClient, say: Callable[[SecureClient], None]
) -> None:
    assert secure.store("STOR new", b"x")[:3] == "226"
    say(secure)

    assert secure.reply() == "226 Nothing to abort."


def test_an_aborted_download_does_not_end_like_a_whole_one(secure: SecureClient) -> None:
    with download(secure) as data:
        plain(secure)
        assert secure.replies(2) == ["426", "226"]
        with contextlib.suppress(ConnectionResetError):
            assert len(everything(data)) < SIZE

        assert not data.clean


@pytest.mark.parametrize("begin", BEGIN)
def test_noop_and_stat_are_answered_during_a_transfer(secure: SecureClient, begin: Begin) -> None:
    with begin(secure):
        assert secure.codes("NOOP", "STAT", "NOOP") == ["200", "211", "200"]
        plain(secure)
        secure.replies(2)


@pytest.mark.parametrize("begin", [download, upload])
def test_quit_lets_a_transfer_finish(secured: Served, begin: Begin) -> None:
    empty(secured.root)
    with SecureClient(secured) as client:
        with begin(client.login()) as data:
            client.send("QUIT")
            if begin is download:
                assert len(everything(data)) == SIZE
            else:
                data.notify()

        assert client.replies(2) == ["226", "221"]
        assert client.ended()


def test_other_commands_wait_for_the_end_of_a_transfer(secure: SecureClient) -> None:
    with upload(secure) as data:
        secure.send("PWD", "SIZE new", *["NOOP"] * 500)
        data.notify()

    assert secure.replies(503) == ["226", "257", "213", *["200"] * 500]


@pytest.mark.parametrize("begin", BEGIN)
def test_a_client_that_hangs_up_in_a_transfer_leaves_nothing_behind(
    secured: Served, begin: Begin
) -> None:
    with SecureClient(secured) as client, begin(client.login()):
        client.sock.close()

        assert secured.at_rest()
    assert not secured.trouble()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("resume", [True, False])
def test_a_download_is_whole_and_its_end_announced(
    secured: Served, version: ssl.TLSVersion, resume: bool
) -> None:
    with SecureClient(secured, version) as client:
        client.login()
        for size in (0, 1, 16384, 3_000_000):
            (secured.root / "new").write_bytes(CONTENT[:size])
            with client.transfer("RETR new", resume=resume) as data:
                assert everything(data) == CONTENT[:size]
                assert data.clean
                assert resume or version is VERSIONS[0] or data.tickets == 0
            assert client.reply()[:3] == "226"


def test_a_client_that_says_its_own_end_first_still_gets_the_file(secure: SecureClient) -> None:
    with download(secure) as data:
        data.notify()
        data.sock.shutdown(socket.SHUT_WR)

        assert len(everything(data)) == SIZE
    assert secure.reply()[:3] == "226"


def test_a_client_that_talks_during_a_download_still_gets_it_whole(secure: SecureClient) -> None:
    with download(secure) as data:
        data.sendall(CONTENT[:100_000])

        assert len(everything(data)) == SIZE
        assert data.clean
    assert secure.reply()[:3] == "226"


def test_a_client_that_closes_early_hears_426(secure: SecureClient) -> None:
    with download(secure) as data:
        data.recv(1)

    assert secure.reply()[:3] == "426"


def test_compressed_bytes_are_those_of_the_file(secure: SecureClient) -> None:
    assert secure.says("MODE Z")[:3] == "200"
    assert secure.store("STOR new", zlib.compress(LINES))[:3] == "226"

    assert (secure.served.root / "new").read_bytes() == LINES
    assert zlib.decompress(secure.fetch("RETR new")) == LINES
    assert b"new" in zlib.decompress(secure.fetch("LIST"))


def test_a_text_is_converted(secure: SecureClient) -> None:
    secure.says("TYPE A")
    assert secure.store("STOR new", LINES.replace(b"\n", b"\r\n"))[:3] == "226"

    assert (secure.served.root / "new").read_bytes() == LINES
    assert secure.fetch("RETR new") == LINES.replace(b"\n", b"\r\n")


def test_what_is_restarted_is_completed(secure: SecureClient) -> None:
    path = secure.served.root / "new"
    path.write_bytes(CONTENT[:1_000_000])
    secure.says("REST 1000000")
    assert secure.store("STOR new", CONTENT[1_000_000:])[:3] == "226"
    secure.says("REST 2999990")

    assert path.read_bytes() == CONTENT
    assert secure.fetch("RETR new") == CONTENT[-10:]


@pytest.mark.parametrize("command", ["APPE new", "STOU"])
def test_what_is_added_is_whole(secure: SecureClient, command: str) -> None:
    (secure.served.root / "new").write_bytes(b"old")
    (secure.served.root / "upload").write_bytes(b"old")
    assert secure.store(command, CONTENT)[:3] == "226"
    found = {path.name: path.read_bytes() for path in secure.served.root.iterdir()}

    if command == "STOU":
        assert sorted(found.values(), key=len) == [b"old", b"old", CONTENT]
    else:
        assert found == {"new": b"old" + CONTENT, "upload": b"old"}


def test_a_long_listing_is_whole(secure: SecureClient) -> None:
    names = [f"{number:05}" for number in range(4_000)]
    crowd(secure.served.root, names)
    for command in ("NLST", "LIST", "MLSD"):
        lines = secure.fetch(command).decode().split("\r\n")

        assert [line[-5:] for line in lines if line[-5:].isdigit()] == names
