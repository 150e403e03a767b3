# SPDX-License-Identifier: GPL-3.0-or-later
"""AUTH TLS and what hostile or odd clients do about it, through a whole server."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from secured import Protected, SecureClient, client_context, make_certificate, reset
from served import SECONDS, Client, Served, crowd, eventually, serving

UNCHANGED = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
BEHIND = (b"NOOP\r\n", b"USER anna\r\nPASS se cret\r\n", b"PWD", b"\xff", b"\xff\xfa", b"\xff\xfd")
NOT_TLS = {
    "a command": b"USER anna\r\n",
    "nothing": b"",
    "zeros": bytes(100),
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
    "half a record": b"\x16\x03\x01\x02\x00",
    "a broken message": b"\x16\x03\x01\x00\x08\x01\x00\x00\x04abcd",
}


def rest(sock: socket.socket) -> bytes:
    """Read what still comes; a reset is an end, too."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := sock.recv(65536):
            found += piece
    return found


def only_alerts(data: bytes) -> bool:
    """Say whether there is nothing but alerts of TLS."""
    while data[:2] == b"\x15\x03":
        data = data[5 + int.from_bytes(data[3:5], "big") :]
    return not data


def logged(served: Served, text: str) -> bool:
    return eventually(lambda: text in served.log())


@pytest.mark.parametrize("behind", BEHIND)
def test_what_comes_in_the_clear_with_auth_is_not_run(secured: Served, behind: bytes) -> None:
    with SecureClient(secured, at_once=False) as client:
        client.raw(b"SYST\r\nAUTH TLS\r\n" + behind)
        assert client.replies(3) == ["220", "215", "234"]
        client.begin()

        assert client.says("PASS x") == "503 Send USER first."
        assert client.in_step()
    assert not secured.trouble()


def test_what_is_dropped_is_logged(secured: Served) -> None:
    with SecureClient(secured, at_once=False) as client:
        client.raw(b"AUTH TLS\r\nNOOP\r\nNO")
        assert client.replies(2) == ["220", "234"]

        assert logged(secured, "Dropped 8 bytes that 127.0.0.1 sent in the clear behind AUTH.")


def test_what_the_kernel_still_holds_is_dropped_with_it(secured: Served) -> None:
    """More than is read at once: the rest would be taken for the handshake, and spoil it."""
    with SecureClient(secured, at_once=False) as client:
        assert client.reply()[:3] == "220"
        client.raw(b"AUTH TLS\r\n" + b"NOOP\r\n" * 5000)
        assert client.reply()[:3] == "234"
        client.begin()

        assert client.in_step()
    assert logged(secured, "Dropped 30000 bytes")


def test_what_comes_in_the_clear_a_little_later_is_not_run(secured: Served) -> None:
    """It arrives before 234 is sent and is dropped, or after that and is no handshake."""
    with SecureClient(secured, at_once=False) as client:
        client.raw(b"AUTH TLS\r\n")
        client.raw(b"NOOP\r\n")
        assert client.replies(2) == ["220", "234"]
        tls = Protected(client.sock, client.context)
        try:
            client.tls = tls.shake()
        except (ssl.SSLError, OSError):
            assert only_alerts(tls.raw)
        else:
            assert client.in_step()


def test_what_was_held_back_during_a_transfer_is_not_run_behind_auth(secured: Served) -> None:
    with SecureClient(secured, at_once=False) as client:
        assert client.reply()[:3] == "220"
        Client.login(client)
        with client.passive():
            assert client.says("STOR new")[:3] == "150"
            client.send("NOOP", "PWD", "REIN", "AUTH TLS", "USER anna", "PASS se cret")
            assert client.reply()[:3] == "200"
        assert client.replies(4) == ["226", "257", "220", "234"]
        client.begin()

        assert client.says("PASS x") == "503 Send USER first."
        assert client.in_step()
    assert logged(secured, "Dropped 21 bytes")


@pytest.mark.parametrize("said", NOT_TLS.values(), ids=NOT_TLS)
def test_after_234_no_word_is_said_in_the_clear(secured: Served, said: bytes) -> None:
    secured.trouble()
    with Client(secured) as client:
        assert client.says("AUTH TLS")[:3] == "234"
        client.raw(said)
        client.sock.shutdown(socket.SHUT_WR)

        assert only_alerts(rest(client.sock))
    assert secured.at_rest()
    assert not secured.trouble()
    assert logged(secured, "No TLS with 127.0.0.1: ")


def test_a_client_that_resets_instead_of_a_handshake_leaves_nothing_behind(secured: Served) -> None:
    with Client(secured) as client:
        assert client.says("AUTH TLS")[:3] == "234"
        reset(client.sock)

        assert secured.at_rest()
    assert not secured.trouble()


@UNCHANGED
@given(said=st.binary(min_size=1, max_size=60), hello=st.booleans())
def test_any_bytes_instead_of_a_handshake_are_no_crash(
    secured: Served, said: bytes, hello: bool
) -> None:
    with Client(secured) as client:
        assert client.says("AUTH TLS")[:3] == "234"
        if hello:
            client.raw(Protected(client.sock, client_context()).begin())
        client.raw(said)
        client.sock.shutdown(socket.SHUT_WR)
        found = rest(client.sock)

        assert not found or found[0] in (20, 21, 22)
    assert not secured.trouble()


@UNCHANGED
@given(said=st.binary(min_size=1, max_size=60))
def test_any_bytes_between_records_end_the_session_and_nothing_else(
    secured: Served, said: bytes
) -> None:
    with SecureClient(secured) as client:
        client.login()
        client.sock.sendall(said)
        client.sock.shutdown(socket.SHUT_WR)
        rest(client.sock)
    assert not secured.trouble()


@pytest.mark.parametrize("at_first", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"])
def test_a_handshake_that_does_not_end_is_ended(strict: Served, at_first: bytes) -> None:
    with Client(strict) as client:
        assert client.says("AUTH TLS")[:3] == "234"
        client.raw(at_first)

        assert rest(client.sock) == b""
    assert logged(strict, "the TLS handshake took too long")


def test_a_handshake_byte_by_byte_is_ended_too(strict: Served) -> None:
    with Client(strict) as client:
        assert client.says("AUTH TLS")[:3] == "234"
        client.raw(b"\x16\x03\x01\x40\x00")
        client.sock.setblocking(False)

        def over() -> bool:
            try:
                client.raw(b"\1")
                return client.sock.recv(1) == b""
            except BlockingIOError:
                return False
            except OSError:
                return True

        assert eventually(over)


def test_a_browser_is_refused_with_the_alert_for_it(secured: Served) -> None:
    context = client_context(alpn=("http/1.1",))
    with (
        pytest.raises(ssl.SSLError, match="no application protocol"),
        SecureClient(secured, context=context),
    ):
        pass
    assert logged(secured, "the client means to speak b'http/1.1'")


def test_a_client_that_says_it_speaks_ftp_is_served(secured: Served) -> None:
    with SecureClient(secured, context=client_context(alpn=("ftp",))) as client:
        assert client.login().fetch("NLST -a /nothing/..") is not None


def test_renegotiation_is_refused_at_once(secured: Served) -> None:
    where = ["-connect", f"127.0.0.1:{secured.port}", "-starttls", "ftp", "-tls1_2"]
    with subprocess.Popen(
        ["openssl", "s_client", *where],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"R\n")
        process.stdin.flush()
        try:
            process.wait(SECONDS)
        finally:
            process.kill()

        assert b"no renegotiation" in process.stdout.read()


def test_who_begins_tls_on_the_plain_port_is_told_why_there_is_none(secured: Served) -> None:
    with Client(secured) as client:
        client.raw(Protected(client.sock, client_context()).begin())

        assert client.reply() == "421 TLS begins with AUTH TLS on this port."
        assert client.ended()


def test_on_the_port_for_it_tls_begins_with_the_first_byte(implicit: Served) -> None:
    with SecureClient(implicit, at_once=False) as client:
        client.begin()
        assert client.reply() == "220 FTP server ready."
        Client.login(client)

        assert client.says("AUTH TLS")[:3] == "503"
        assert client.store("STOR new", b"protected without PROT") == "226 Transfer complete."
        assert client.in_step()


@pytest.mark.parametrize("command", ["", "AUTH SSL"], ids=["implicit", "AUTH SSL"])
def test_what_is_protected_without_prot_is_so_after_rein(
    implicit: Served, secured: Served, command: str
) -> None:
    (secured.root / "file").write_bytes(b"secret")
    with SecureClient(secured if command else implicit, at_once=False) as client:
        if command:
            assert client.reply()[:3] == "220"
            assert client.says(command)[:3] == "234"
        client.begin()
        if not command:
            assert client.reply()[:3] == "220"
        Client.login(client)
        assert client.codes("PROT C", "REIN") == ["200", "220"]
        Client.login(client)

        assert client.fetch("RETR file") == b"secret"


@pytest.mark.parametrize("said", NOT_TLS.values(), ids=NOT_TLS)
def test_on_that_port_nothing_is_said_in_the_clear(implicit: Served, said: bytes) -> None:
    with SecureClient(implicit, at_once=False) as client:
        client.raw(said)

        assert only_alerts(rest(client.sock))
    assert implicit.at_rest()
    assert not implicit.trouble()


@pytest.mark.parametrize("end", ["close_notify", "FIN", "reset"])
def test_a_client_that_hangs_up_leaves_nothing_behind(secured: Served, end: str) -> None:
    with SecureClient(secured) as client:
        client.login()
        assert client.tls
        if end == "close_notify":
            client.tls.notify()
        elif end == "FIN":
            client.sock.shutdown(socket.SHUT_WR)
        else:
            reset(client.sock)

        assert secured.at_rest()
    assert not secured.trouble()


def test_commands_may_come_in_any_records(secure: SecureClient) -> None:
    for byte in b"PWD\r\n":
        secure.raw(bytes([byte]))
    assert secure.reply()[:3] == "257"
    secure.send(*["NOOP"] * 3000)

    assert secure.replies(3000) == ["200"] * 3000


def test_a_record_may_come_byte_by_byte(secure: SecureClient) -> None:
    assert secure.tls
    for byte in secure.tls.sealed(b"PWD\r\n"):
        secure.sock.sendall(bytes([byte]))

    assert secure.reply()[:3] == "257"


def test_replies_may_be_long(secure: SecureClient) -> None:
    crowd(secure.served.root, (f"{number:0200}" for number in range(600)))

    assert secure.says("STAT -a /").count("\n") > 600


def test_what_an_admin_puts_there_serves_the_next_client(tmp_path: Path, credentials: Path) -> None:
    own = tmp_path / "credentials"
    shutil.copytree(credentials, own)
    (tmp_path / "root").mkdir()
    with serving(tmp_path / "root", tmp_path / "log", "--credentials", str(own)) as served:
        seen = []
        for name in ("", "new", "broken"):
            if name == "new":
                make_certificate(own / "ftpsd.pem", name)
            elif name == "broken":
                (own / "ftpsd.pem").write_text("nonsense")
                with Client(served) as client:
                    assert client.says("AUTH TLS") == "431 There is no TLS here now."
                    assert client.login().in_step()
                break
            with SecureClient(served) as client:
                assert client.tls
                seen.append(client.tls.tls.getpeercert(binary_form=True))
    assert len(set(seen)) == 2


def loads_tls(pid: int) -> bool:
    return "libssl" in Path(f"/proc/{pid}/maps").read_text()


def test_a_session_loads_tls_when_it_is_asked_for_and_no_other_process_does(
    secured: Served,
) -> None:
    assert secured.at_rest()
    with Client(secured) as client:
        client.login()
        assert not any(map(loads_tls, secured.processes()))
    with SecureClient(secured) as client:
        client.login()
        assert len(list(filter(loads_tls, secured.processes()))) == 1
