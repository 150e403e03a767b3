# SPDX-License-Identifier: GPL-3.0-or-later
"""One process for all sessions: waits for requests, for clients to connect, for time to pass."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from typing import TYPE_CHECKING, Any, Final

from ftpsd import events, limits
from ftpsd.ports import sockets
from ftpsd.ports.binding import STORED, Binding, attached, restored
from ftpsd.wire.binding import BINDING, Attach
from ftpsd.wire.channel import NO_DESCRIPTORS, Channel, Closed, close_all, receive_call
from ftpsd.wire.codec import encode_refusal, encode_reply
from ftpsd.wire.gate import Gate, Rule
from ftpsd.wire.message import Call, Done, Malformed, Reply
from ftpsd.wire.ports import PORTS, Connect, Connected, Listen, NotOpened, Opened

if TYPE_CHECKING:
    from collections.abc import Callable

RULES: Final = (
    Rule(Attach, at_most=1),
    Rule(Listen, after=Attach),
    Rule(Connect, after=Attach),
)
KNOWN: Final[dict[str, type[Call[Any]]]] = {**BINDING.calls, **PORTS.calls}
_SWEEP_SECONDS: Final = 0.2
_SO_PASSRIGHTS: Final = 83
_GONE: Final = select.EPOLLHUP | select.EPOLLRDHUP | select.EPOLLERR


class Pending:
    """A socket that is not yet connected, and until when it is waited for."""

    __slots__ = ("deadline", "listening", "sock")

    def __init__(self, sock: socket.socket, seconds: int, *, listening: bool) -> None:
        """Wait `seconds` for `sock`."""
        self.sock = sock
        self.deadline = time.monotonic() + seconds
        self.listening = listening


class Client:
    """One channel: to the helper at first, then to one session."""

    def __init__(self, sock: socket.socket, binding: Binding | None = None) -> None:
        """Serve `sock`; one kept over a restart is bound already."""
        self.channel = Channel(sock)
        self.gate = Gate(RULES, Attach) if binding else Gate(RULES)
        self.pending: Pending | None = None
        self.binding: Binding | None = None
        if binding is not None:
            self.bind(binding)

    def bind(self, binding: Binding) -> None:
        """Serve a session from now on, which has no descriptor to pass.

        One of its user's own file system (FUSE) would hold up all others, if it were closed here.
        """
        self.binding = binding
        self.channel.room = NO_DESCRIPTORS
        # Since Linux 6.16 it is told so as it tries.
        with contextlib.suppress(OSError):
            self.channel.sock.setsockopt(socket.SOL_SOCKET, _SO_PASSRIGHTS, 0)

    def reply(self, reply: Reply, *, continues: bool = False) -> None:
        """Send an answer. Raise `Closed` for a session that does not read."""
        self.channel.send(*encode_reply(reply, continues=continues), seconds=0.0)

    def refuse(self, refusal: NotOpened) -> None:
        """Send a refusal, as `reply` does."""
        self.channel.send(encode_refusal(PORTS, refusal), [], seconds=0.0)


class Broker:
    """All channels and what they wait for."""

    def __init__(
        self, listener: socket.socket, keep: Callable[[str, int], object], log: events.Log
    ) -> None:
        """Accept on `listener`; `keep` stores a bound channel over a restart."""
        self._listener, self._keep, self._log = listener, keep, log
        self._clients: dict[int, Client] = {}
        self._waiting: dict[int, Client] = {}
        self._due = 0.0
        self._epoll = select.epoll()
        self._epoll.register(listener, select.EPOLLIN)

    def adopt(self, sock: socket.socket, binding: Binding | None = None) -> None:
        """Serve one more channel."""
        # For the journal: which process it was that broke the contract.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        client = self._clients[sock.fileno()] = Client(sock, binding)
        self._epoll.register(sock, select.EPOLLIN | select.EPOLLRDHUP)
        if binding is not None:
            # Whatever this session waited for went with the process before.
            self._guard(client, lambda one: one.refuse(NotOpened(reason="cancelled")))

    def serve(self) -> None:
        """Work for ever."""
        while True:
            self.turn()

    def turn(self) -> None:
        """Wait once, and handle what has happened."""
        wait = max(0.0, self._due - time.monotonic()) if self._waiting else None
        # One at a time: a number in an event would mean another socket once its own is closed.
        for fd, event in self._epoll.poll(wait, 1):
            if fd == self._listener.fileno():
                self._accept()
            elif fd in self._waiting:
                self._guard(self._waiting[fd], self._advance)
            elif fd in self._clients:
                client = self._clients[fd]
                self._guard(client, self._leave if event & _GONE else self._request)
        if self._waiting and (now := time.monotonic()) >= self._due:
            self._expire_all(now)

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        if len(self._clients) >= limits.CONNECTIONS:
            self._log(events.CROWDED, process="ftpsd-ports", reason="too many connections")
            sock.close()
        else:
            self.adopt(sock)

    def _guard(self, client: Client, act: Callable[[Client], None]) -> None:
        """Do something for one channel; whatever is wrong with it ends it alone."""
        try:
            act(client)
        except Malformed as reason:
            binding = client.binding
            self._log(
                events.CONTRACT_BROKEN,
                pid=client.channel.sender_pid or "unknown",
                reason=reason,
                remote=binding.remote.text if binding else "unknown",
            )
            self._leave(client)
        except Closed:
            self._leave(client)

    def _leave(self, client: Client) -> None:
        self._give_up(client)
        del self._clients[client.channel.fileno()]
        self._epoll.unregister(client.channel)
        # systemd has a duplicate until it notices, and the session would not see this one close.
        try:
            client.channel.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        client.channel.close()

    def _request(self, client: Client) -> None:
        request, oneway = receive_call(client.channel, KNOWN, 0.0)
        try:
            client.gate.admit(request)
            if oneway:
                raise Malformed("oneway")
            if client.pending is not None:
                self._give_up(client)
                client.refuse(NotOpened(reason="cancelled"))
            self._handle(client, request)
        except NotOpened as refusal:
            client.refuse(refusal)
        finally:
            close_all(request.descriptors())

    def _handle(self, client: Client, request: Call[Any]) -> None:
        if isinstance(request, Attach):
            bound = attached(request)
            client.bind(bound)
            client.gate.grant(Attach)
            self._keep(bound.name, client.channel.fileno())
            client.reply(Done())
            return
        binding = client.binding
        assert binding is not None  # the gate lets nothing else pass before Attach
        if isinstance(request, Listen):
            listener = sockets.listen(binding)
            port: int = listener.getsockname()[1]
            self._wait(client, Pending(listener, binding.seconds, listening=True))
            client.reply(Opened(host=binding.local.text, port=port), continues=True)
        elif isinstance(request, Connect):
            sock = sockets.connect(binding, request.host, request.port)
            self._wait(client, Pending(sock, binding.seconds, listening=False))

    def _wait(self, client: Client, pending: Pending) -> None:
        client.pending = pending
        self._due = min(self._due, pending.deadline) if self._waiting else pending.deadline
        self._waiting[pending.sock.fileno()] = client
        self._epoll.register(pending.sock, select.EPOLLIN if pending.listening else select.EPOLLOUT)

    def _give_up(self, client: Client) -> None:
        """Close what a channel waits for. Nobody is told here."""
        pending, client.pending = client.pending, None
        if pending is not None:
            self._epoll.unregister(pending.sock)
            del self._waiting[pending.sock.fileno()]
            pending.sock.close()

    def _expire_all(self, now: float) -> None:
        for client in list(self._waiting.values()):
            if client.pending and client.pending.deadline <= now:
                self._guard(client, self._expire)
        left = [one.pending.deadline for one in self._waiting.values() if one.pending]
        # Looking at all of them costs as much as they are many: not for every one that ends.
        self._due = max(min(left, default=now), now + _SWEEP_SECONDS)

    def _expire(self, client: Client) -> None:
        self._give_up(client)
        client.refuse(NotOpened(reason="timeout"))

    def _advance(self, client: Client) -> None:
        """Somebody has connected, or a connection is made or refused."""
        pending, binding = client.pending, client.binding
        assert pending is not None
        assert binding is not None
        if not pending.listening:
            self._connected(client, pending.sock)
            return
        sock, foreign = sockets.accept(pending.sock, binding)
        if sock is not None:
            with sock:
                self._give_up(client)
                client.reply(Opened(data_fd=sock.fileno()))
        elif foreign:
            self._log(events.FOREIGN_DATA, foreign=foreign, remote=binding.remote.text)

    def _connected(self, client: Client, sock: socket.socket) -> None:
        if not sockets.connected(sock):
            self._give_up(client)
            client.refuse(NotOpened(reason="unreachable"))
            return
        client.reply(Connected(data_fd=sock.fileno()))
        self._give_up(client)


def main() -> int:
    """Serve the sockets that systemd passes."""
    from systemd.daemon import listen_fds_with_names, notify

    log = events.Log(events.to_journal())
    inherited = listen_fds_with_names()

    def keep(name: str, fd: int) -> None:
        notify(f"FDSTORE=1\nFDNAME={name}", fds=[fd])

    (listener,) = (fd for fd, name in inherited.items() if not name.startswith(STORED))
    broker = Broker(socket.socket(fileno=listener), keep, log)
    for fd, name in inherited.items():
        if name.startswith(STORED):
            broker.adopt(socket.socket(fileno=fd), restored(name))
    notify("READY=1")
    log(events.READY, process="ftpsd-ports")
    broker.serve()
    return 1
