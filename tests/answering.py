# SPDX-License-Identifier: GPL-3.0-or-later
"""One attempt of the helper's, asked by a test as if it was a session."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack

import pytest

from ftpsd import events
from ftpsd.helper.attempts import Asker, Book, Ledger
from ftpsd.helper.login import Conversation
from ftpsd.wire import helper
from ftpsd.wire.channel import Channel, Peer
from ftpsd.wire.helper import HELPER
from ftpsd.wire.message import Refusal, Secret


class Answering:
    """A conversation and everything around it; what it logs is in `said`."""

    def __init__(self, stack: ExitStack) -> None:
        self.said: list[tuple[str, ...]] = []
        theirs, near = socket.socketpair()
        near.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        ours, counts = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        spawner, self.spawner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for one in (counts, spawner, self.spawner):
            stack.enter_context(one)
        self.channel = Channel(theirs)
        self.near = Channel(near)
        stack.callback(self.channel.close)
        stack.callback(self.near.close)
        self.book = Book(Ledger(), ours)
        stack.callback(self.book.close, 0.0)
        log = events.Log(lambda *lines: self.said.append(lines))
        self.conversation = Conversation(self.near, Asker(counts), spawner, log)
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        stack.enter_context(socket.create_connection(listener.getsockname()))
        self.control = stack.enter_context(listener.accept()[0])

    def counting(self) -> threading.Thread:
        """Answer the questions of the attempt until it is over."""

        def answer() -> None:
            while self.book.answer(0.0):
                pass

        counting = threading.Thread(target=answer)
        counting.start()
        return counting

    def login(self, user: str = "anna") -> helper.Login:
        return helper.Login(
            user=user,
            password=Secret("x"),
            tls=True,
            certificate=None,
            host=None,
            control_fd=self.control.fileno(),
        )


def refused(answering: Answering, call: helper.Login) -> type[Refusal]:
    """Ask with the counts answered beside; give what the refusal is."""
    peer = Peer(answering.channel, HELPER)
    peer.send(call)
    counting = answering.counting()
    answering.conversation.answer()
    answering.conversation._asker._sock.shutdown(socket.SHUT_WR)
    counting.join()
    with pytest.raises(Refusal) as caught:
        peer.answer(helper.Login)
    return type(caught.value)


def failures(answering: Answering) -> int:
    """Give how many failures the address of the client has, once the attempt is over."""
    answering.book.close(0)
    return answering.book._ledger._failed.get(socket.inet_aton("127.0.0.1"), (0, 0.0))[0]
