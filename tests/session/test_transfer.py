# SPDX-License-Identifier: GPL-3.0-or-later
"""How transfers end, whoever ends them."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING

import pytest
from served import Client, Served, eventually, everything, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RESET = b"\1\0\0\0\0\0\0\0"
"""SO_LINGER that makes closing a reset."""
MEGABYTES_5 = os.urandom(5 << 20)


@pytest.mark.parametrize("content", [b"", b"x", MEGABYTES_5], ids=["0 B", "1 B", "5 MB"])
def test_what_is_stored_comes_back_byte_for_byte(client: Client, content: bytes) -> None:
    assert client.store("STOR new", content)[:3] == "226"
    assert (client.served.root / "new").read_bytes() == content
    assert client.fetch("RETR new") == content
    assert client.says("SIZE new") == f"213 {len(content)}"


def test_226_comes_after_the_last_byte_is_in_the_file(client: Client) -> None:
    for number in range(20):
        assert client.store(f"STOR {number}", b"x" * 100_000)[:3] == "226"
        assert (client.served.root / str(number)).stat().st_size == 100_000


def test_a_restarted_download_gives_the_rest(client: Client) -> None:
    (client.served.root / "new").write_bytes(MEGABYTES_5)
    client.says(f"REST {3 << 20}")

    assert client.fetch("RETR new") == MEGABYTES_5[3 << 20 :]


def test_a_restarted_upload_completes_the_file(client: Client) -> None:
    (client.served.root / "new").write_bytes(MEGABYTES_5[: 2 << 20])
    client.says(f"REST {2 << 20}")
    client.store("STOR new", MEGABYTES_5[2 << 20 :])

    assert (client.served.root / "new").read_bytes() == MEGABYTES_5


def test_an_upload_whose_connection_is_reset_is_426_and_the_session_goes_on(client: Client) -> None:
    with client.passive() as data:
        client.says("STOR new")
        data.sendall(b"half")
        data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    assert client.reply()[:3] == "426"
    assert client.store("STOR new", b"whole")[:3] == "226"


@contextlib.contextmanager
def bounded(tmp_path: Path, seconds: float, piece: int = 1 << 18) -> Iterator[Client]:
    """Serve where no file may be large, and what is sent beyond that is read for some seconds."""
    (tmp_path / "ftpsd.conf").write_text("[Files]\nMaxFileSize=100K\n")
    (tmp_path / "root").mkdir()
    change = (
        "from ftpsd.session import transfer\n"
        f"transfer._LINGER_SECONDS, transfer._LINGER_PIECE = {seconds}, {piece}"
    )
    config = ("--config", str(tmp_path))
    with (
        serving(tmp_path / "root", tmp_path / "log", *config, change=change) as served,
        Client(served) as client,
    ):
        yield client.login()


def send_for_ever(data: socket.socket) -> None:
    while True:
        data.sendall(bytes(1 << 20))


def test_who_sends_all_of_a_file_before_it_looks_is_told_why_it_is_refused(tmp_path: Path) -> None:
    with bounded(tmp_path, 1000) as client:
        said = client.store("STOR new", bytes(20 << 20))

        assert said == "552 The file would be too large."
        assert "STOR /new ended after 102400 bytes" in client.served.log()
        assert client.store("STOR new", b"small")[:3] == "226"


def test_who_looks_before_it_has_sent_all_is_told_too_and_need_not_end(tmp_path: Path) -> None:
    with bounded(tmp_path, 1000) as client, client.passive() as data:
        client.says("STOR new")
        data.sendall(bytes(200 << 10))

        assert client.reply()[:3] == "552"
        assert client.says("NOOP")[:3] == "200"


@pytest.mark.parametrize("piece", [1 << 18, 1], ids=["slower than it is read", "faster"])
def test_who_goes_on_sending_is_cut_off(tmp_path: Path, piece: int) -> None:
    with bounded(tmp_path, 0.1, piece) as client, client.passive() as data:
        client.says("STOR new")
        with pytest.raises(ConnectionError):
            send_for_ever(data)

        assert client.reply()[:3] == "552"
        assert client.says("NOOP")[:3] == "200"


def reset(client: Client, data: socket.socket) -> None:
    data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    data.close()
    assert client.reply()[:3] == "426"


def abort(client: Client, _: socket.socket) -> None:
    assert client.codes("ABOR") == ["426"]
    assert client.reply()[:3] == "226"


def hang_up(client: Client, _: socket.socket) -> None:
    client.sock.close()
    assert client.served.at_rest()


@pytest.mark.parametrize("end", [reset, abort, hang_up])
def test_what_has_arrived_of_an_upload_that_is_cut_off_is_kept(
    served: Served, root: Path, end: Callable[[Client, socket.socket], None]
) -> None:
    with Client(served) as client, client.login().passive() as data:
        assert client.says("STOR new")[:3] == "150"
        data.sendall(b"half")
        assert eventually(lambda: "STOR /new: 4 bytes" in client.says("STAT"))
        end(client, data)

    assert (root / "new").read_bytes() == b"half"
    assert not served.trouble()


def test_a_download_whose_connection_is_reset_is_426_and_the_session_goes_on(
    client: Client,
) -> None:
    path = client.served.root / "large"
    path.touch()
    os.truncate(path, 64 << 20)
    with client.passive() as data:
        client.says("RETR large")
        data.recv(1)

    assert client.reply()[:3] == "426"
    assert client.store("STOR new", b"whole")[:3] == "226"


def test_a_data_connection_reset_before_the_transfer_is_no_end(client: Client) -> None:
    with client.passive() as data:
        data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    first = client.says("STOR new")[:3]
    codes = [first, *client.replies(1)] if first == "150" else [first]

    assert codes in (["150", "426"], ["425"])


def test_a_client_that_closes_its_half_of_a_download_still_gets_it(client: Client) -> None:
    (client.served.root / "new").write_bytes(MEGABYTES_5)
    with client.passive() as data:
        data.shutdown(socket.SHUT_WR)
        client.says("RETR new")
        found = everything(data)

    assert found == MEGABYTES_5
    assert client.reply()[:3] == "226"


@pytest.mark.parametrize("command", ["RETR large", "STOR new"])
def test_a_client_that_hangs_up_in_a_transfer_leaves_nothing_behind(
    served: Served, root: Path, command: str
) -> None:
    (root / "large").touch()
    os.truncate(root / "large", 64 << 20)
    with Client(served) as client, client.login().passive():
        assert client.says(command)[:3] == "150"
        client.sock.close()

        assert served.at_rest()
    assert not served.trouble()


def test_a_data_connection_that_is_never_made_is_425(impatient: Served) -> None:
    with Client(impatient) as client:
        client.login().port()

        assert client.says("LIST")[:3] == "425"
        assert client.in_step()
        assert client.store("STOR new", b"x")[:3] == "226"


def test_a_data_connection_that_stalls_is_426(impatient: Served) -> None:
    with Client(impatient) as client, client.login().passive():
        assert client.says("STOR new")[:3] == "150"
        assert client.reply()[:3] == "426"
        assert client.in_step()


def test_transfers_are_counted(client: Client) -> None:
    client.store("STOR new", b"x" * 7)
    client.fetch("RETR new")
    client.fetch("RETR new")

    assert client.says("STAT").split("\n")[-2] == " 7 bytes received, 14 bytes sent."


def test_transfers_are_logged_with_their_size_and_without_the_password(client: Client) -> None:
    client.store("STOR new", b"x" * 7)
    client.fetch("RETR new")
    log = client.served.log()

    assert "anna uploaded /new, 7 bytes." in log
    assert "anna downloaded /new, 7 bytes." in log
    assert "se cret" not in log


def test_commands_for_two_uploads_may_be_sent_at_once(client: Client) -> None:
    port = client.port()
    client.send("STOR one", "EPSV", "SIZE one")
    with socket.create_connection((client.served.host, port), 5) as data:
        data.sendall(b"one")

    assert client.replies(4) == ["150", "226", "229", "213"]
    with contextlib.suppress(FileNotFoundError):
        assert (client.served.root / "one").read_bytes() == b"one"
