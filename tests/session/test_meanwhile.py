# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client may say while a transfer is under way, or about to be."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from typing import TYPE_CHECKING, cast

import pytest
from served import SECONDS, Client, Served, everything

from ftpsd.session import meanwhile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ftpsd.session.session import Session

    Begin = Callable[..., contextlib.AbstractContextManager[socket.socket]]

SIZE = 12 << 20
"""More than all buffers on the way hold, so that the transfer is still running."""
IAC_IP, IAC, DM = b"\xff\xf4", b"\xff", b"\xf2"


def plain(client: Client) -> None:
    client.send("ABOR")


def telnet(client: Client) -> None:
    client.raw(IAC_IP + IAC + DM + b"ABOR\r\n")


def urgent(client: Client) -> None:
    """Say it as RFC 959 and Berkeley's ftp do: the data mark is urgent."""
    client.raw(IAC_IP + IAC, socket.MSG_OOB)
    client.raw(DM + b"ABOR\r\n")


def urgent_mark(client: Client) -> None:
    client.raw(IAC_IP + IAC)
    client.raw(DM, socket.MSG_OOB)
    client.raw(b"ABOR\r\n")


def wholly_urgent(client: Client) -> None:
    """Say it as Python's ftplib does."""
    client.raw(b"ABOR\r\n", socket.MSG_OOB)


def in_pieces(client: Client) -> None:
    for byte in b"abor\r\n":
        client.raw(bytes([byte]))


WAYS = (plain, telnet, urgent, urgent_mark, wholly_urgent, in_pieces)


class Silent:
    """A session whose client says nothing."""

    crowded = False

    def __init__(self, sock: socket.socket) -> None:
        self.control, self.fileno = self, sock.fileno
        self.full = False

    def take(self) -> None: ...

    def tell(self, _: str) -> None: ...


def test_what_the_kernel_holds_back_is_pushed_while_nothing_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without it a download whose records the kernel makes may stop for good (session/ktls.py)."""
    monkeypatch.setattr(meanwhile, "STATUS_SECONDS", 0.01)
    ours, theirs = socket.socketpair()
    control, client = socket.socketpair()
    with ours, theirs, control, client:
        one = meanwhile.Meanwhile(cast("Session", Silent(control)), str)
        deadline = time.monotonic() + SECONDS
        pushed = one.wait(ours.fileno(), select.POLLIN, deadline, push=lambda: theirs.sendall(b"x"))

    assert pushed


@contextlib.contextmanager
def download(client: Client) -> Iterator[socket.socket]:
    """Begin to fetch a large file, and do not read it."""
    path = client.served.root / "large"
    path.touch()
    os.truncate(path, SIZE)
    with socket.socket() as data:
        data.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        data.settimeout(SECONDS)
        data.connect((client.served.host, client.port()))
        client.send("RETR large")
        assert client.reply()[:3] == "150"
        yield data


@contextlib.contextmanager
def upload(client: Client) -> Iterator[socket.socket]:
    """Begin to store a file, and do not end it."""
    with client.passive() as data:
        client.send("STOR new")
        assert client.reply()[:3] == "150"
        data.sendall(b"half")
        yield data


@pytest.mark.parametrize("begin", [download, upload])
@pytest.mark.parametrize("say", WAYS)
def test_abor_ends_a_transfer_at_once(
    client: Client, begin: Begin, say: Callable[[Client], None]
) -> None:
    with begin(client):
        say(client)

        assert client.replies(2) == ["426", "226"]


@pytest.mark.parametrize("begin", [download, upload])
def test_abor_closes_the_data_connection(client: Client, begin: Begin) -> None:
    with begin(client) as data:
        plain(client)
        client.replies(2)
        with contextlib.suppress(ConnectionResetError):
            assert len(everything(data)) < SIZE


@pytest.mark.parametrize("begin", [download, upload])
def test_each_abor_has_its_own_answer(client: Client, begin: Begin) -> None:
    with begin(client):
        client.send("ABOR", "ABOR", "ABOR")

        assert client.replies(4) == ["426", "226", "226", "226"]


@pytest.mark.parametrize("command", ["RETR large", "STOR new"])
def test_abor_sent_together_with_the_transfer_ends_it(client: Client, command: str) -> None:
    path = client.served.root / "large"
    path.touch()
    os.truncate(path, SIZE)
    with client.passive():
        client.send(command, "ABOR")
        codes = client.replies(2)
        if codes[0] == "150":
            codes += client.replies(1)

    assert codes in (["425", "226"], ["150", "426", "226"])


def test_after_abor_the_next_transfer_works(client: Client) -> None:
    with download(client):
        plain(client)
        client.replies(2)
    (client.served.root / "small").write_bytes(b"hello")

    assert client.fetch("RETR small") == b"hello"


def test_what_follows_abor_is_answered_after_it(client: Client) -> None:
    with upload(client):
        client.send("ABOR", "PWD")

        assert client.replies(3) == ["426", "226", "257"]


@pytest.mark.parametrize("command", ["RETR small", "STOR new", "LIST", "MLSD"])
def test_abor_ends_the_wait_for_a_data_connection(client: Client, command: str) -> None:
    (client.served.root / "small").write_bytes(b"hello")
    client.port()
    client.send(command)
    plain(client)

    assert client.replies(2) == ["425", "226"]


@pytest.mark.parametrize("last", ["ABOR", "QUIT"])
def test_a_wait_for_a_data_connection_ends_with_what_came_with_it(
    served: Served, root: Path, last: str
) -> None:
    (root / "small").write_bytes(b"hello")
    with Client(served) as client:
        client.login().port()
        client.send("RETR small", last)

        assert client.replies(2) == ["425", {"ABOR": "226", "QUIT": "221"}[last]]


def test_quit_ends_the_wait_for_a_data_connection(served: Served, root: Path) -> None:
    (root / "small").write_bytes(b"hello")
    with Client(served) as client:
        client.login().port()
        client.send("RETR small")
        client.send("QUIT")

        assert client.replies(2) == ["425", "221"]
        assert client.ended()


@pytest.mark.parametrize("begin", [download, upload])
def test_noop_is_answered_during_a_transfer(client: Client, begin: Begin) -> None:
    with begin(client):
        assert client.codes("NOOP", "noop") == ["200", "200"]

        plain(client)
        client.replies(2)


def test_stat_tells_how_far_a_download_is(client: Client) -> None:
    with download(client) as data:
        data.recv(1, socket.MSG_WAITALL)
        reply = client.says("STAT").split("\n")
        everything(data)

    assert reply[0] == "211-Transferring."
    assert reply[1].startswith(" RETR /large: ")
    assert reply[1].endswith("%")
    assert reply[2] == "211 End."
    assert client.reply()[:3] == "226"


def test_stat_is_answered_during_an_upload(client: Client) -> None:
    with upload(client):
        assert client.says("STAT")[:14] == "211-Transferri"

    assert client.reply()[:3] == "226"


def test_quit_lets_a_download_finish(served: Served, root: Path) -> None:
    assert root.is_dir()
    with Client(served) as client, download(client.login()) as data:
        client.send("QUIT")
        found = everything(data)

        assert len(found) == SIZE
        assert client.replies(2) == ["226", "221"]
        assert client.ended()


def test_quit_lets_an_upload_finish(served: Served, root: Path) -> None:
    with Client(served) as client:
        with upload(client.login()) as data:
            client.send("QUIT")
            data.sendall(b" and half")

        assert client.replies(2) == ["226", "221"]
        assert client.ended()
    assert (root / "new").read_bytes() == b"half and half"


def test_other_commands_wait_for_the_end_of_a_transfer(client: Client) -> None:
    with upload(client):
        client.send("PWD", "STOR", "SIZE new")

    assert [client.reply() for _ in range(4)] == [
        "226 Transfer complete.",
        '257 "/" is the working directory.',
        "501 A path is required.",
        "213 4",
    ]


def test_thousands_of_commands_wait_for_the_end_of_a_transfer(client: Client) -> None:
    with upload(client):
        client.send(*["PWD"] * 4000)

    assert client.replies(4001) == ["226"] + ["257"] * 4000


def test_transfers_may_be_sent_at_once(client: Client) -> None:
    """A refused transfer, a long line and a second transfer wait for the first."""
    with upload(client):
        client.send("RETR gone", "x" * 20_000, "STOR other")

    assert client.replies(4) == ["226", "425", "500", "425"]


def test_a_bad_line_during_a_transfer_is_answered_after_it(client: Client) -> None:
    with upload(client):
        client.raw(b"\0\1\2\r\n\r\n")

    assert client.replies(2) == ["226", "500"]
