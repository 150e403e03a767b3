# SPDX-License-Identifier: GPL-3.0-or-later
"""The broker serves many sessions at once, and nothing one of them does concerns another."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import pytest
from attaching import PLAIN, attach_again

from ftpsd import events, limits
from ftpsd.ports.binding import restored
from ftpsd.ports.serve import Broker
from ftpsd.wire.binding import BINDING, Attach
from ftpsd.wire.channel import Channel, Closed, Peer, close_all
from ftpsd.wire.codec import encode_call
from ftpsd.wire.message import Call, Reply
from ftpsd.wire.ports import PORTS, Connect, Listen, NotOpened

R = TypeVar("R", bound=Reply)

HERE, CLIENT, THIEF = "127.0.0.1", "127.0.0.2", "127.0.0.3"


class Driven:
    """A broker, and what it has kept and logged; a test says when it takes its turn."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.stack = stack
        self.kept: list[str] = []
        self.said: list[str] = []
        self.listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        self._path = str(path / "broker")
        self.listener.bind(self._path)
        self.listener.listen()
        log = events.Log(lambda *lines: self.said.append(lines[0]))
        self.broker = Broker(self.listener, lambda name, _: self.kept.append(name), log)
        stack.callback(self._end)

    def _end(self) -> None:
        for client in list(self.broker._clients.values()):
            self.broker._leave(client)
        self.broker._epoll.close()

    def connect(self) -> Peer:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(self._path)
        peer = Peer(Channel(sock), PORTS)
        self.stack.callback(peer.close)
        self.broker.turn()
        return peer

    def control(self) -> socket.socket:
        """Make a control connection; give the server's end."""
        listener = self.stack.enter_context(socket.create_server((HERE, 0)))
        client = socket.create_connection(listener.getsockname(), source_address=(CLIENT, 0))
        self.stack.enter_context(client)
        return self.stack.enter_context(listener.accept()[0])

    def attach(self, **wanted: int) -> Peer:
        """Give a channel bound to a control connection."""
        peer, control = self.connect(), self.control()
        call = Attach(control_fd=control.fileno(), **PLAIN | wanted)
        ask(self, Peer(peer.channel, BINDING), call)
        return peer


def ask(driven: Driven, peer: Peer, call: Call[R]) -> R:
    """Ask, let the broker take its turn, give its first answer."""
    peer.send(call)
    driven.broker.turn()
    return peer.answer(type(call), 0.0)


def listen(driven: Driven, peer: Peer) -> tuple[str, int]:
    opened = ask(driven, peer, Listen())
    assert opened.host is not None
    assert opened.port is not None
    assert opened.data_fd is None
    return opened.host, opened.port


def all_turns(driven: Driven) -> None:
    while select.select([driven.broker._epoll], [], [], 0)[0]:
        driven.broker.turn()


def taken(fd: int | None) -> socket.socket:
    assert fd is not None
    return socket.socket(fileno=fd)


def hung_up(peer: Peer) -> bool:
    try:
        peer.channel.receive(0.0)
    except Closed as reason:
        return "in time" not in str(reason)
    return False


def full(stack: ExitStack) -> int:
    """Give a port of the client's where a connection is neither made nor refused."""
    listener = stack.enter_context(socket.socket())
    listener.bind((CLIENT, 0))
    listener.listen(0)
    where = listener.getsockname()
    for _ in range(2):
        sock = stack.enter_context(socket.socket())
        sock.setblocking(False)
        sock.connect_ex(where)
    return int(where[1])


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[Driven]:
    """Give a broker; whatever it was asked, no descriptor may be left."""
    before = len(os.listdir("/proc/self/fd"))
    with ExitStack() as stack:
        yield Driven(tmp_path, stack)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_bound_channel_is_kept_over_a_restart(driven: Driven) -> None:
    driven.attach(first_port=50000, last_port=50009, seconds=7)
    (name,) = driven.kept
    binding = restored(name)
    assert (binding.local.text, binding.remote.text) == (HERE, CLIENT)
    assert (binding.first_port, binding.last_port, binding.seconds) == (50000, 50009, 7)


def test_a_restored_channel_is_bound_already_and_not_anew(driven: Driven) -> None:
    driven.attach()
    ours, theirs = socket.socketpair()
    driven.stack.callback((peer := Peer(Channel(ours), PORTS)).close)
    driven.broker.adopt(theirs, restored(driven.kept[0]))
    with pytest.raises(NotOpened):
        peer.answer(Listen)
    assert listen(driven, peer)[0] == HERE
    attach_again(peer, driven.control().fileno(), driven.broker.turn)
    assert hung_up(peer)


@pytest.mark.parametrize("call", [Listen(), Connect(host=CLIENT, port=5000)])
def test_nothing_is_opened_for_a_channel_that_is_not_bound(
    driven: Driven, call: Listen | Connect
) -> None:
    peer = driven.connect()
    peer.send(call)
    driven.broker.turn()

    assert hung_up(peer)
    assert driven.said == [f"MESSAGE=Closed a channel from process {os.getpid()}: out of turn."]


def test_a_channel_is_bound_once(driven: Driven) -> None:
    peer = driven.attach()
    attach_again(peer, driven.control().fileno(), driven.broker.turn)

    assert hung_up(peer)
    assert len(driven.kept) == 1


def test_a_channel_is_bound_to_a_control_connection_only(driven: Driven) -> None:
    peer = driven.connect()
    sock = driven.stack.enter_context(socket.socket())
    Peer(peer.channel, BINDING).send(Attach(control_fd=sock.fileno(), **PLAIN))
    driven.broker.turn()

    assert hung_up(peer)
    assert driven.kept == []


def test_a_connection_of_the_client_is_handed_over(driven: Driven) -> None:
    peer = driven.attach()
    where = listen(driven, peer)
    with socket.create_connection(where, source_address=(CLIENT, 0)) as client:
        driven.broker.turn()
        with taken(peer.answer(Listen, 0.0).data_fd) as sock:
            client.sendall(b"hello")
            assert sock.recv(5) == b"hello"
            assert sock.getpeername() == client.getsockname()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(where)


def test_someone_else_is_turned_away_and_the_client_still_waited_for(driven: Driven) -> None:
    peer = driven.attach()
    where = listen(driven, peer)
    with socket.create_connection(where, 5, source_address=(THIEF, 0)) as thief:
        driven.broker.turn()
        assert thief.recv(1) == b""
    with socket.create_connection(where, source_address=(CLIENT, 0)):
        driven.broker.turn()
        taken(peer.answer(Listen, 0.0).data_fd).close()

    assert driven.said == [
        f"MESSAGE=Refused a data connection from {THIEF} meant for {CLIENT}.",
    ]


def test_a_range_that_is_used_up_is_refused_and_the_channel_goes_on(driven: Driven) -> None:
    with socket.create_server((HERE, 0)) as used:
        port = used.getsockname()[1]
        peer = driven.attach(first_port=port, last_port=port)
        with pytest.raises(NotOpened) as refused:
            listen(driven, peer)
    assert refused.value.reason == "exhausted"

    assert listen(driven, peer)[1] == port


@pytest.mark.parametrize("second", [Listen(), Connect(host=THIEF, port=5000)])
def test_asking_again_gives_up_what_was_waited_for(
    driven: Driven, second: Listen | Connect
) -> None:
    peer = driven.attach()
    where = listen(driven, peer)
    peer.send(second)
    driven.broker.turn()
    with pytest.raises(NotOpened) as refused:
        peer.answer(Listen, 0.0)
    assert refused.value.reason == "cancelled"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(where)


def test_a_connection_to_the_client_is_handed_over(driven: Driven) -> None:
    peer = driven.attach()
    with socket.create_server((CLIENT, 0)) as client:
        peer.send(Connect(host=CLIENT, port=client.getsockname()[1]))
        driven.broker.turn()
        with client.accept()[0] as got:
            driven.broker.turn()
            with taken(peer.answer(Connect, 0.0).data_fd) as sock:
                sock.sendall(b"hello")
                assert got.recv(5) == b"hello"


@pytest.mark.parametrize(
    ("host", "port", "why"),
    [(THIEF, 5000, "foreign"), (CLIENT, 22, "privileged"), ("nobody", 5000, "unsupported")],
)
def test_a_connection_to_anyone_else_is_refused(
    driven: Driven, host: str, port: int, why: str
) -> None:
    peer = driven.attach()
    with pytest.raises(NotOpened) as refused:
        ask(driven, peer, Connect(host=host, port=port))

    assert refused.value.reason == why
    assert listen(driven, peer)


def test_a_client_that_refuses_is_unreachable(driven: Driven) -> None:
    peer = driven.attach()
    with socket.create_server((CLIENT, 0)) as client:
        port = client.getsockname()[1]
    peer.send(Connect(host=CLIENT, port=port))
    driven.broker.turn()
    if not select.select([peer.channel], [], [], 0)[0]:
        driven.broker.turn()
    with pytest.raises(NotOpened) as refused:
        peer.answer(Connect, 0.0)

    assert refused.value.reason == "unreachable"


def test_who_does_not_come_in_time_is_given_up(driven: Driven) -> None:
    peer = driven.attach(seconds=1)
    where = listen(driven, peer)
    while not select.select([peer.channel], [], [], 0)[0]:
        driven.broker.turn()
    with pytest.raises(NotOpened) as refused:
        peer.answer(Listen, 0.0)

    assert refused.value.reason == "timeout"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(where)


def test_a_session_that_is_gone_leaves_nothing(driven: Driven) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for call in (Listen(), Connect(host=CLIENT, port=full(driven.stack))):
        peer = driven.attach()
        used = len(os.listdir("/proc/self/fd"))
        peer.send(call)
        driven.broker.turn()
        assert len(os.listdir("/proc/self/fd")) == used + 1
        peer.close()
        driven.broker.turn()

    assert (driven.broker._clients, driven.broker._waiting) == ({}, {})
    assert len(os.listdir("/proc/self/fd")) >= before


@pytest.mark.parametrize("gone", ["before it is accepted", "before it is refused"])
def test_a_session_that_is_gone_before_its_answer_leaves_nothing(driven: Driven, gone: str) -> None:
    peer = driven.attach(seconds=1)
    where = listen(driven, peer)
    peer.channel.sock.shutdown(socket.SHUT_RD)
    if gone == "before it is accepted":
        driven.stack.enter_context(socket.create_connection(where, source_address=(CLIENT, 0)))
    while driven.broker._clients:
        driven.broker.turn()

    assert driven.broker._waiting == {}


@pytest.mark.parametrize(
    "data",
    [
        b"{}\0",
        b"{",
        b"\0",
        encode_call(PORTS, Listen())[0] * 2,
        b'{"method":"org.ftpsd.Ports.Listen","more":true,"parameters":{"x":1}}\0',
        b'{"method":"org.ftpsd.Ports.Connect","oneway":true,"parameters":'
        b'{"host":"127.0.0.2","port":5000}}\0',
        b"x" * 70_000,
    ],
)
def test_what_breaks_the_contract_ends_its_own_channel(driven: Driven, data: bytes) -> None:
    honest, liar = driven.attach(), driven.attach()
    liar.channel.send(data, [])
    driven.broker.turn()

    assert hung_up(liar)
    assert listen(driven, honest)


def test_a_session_that_does_not_read_is_given_up(driven: Driven) -> None:
    peer = driven.attach()
    client = next(iter(driven.broker._clients.values()))
    client.channel.sock.setblocking(False)
    while True:
        try:
            client.channel.sock.send(b"x" * 1000)
        except BlockingIOError:
            break
    peer.send(Listen())
    driven.broker.turn()

    assert driven.broker._clients == {}


def test_channels_beyond_the_bound_are_closed(
    driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS", 1)
    first, second = driven.attach(), driven.connect()

    assert hung_up(second)
    assert listen(driven, first)
    assert driven.said == ["MESSAGE=ftpsd-ports refused a session: too many connections."]


def test_who_hangs_up_before_being_accepted_is_nobody(driven: Driven) -> None:
    driven.listener.setblocking(False)
    driven.broker._accept()

    assert driven.broker._clients == {}


def test_only_connected_sockets_are_handed_over(driven: Driven) -> None:
    """What was waited for is replaced in the same turn in which it became ready."""
    peer = driven.attach()
    where = listen(driven, peer)
    peer.send(Connect(host=CLIENT, port=full(driven.stack)))
    driven.stack.enter_context(socket.create_connection(where, source_address=(CLIENT, 0)))
    all_turns(driven)
    with pytest.raises(NotOpened):
        peer.answer(Listen, 0.0)
    with pytest.raises(Closed, match="in time"):
        close_all(peer.answer(Connect, 0.0).descriptors())


def test_what_becomes_ready_as_its_channel_ends_does_not_end_another(driven: Driven) -> None:
    """The kernel gives a number again as soon as it is free."""
    placeholder = os.dup(0)
    gone = driven.attach()
    os.close(placeholder)
    where = listen(driven, gone)
    gone.close()
    sock = driven.stack.enter_context(socket.socket(socket.AF_UNIX))
    sock.connect(driven._path)
    driven.stack.enter_context(socket.create_connection(where, source_address=(CLIENT, 0)))
    all_turns(driven)

    assert len(driven.broker._clients) == 1
    assert not select.select([sock], [], [], 0)[0]
