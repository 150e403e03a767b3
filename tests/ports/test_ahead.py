# SPDX-License-Identifier: GPL-3.0-or-later
"""With a data connection comes the port of the next, open already."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from driving import CLIENT, HERE, THIEF, Driven, all_turns, hung_up, listen, taken

from ftpsd import limits
from ftpsd.wire.channel import Peer
from ftpsd.wire.ports import Listen, NotOpened


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[Driven]:
    """Give a broker."""
    with ExitStack() as stack:
        yield Driven(tmp_path, stack)


def fetch(driven: Driven, peer: Peer, port: int) -> tuple[socket.socket, int | None]:
    """Connect as the client; give the connection as the session has it, and the next port."""
    data = socket.create_connection((HERE, port), source_address=(CLIENT, 0))
    driven.stack.enter_context(data)
    all_turns(driven)
    opened = peer.answer(Listen, 0.0)
    return driven.stack.enter_context(taken(opened.data_fd)), opened.port


def test_each_connection_brings_the_port_of_the_next(driven: Driven) -> None:
    peer = driven.attach()
    port: int | None = listen(driven, peer)[1]
    for _ in range(5):
        assert port
        sock, port = fetch(driven, peer, port)
        assert sock.getpeername()[0] == CLIENT


def test_the_port_of_the_next_is_for_the_client_alone(driven: Driven) -> None:
    peer = driven.attach()
    _, port = fetch(driven, peer, listen(driven, peer)[1])
    assert port
    with socket.create_connection((HERE, port), source_address=(THIEF, 0)) as thief:
        all_turns(driven)
        assert thief.recv(1) == b""

    assert fetch(driven, peer, port)[0].getpeername()[0] == CLIENT


def test_one_port_is_open_for_a_channel_at_most(driven: Driven) -> None:
    peer = driven.attach()
    _, ahead = fetch(driven, peer, listen(driven, peer)[1])
    peer.send(Listen())
    all_turns(driven)
    with pytest.raises(NotOpened) as refused:
        peer.answer(Listen, 0.0)
    told = peer.answer(Listen, 0.0).port

    assert refused.value.reason == "cancelled"
    assert ahead
    assert told not in (None, ahead)
    with socket.socket() as late:
        assert late.connect_ex((HERE, ahead))


def test_of_a_range_of_ports_none_is_open_before_it_is_asked_for(driven: Driven) -> None:
    with socket.create_server((HERE, 0)) as free:
        port = free.getsockname()[1]
    peer = driven.attach(first_port=port, last_port=port)

    assert fetch(driven, peer, listen(driven, peer)[1])[1] is None


def test_a_port_that_nobody_is_told_is_closed_in_the_end(
    driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = driven.attach()
    monkeypatch.setattr(limits, "LEASE_SECONDS", -1_000_000)
    _, port = fetch(driven, peer, listen(driven, peer)[1])
    all_turns(driven)
    with pytest.raises(NotOpened) as refused:
        peer.answer(Listen, 0.0)

    assert refused.value.reason == "timeout"
    assert port
    with socket.socket() as late:
        assert late.connect_ex((HERE, port))
    assert not hung_up(peer)
