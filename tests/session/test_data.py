# SPDX-License-Identifier: GPL-3.0-or-later
"""Where data connections come from and lead to, and to whom never."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

from served import SECONDS, Client, Served, everything


def hung_up(data: socket.socket) -> bool:
    with contextlib.suppress(ConnectionResetError):
        return everything(data) == b""
    return True


def test_a_second_pasv_closes_the_first_port(client: Client) -> None:
    first, second = client.port(), client.port()
    with socket.socket() as data:
        refused = data.connect_ex((client.served.host, first))
    with socket.create_connection((client.served.host, second), SECONDS) as data:
        client.send("NLST")

        assert refused
        assert everything(data) == b""
        assert client.replies(2) == ["150", "226"]


def test_a_second_pasv_closes_a_connection_that_was_made_to_the_first(client: Client) -> None:
    with client.passive() as first, client.passive() as second:
        client.send("NLST")

        assert hung_up(first)
        assert everything(second) == b""
        assert client.replies(2) == ["150", "226"]


def listening(served: Served) -> set[int]:
    """List the ports it listens to, and not what others listen to once it has left a port."""
    pids = served.processes()
    own = {os.readlink(one) for pid in pids for one in Path(f"/proc/{pid}/fd").iterdir()}
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, address, _, state, *_, inode = line.split()[:10]
        if state == "0A" and f"socket:[{inode}]" in own:
            found.add(int(address.partition(":")[2], 16))
    return found


def test_a_hundred_ports_in_a_row_leave_one_open(client: Client) -> None:
    before = listening(client.served)
    ports = [client.port() for _ in range(100)]

    assert listening(client.served) - before == {ports[-1]}


def test_the_data_connection_may_be_made_after_the_command(client: Client) -> None:
    port = client.port()
    client.send("NLST")
    with socket.create_connection((client.served.host, port), SECONDS) as data:
        assert everything(data) == b""
    assert client.replies(2) == ["150", "226"]


def test_somebody_else_is_turned_away_and_the_client_still_gets_in(client: Client) -> None:
    (client.served.root / "notes").write_bytes(b"hello")
    port = client.port()
    with socket.create_connection(
        (client.served.host, port), SECONDS, source_address=("127.0.0.2", 0)
    ) as stranger:
        assert hung_up(stranger)
    with socket.create_connection((client.served.host, port), SECONDS) as data:
        client.send("RETR notes")

        assert everything(data) == b"hello"
        assert client.replies(2) == ["150", "226"]
    assert "Refused a data connection from 127.0.0.2" in client.served.log()


def test_a_second_connection_to_the_port_gets_nothing(client: Client) -> None:
    (client.served.root / "notes").write_bytes(b"hello")
    address = (client.served.host, client.port())
    with socket.create_connection(address, SECONDS) as data:
        client.send("RETR notes")
        found = everything(data)
        with socket.socket() as late:
            refused = late.connect_ex(address)

    assert found == b"hello"
    assert refused
    assert client.replies(2) == ["150", "226"]


def active(client: Client, listener: socket.socket) -> str:
    return client.says(f"EPRT |1|127.0.0.1|{listener.getsockname()[1]}|")[:3]


def test_an_active_connection_that_is_refused_is_425_and_not_150(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert active(client, listener) == "200"

    assert client.says("LIST")[:3] == "425"


def test_the_last_of_port_and_pasv_counts(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)
        with client.passive() as first:
            assert active(client, listener) == "200"
            client.send("NLST")
            with listener.accept()[0] as data:
                data.settimeout(SECONDS)
                assert everything(data) == b""
            assert client.replies(2) == ["150", "226"]
            assert hung_up(first)
        assert active(client, listener) == "200"
        assert client.fetch("NLST") == b""


def test_an_active_connection_works_again_and_again(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)
        for _ in range(20):
            assert active(client, listener) == "200"
            client.send("NLST")
            with listener.accept()[0] as data:
                assert everything(data) == b""
            assert client.replies(2) == ["150", "226"]


def test_a_port_that_timed_out_is_425_and_the_next_works(impatient: Served) -> None:
    with Client(impatient) as client:
        client.login().port()
        client.send("LIST")
        first = client.reply()[:3]

        assert first == "425"
        assert client.codes("LIST") == ["425"]
        assert client.store("STOR new", b"x")[:3] == "226"


def test_one_session_cannot_use_the_port_of_another(served: Served, root: Path) -> None:
    (root / "notes").write_bytes(b"hello")
    with Client(served) as one, Client(served) as other:
        port = one.login().port()
        other.login()

        assert other.says("RETR notes")[:3] == "425"
        with socket.create_connection((served.host, port), SECONDS) as data:
            one.send("RETR notes")
            assert everything(data) == b"hello"
        assert one.replies(2) == ["150", "226"]
