# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads under TLS, however clients end them: stored whole with 226, or refused; never cut."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import ssl
from typing import TYPE_CHECKING

import pytest
from secured import V12, V13, VERSIONS, Protected, SecureClient, client_context, reset
from served import Served, eventually, everything, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZES = (0, 1, 20_000, 3_000_000)
CONTENT = os.urandom(3_000_000)


def announced(data: Protected) -> None:
    data.notify()
    data.sock.close()


def announced_and_waited(data: Protected) -> None:
    data.notify()
    data.sock.shutdown(socket.SHUT_WR)
    assert data.recv(1) == b""
    assert data.clean


def closed(data: Protected) -> None:
    """Close without close_notify, and without reading anything: tickets neither, if there are."""
    data.sock.close()


def half_closed(data: Protected) -> None:
    data.sock.shutdown(socket.SHUT_WR)
    assert data.recv(1) == b""
    assert data.clean


def reset_after_announcing(data: Protected) -> None:
    data.notify()
    reset(data.sock)


def reset_at_once(data: Protected) -> None:
    reset(data.sock)


WHOLE = (announced, announced_and_waited, closed, half_closed)
CUT = (reset_after_announcing, reset_at_once)
SILENT = (closed, half_closed)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("end", WHOLE)
@pytest.mark.parametrize("resume", [True, False])
def test_an_upload_is_stored_whole(
    secured: Served, version: ssl.TLSVersion, end: Callable[[Protected], None], resume: bool
) -> None:
    with SecureClient(secured, version) as client:
        client.login()
        for size in SIZES:
            with client.transfer("STOR new", resume=resume) as data:
                data.sendall(CONTENT[:size])
                end(data)

            assert client.reply()[:3] == "226"
            assert (secured.root / "new").read_bytes() == CONTENT[:size]
        assert client.in_step()


@pytest.mark.parametrize("version", VERSIONS)
def test_all_of_an_upload_may_come_together_with_the_end_of_the_handshake(
    secured: Served, version: ssl.TLSVersion
) -> None:
    with SecureClient(secured, version) as client:
        client.login()
        with client.passive() as data:
            assert client.says("STOR new")[:3] == "150"
            protected = client.protect(data)
            last = protected.last()
            data.sendall(last + protected.sealed(b"all of it") + protected.goodbye())

            assert protected.recv(1) == b""
            assert client.reply()[:3] == "226"
    assert (secured.root / "new").read_bytes() == b"all of it"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("end", CUT)
def test_an_upload_whose_connection_is_reset_is_never_cut_with_226(
    secured: Served, version: ssl.TLSVersion, end: Callable[[Protected], None]
) -> None:
    with SecureClient(secured, version) as client:
        client.login()
        for size in SIZES * 2:
            with client.transfer("STOR new") as data:
                data.sendall(CONTENT[:size])
                end(data)
            code = client.reply()[:3]

            assert code in ("226", "426")
            assert code == "426" or end is reset_after_announcing
            assert code == "426" or (secured.root / "new").read_bytes() == CONTENT[:size]
        assert client.store("STOR new", b"x")[:3] == "226"


def test_a_hundred_megabytes_arrive_from_a_client_that_reads_nothing(secured: Served) -> None:
    """One with unread tickets would reset the connection as it closes it."""
    piece = CONTENT[: 1 << 20]
    expected = hashlib.sha256()
    with SecureClient(secured, V13) as client:
        client.login()
        with client.transfer("STOR large", resume=False) as data:
            for _ in range(100):
                data.sock.sendall(data.sealed(piece))
                expected.update(piece)
        assert client.reply()[:3] == "226"
        with (secured.root / "large").open("rb") as file:
            found = hashlib.file_digest(file, "sha256")
    (secured.root / "large").unlink()

    assert found.digest() == expected.digest()


@pytest.mark.parametrize("version", VERSIONS)
def test_who_sends_all_and_waits_for_the_end_is_told_why_it_is_refused(
    secured: Served, credentials: Path, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    """As ftplib does: it looks for the reply when the server has announced its end as well."""
    (tmp_path / "ftpsd.conf").write_text("[Files]\nMaxFileSize=100K\n")
    change = "from ftpsd.session import transfer; transfer._LINGER_SECONDS = 1000"
    options = ("--credentials", str(credentials), "--config", str(tmp_path))
    with (
        serving(secured.root, tmp_path / "log", *options, change=change) as served,
        SecureClient(served, version) as client,
    ):
        with client.login().transfer("STOR new") as data:
            data.sendall(CONTENT)
            announced_and_waited(data)

        assert client.reply() == "552 The file would be too large."


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("lost", [1, 100, 40_000])
def test_an_upload_that_ends_within_a_record_is_no_clean_one(
    strict: Served, version: ssl.TLSVersion, lost: int
) -> None:
    with SecureClient(strict, version) as client:
        client.login()
        with client.transfer("STOR new") as data:
            data.sock.sendall(data.sealed(CONTENT[:100_000])[:-lost])

        assert client.reply() == "426 The end of the data is not announced by TLS."


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("end", WHOLE)
def test_where_an_end_must_be_announced_no_other_will_do(
    strict: Served, version: ssl.TLSVersion, end: Callable[[Protected], None]
) -> None:
    with SecureClient(strict, version) as client:
        client.login()
        for size in SIZES[:3]:
            with client.transfer("STOR new") as data:
                data.sendall(CONTENT[:size])
                if end is half_closed:
                    data.sock.shutdown(socket.SHUT_WR)
                else:
                    end(data)

            assert client.reply()[:3] == ("426" if end in SILENT else "226")
        assert client.in_step()


def test_an_end_that_was_not_announced_is_logged(secure: SecureClient) -> None:
    name = os.urandom(4).hex()
    with secure.transfer(f"STOR {name}") as data:
        data.sendall(b"x")

    assert secure.reply()[:3] == "226"
    assert f"the end of /{name} was not announced by TLS" in secure.served.log()


def test_an_announced_end_is_nothing_to_log(secure: SecureClient) -> None:
    name = os.urandom(4).hex()

    assert secure.store(f"STOR {name}", b"x")[:3] == "226"
    assert f"the end of /{name} was not" not in secure.served.log()


def garbage(data: Protected) -> None:
    data.sock.sendall(b"this is the file itself, in the clear\n" * 100)
    data.sock.close()


def nothing(data: Protected) -> None:
    data.sock.close()


def half_a_handshake(data: Protected) -> None:
    data.sock.sendall(data.begin())
    data.sock.close()


def half_a_hello(data: Protected) -> None:
    data.sock.sendall(data.begin()[:20])
    data.sock.shutdown(socket.SHUT_WR)


def a_reset(data: Protected) -> None:
    reset(data.sock)


def another_protocol(data: Protected) -> None:
    other = Protected(data.sock, client_context(alpn=("h2",)))
    with pytest.raises(ssl.SSLError, match="no application protocol"):
        other.shake()


BAD = (garbage, nothing, half_a_handshake, half_a_hello, a_reset, another_protocol)


@pytest.mark.parametrize("command", ["STOR old", "RETR old", "LIST", "APPE old"])
@pytest.mark.parametrize("act", BAD)
def test_a_data_connection_without_a_handshake_is_425_and_the_session_goes_on(
    secure: SecureClient, act: Callable[[Protected], None], command: str
) -> None:
    (secure.served.root / "old").write_bytes(b"good")
    with secure.passive() as data:
        assert secure.says(command)[:3] == "150"
        act(secure.protect(data))
        assert secure.reply()[:3] == "425"

    assert secure.in_step()
    assert (secure.served.root / "old").read_bytes() == b"good"
    assert secure.fetch("RETR old") == b"good"


@pytest.mark.parametrize("command", ["STOR old", "RETR old", "MLSD"])
def test_a_handshake_of_a_data_connection_that_does_not_end_is_425(
    strictly: SecureClient, command: str
) -> None:
    (strictly.served.root / "old").write_bytes(b"good")
    with strictly.passive() as data:
        assert strictly.says(command)[:3] == "150"
        data.sendall(strictly.protect(data).begin()[:30])

        assert strictly.reply() == "425 The TLS handshake took too long."
    assert strictly.store("STOR new", b"x")[:3] == "226"
    assert (strictly.served.root / "old").read_bytes() == b"good"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("command", ["STOR old", "RETR old", "NLST"])
def test_who_does_not_resume_is_refused_where_it_must(
    strictly: SecureClient, version: ssl.TLSVersion, command: str
) -> None:
    (strictly.served.root / "old").write_bytes(b"secret")
    stranger = client_context(version)
    if version is V12:
        stranger.options |= ssl.OP_NO_TICKET
    session = None
    for _ in range(3):
        with strictly.passive() as data:
            assert strictly.says(command)[:3] == "150"
            other = Protected(data, stranger, session)
            with contextlib.suppress(ssl.SSLError, ConnectionResetError):
                assert other.shake().recv(100) == b""
            session = other.session
            assert strictly.reply()[:3] == "522"
    assert strictly.in_step()
    assert (strictly.served.root / "old").read_bytes() == b"secret"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_ticket_of_another_session_opens_no_data_connection(
    strict: Served, strictly: SecureClient, version: ssl.TLSVersion
) -> None:
    with SecureClient(strict, version) as other:
        session = other.login().session
    with strictly.passive() as data:
        assert strictly.says("STOR new")[:3] == "150"
        with contextlib.suppress(ssl.SSLError, ConnectionResetError):
            assert not Protected(data, other.context, session).shake().reused
        assert strictly.reply()[:3] == "522"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_that_uses_a_ticket_once_transfers_as_often_as_it_likes(
    strict: Served, version: ssl.TLSVersion
) -> None:
    used = set()
    with SecureClient(strict, version) as client:
        client.login()
        for number in range(50):
            with client.transfer("RETR new" if number % 2 else "STOR new") as data:
                assert data.reused
                if number % 2:
                    assert data.recv(1) == b""
                else:
                    data.notify()
            used.add(client.session.id if client.session else b"")
            assert client.reply()[:3] == "226"
        assert client.in_step()

    assert len(used) == (50 if version is V13 else 1)


def test_who_does_not_resume_is_logged_once_for_each_login(secured: Served) -> None:
    text = "does not resume the TLS session of its control connection."
    before = secured.log().count(text)
    with SecureClient(secured) as client:
        for _ in range(2):
            client.login()
            for _ in range(3):
                with client.transfer("NLST", resume=False) as data:
                    everything(data)
                assert client.reply()[:3] == "226"
            assert client.says("REIN")[:3] == "220"

    assert eventually(lambda: secured.log().count(text) == before + 2)
