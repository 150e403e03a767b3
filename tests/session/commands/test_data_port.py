# SPDX-License-Identifier: GPL-3.0-or-later
"""Data ports over IPv6."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from served import SECONDS, Client, Served, everything, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def six(tmp_path: Path) -> Iterator[Client]:
    (tmp_path / "root").mkdir()
    with (
        serving(tmp_path / "root", tmp_path / "log", "--address", "::1") as served,
        Client(served) as client,
    ):
        yield client.login()

        assert client.in_step()


def test_extended_passive_works_over_ipv6(six: Client) -> None:
    assert six.store("STOR new", b"hello")[:3] == "226"
    assert six.fetch("RETR new") == b"hello"


def test_extended_active_works_over_ipv6(six: Client) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        listener.settimeout(SECONDS)
        assert six.says(f"EPRT |2|::1|{listener.getsockname()[1]}|")[:3] == "200"
        six.send("NLST")
        with listener.accept()[0] as data:
            assert everything(data) == b""
    assert six.replies(2) == ["150", "226"]


def test_what_is_for_ipv4_is_refused_over_ipv6(six: Client) -> None:
    commands = ("PASV", "PORT 127,0,0,1,200,10", "EPRT |1|127.0.0.1|50000|", "EPSV 1", "EPSV 2")

    assert six.codes(*commands) == ["425", "501", "522", "522", "229"]


def test_a_third_party_is_refused_over_ipv6(six: Client) -> None:
    assert six.codes("EPRT |2|2001:db8::1|50000|", "EPRT |2|::1|25|") == ["501", "501"]


def test_the_address_is_shown_as_it_is(six: Client) -> None:
    assert six.says("STAT").split("\n")[1] == " Connected from ::1."


def test_a_port_of_ipv4_is_where_the_client_came_to(client: Client, served: Served) -> None:
    reply = client.says("PASV")

    assert served.host == "127.0.0.1"
    assert reply.startswith("227 Entering Passive Mode (127,0,0,1,")
