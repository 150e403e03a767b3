# SPDX-License-Identifier: GPL-3.0-or-later
"""The control connection, whatever is sent over it and however it is cut."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served import Client, Served, eventually

from ftpsd.session.control import Control
from ftpsd.session.verbs import VERBS

if TYPE_CHECKING:
    from pathlib import Path

MARK = b"214 NOOP\r\n"
DATA = {"PASV", "EPSV", "LPSV", "PORT", "EPRT", "LPRT"}
"""Without these no transfer begins, so nothing waits for a data connection."""
WORDS = sorted({*VERBS, "SITE CHMOD", "SITE UMASK", "XYZZY"} - DATA - {"QUIT", "USER", "PASS"})
ARGUMENTS = st.one_of(st.sampled_from(["", "/", "x", "-R /", "..", "0", "*", "A", "600 x"]))
COMMANDS = st.builds(
    lambda word, argument: f"{word} ".encode() + argument + b"\r\n",
    st.sampled_from(WORDS),
    st.one_of(ARGUMENTS.map(str.encode), st.binary(max_size=12)),
)


def pump_out(client: Client, data: bytes) -> threading.Thread:
    sender = threading.Thread(target=client.raw, args=(data,))
    sender.start()
    return sender


def test_a_reply_does_not_wait_for_the_client_to_acknowledge_the_last() -> None:
    """With Nagle's algorithm 226 would follow 150 some 40 ms late, in every transfer."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        accepted = listener.accept()[0]
        control = Control(accepted)
        at_once = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        control.close()

    assert at_once


def test_a_line_may_come_byte_by_byte(client: Client) -> None:
    for byte in b"PWD\r\n":
        client.raw(bytes([byte]))

    assert client.reply() == '257 "/" is the working directory.'


def test_commands_sent_at_once_are_answered_in_order(client: Client) -> None:
    client.send("MKD a", "CWD a", "PWD", "CDUP", "RMD a", "RMD a", "PWD")

    assert client.replies(7) == ["257", "250", "257", "250", "250", "550", "257"]


def test_a_login_may_be_sent_at_once(served: Served) -> None:
    with Client(served, greeted=False) as client:
        client.send("USER anna", "PASS se cret", "PWD", "QUIT")

        assert client.replies(5) == ["220", "331", "230", "257", "221"]
        assert client.ended()


def test_a_line_of_a_megabyte_is_refused_once(client: Client) -> None:
    sender = pump_out(client, b"x" * (1 << 20) + b"\r\nPWD\r\n")
    replies = client.replies(2)
    sender.join()

    assert replies == ["500", "257"]


def test_ten_thousand_mistakes_end_the_session(served: Served) -> None:
    with Client(served) as client:
        client.login()
        lines = []
        with contextlib.suppress(EOFError, OSError):
            client.send(*["XYZZY"] * 10_000)
        with contextlib.suppress(EOFError, ConnectionResetError):
            while True:
                lines.append(client.line())

    # What the client had not read when the server hung up is lost, so there may be fewer.
    assert len(lines) <= 51
    assert {line[:3] for line in lines} <= {"500", "421"}
    assert eventually(lambda: "too many errors" in served.log())


def test_mistakes_between_commands_that_work_end_nothing(client: Client) -> None:
    codes = [client.codes("XYZZY", "PWD") for _ in range(60)]

    assert codes == [["500", "257"]] * 60


def test_a_telnet_offer_is_declined_and_the_command_goes_on(client: Client) -> None:
    client.raw(b"PW\xff\xfd\x06D\r\n")
    reply = client.reply()

    assert reply == '\udcff\udcfc\x06257 "/" is the working directory.'


def test_a_client_that_hangs_up_leaves_nothing_behind(served: Served) -> None:
    assert served.at_rest()
    before = set(served.processes())
    with Client(served) as client:
        client.login()

        assert set(served.processes()) > before
    assert served.at_rest()


def test_a_client_that_resets_leaves_nothing_behind(served: Served) -> None:
    with Client(served) as client:
        client.login()
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    assert served.at_rest()
    assert not served.trouble()


def test_what_was_sent_before_hanging_up_is_done(served: Served, root: Path) -> None:
    with Client(served) as client:
        client.login().send("MKD a", "MKD b")
        client.sock.shutdown(socket.SHUT_WR)

        assert client.replies(2) == ["257", "257"]
        assert client.ended()
    assert sorted(path.name for path in root.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("logged_in", [False, True])
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pieces=st.lists(st.one_of(st.binary(max_size=40), COMMANDS), max_size=25))
def test_any_bytes_in_any_pieces_leave_the_session_in_step(
    served: Served, root: Path, pieces: list[bytes], logged_in: bool
) -> None:
    assert root.is_dir()
    heard = b""
    with Client(served) as client:
        if logged_in:
            client.login()
        for piece in [*pieces, b"\nHELP NOOP\r\n"]:
            client.raw(piece)
        while not heard.endswith(MARK):
            found = client.sock.recv(65536)
            if not found:
                break
            heard += found

        # two bytes are enough to look like TLS
        tls = b"421 TLS begins with AUTH TLS on this port.\r\n"
        assert heard.endswith((MARK, b"421 Too many errors.\r\n", tls))
        assert client.sock.fileno() >= 0
    assert not served.trouble()
