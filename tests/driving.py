# SPDX-License-Identifier: GPL-3.0-or-later
"""A broker without a thread of its own: a test says when it takes its turn."""

from __future__ import annotations

import select
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from attaching import PLAIN

from ftpsd import events
from ftpsd.ports.serve import Broker
from ftpsd.wire.binding import BINDING, Attach
from ftpsd.wire.channel import Channel, Closed, Peer
from ftpsd.wire.message import Call, Reply
from ftpsd.wire.ports import PORTS, Listen

R = TypeVar("R", bound=Reply)

HERE, CLIENT, THIEF = "127.0.0.1", "127.0.0.2", "127.0.0.3"


class Driven:
    """A broker, what it is connected to by, and what it has kept and logged."""

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
