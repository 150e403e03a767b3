# SPDX-License-Identifier: GPL-3.0-or-later
"""One process for all workers that may give their uploads away."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import stat
import threading
from typing import TYPE_CHECKING, Any, Final

from ftpsd import events, limits
from ftpsd.wire.binding import BINDING, SetOwner
from ftpsd.wire.channel import Channel, Closed, close_all, receive_call
from ftpsd.wire.codec import encode_refusal, encode_reply
from ftpsd.wire.gate import Gate, Rule
from ftpsd.wire.message import Call, Done, Malformed
from ftpsd.wire.owner import OWNER, Give, NotGiven

if TYPE_CHECKING:
    from collections.abc import Callable

    Keep = Callable[[str, int], object]

RULES: Final = (Rule(SetOwner, at_most=1), Rule(Give, after=SetOwner))
KNOWN: Final[dict[str, type[Call[Any]]]] = {**BINDING.calls, **OWNER.calls}
_GONE: Final = select.EPOLLHUP | select.EPOLLRDHUP | select.EPOLLERR
_HANGS: Final = "too many files of one user, whose file system does not answer"
_SPECIAL: Final = stat.S_ISUID | stat.S_ISGID
STORED: Final = "bound-"
"""How the names begin under which systemd keeps channels over a restart."""


def give(fd: int, uid: int, owner: int) -> None:
    """Make `owner` the owner of a file that belongs to `uid`. Raise `NotGiven`.

    A second name would be one that the first owner can still remove or hold on to; what is
    executed as its owner is nobody's to make for another.
    """
    try:
        status = os.fstat(fd)
        own = stat.S_ISREG(status.st_mode) and status.st_uid == uid and status.st_nlink <= 1
        if not own or status.st_mode & _SPECIAL:
            raise NotGiven(quota=False)
        os.fchown(fd, owner, -1)
    except OSError as error:
        raise NotGiven(quota=error.errno == errno.EDQUOT) from None


class Client:
    """One channel: to the helper at first, then to one worker."""

    def __init__(self, sock: socket.socket, keep: Keep, bound: str = "") -> None:
        """Serve `sock`; one kept over a restart is `bound` already, to what `name` gave."""
        self._keep = keep
        # For the journal: which process it was that broke the contract.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.channel = Channel(sock)
        self._gate = Gate(RULES, SetOwner) if bound else Gate(RULES)
        self.uid = self._owner = 0
        if bound:
            self.uid, self._owner = map(int, bound.removeprefix(STORED).split("-"))

    @property
    def name(self) -> str:
        """Give what it is bound to, for systemd to keep beside it (FDNAME=, sd_notify(3))."""
        return f"{STORED}{self.uid}-{self._owner}"

    def answer(self) -> None:
        """Answer one request. Raise `Malformed` or `Closed`."""
        request, oneway = receive_call(self.channel, KNOWN, 0.0)
        try:
            self._gate.admit(request)
            if oneway:
                raise Malformed("oneway")
            self._handle(request)
            self.channel.send(*encode_reply(Done()), seconds=0.0)
        except NotGiven as refusal:
            self.channel.send(encode_refusal(OWNER, refusal), [], seconds=0.0)
        finally:
            close_all(request.descriptors())

    def _handle(self, request: Call[Any]) -> None:
        if isinstance(request, SetOwner):
            if request.uid <= 0 or request.owner <= 0:
                raise Malformed("root")
            self.uid, self._owner = request.uid, request.owner
            self._gate.grant(SetOwner)
            self._keep(self.name, self.channel.fileno())
        elif isinstance(request, Give):
            give(request.file_fd, self.uid, self._owner)


class Owners:
    """All channels."""

    def __init__(self, listener: socket.socket, keep: Keep, log: events.Log) -> None:
        """Accept on `listener`; `keep` stores a bound channel over a restart."""
        self._listener, self._keep, self._log = listener, keep, log
        self._clients: dict[int, Client] = {}
        self._busy: set[Client] = set()
        self._epoll = select.epoll()
        self._epoll.register(listener, select.EPOLLIN)

    def turn(self) -> None:
        """Wait once, and handle what has happened."""
        # One at a time: a number in an event would mean another socket once its own is closed.
        for fd, event in self._epoll.poll(maxevents=1):
            if fd == self._listener.fileno():
                self._accept()
            else:
                self._look(self._clients[fd], event)

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        if len(self._clients) >= limits.CONNECTIONS:
            self._log(events.CROWDED, process="ftpsd-owner", reason="too many connections")
            sock.close()
            return
        self.adopt(sock)

    def adopt(self, sock: socket.socket, bound: str = "") -> None:
        """Serve one more channel."""
        client = self._clients[sock.fileno()] = Client(sock, self._keep, bound)
        self._expect(client)

    def _expect(self, client: Client) -> None:
        self._epoll.register(client.channel, select.EPOLLIN | select.EPOLLRDHUP)

    def _look(self, client: Client, event: int) -> None:
        self._epoll.unregister(client.channel)
        # Threads come and go meanwhile: a copy is made in one step.
        busy = sum(one.uid == client.uid for one in list(self._busy))
        if event & _GONE or busy >= limits.OWNER_BUSY:
            if not event & _GONE:
                self._log(events.CROWDED, process="ftpsd-owner", reason=_HANGS)
            self._leave(client)
            return
        # A user's own file system (FUSE) takes as long as it likes, even to close a file. It is
        # not to hold up others.
        self._busy.add(client)
        try:
            threading.Thread(target=self._answer, args=[client], daemon=True).start()
        except RuntimeError:
            # Those whose file systems hang have all there may be (TasksMax=): others' go on.
            self._log(events.CROWDED, process="ftpsd-owner", reason="no thread can be had")
            self._busy.discard(client)
            self._leave(client)

    def _answer(self, client: Client) -> None:
        goes_on = False
        try:
            client.answer()
            goes_on = True
        except Malformed as reason:
            pid = client.channel.sender_pid or "unknown"
            self._log(events.CONTRACT_BROKEN, pid=pid, reason=reason)
        except Closed:
            pass
        finally:
            # First: once it is expected again, it may be busy again.
            self._busy.discard(client)
            (self._expect if goes_on else self._leave)(client)

    def _leave(self, client: Client) -> None:
        del self._clients[client.channel.fileno()]
        # systemd has a duplicate until it notices, and the worker would not see this one close.
        with contextlib.suppress(OSError):
            client.channel.sock.shutdown(socket.SHUT_RDWR)
        client.channel.close()


def main() -> int:
    """Serve the socket that systemd passes."""
    from systemd.daemon import listen_fds_with_names, notify

    log = events.Log(events.to_journal())
    inherited = listen_fds_with_names()

    def keep(name: str, fd: int) -> None:
        notify(f"FDSTORE=1\nFDNAME={name}", fds=[fd])

    (listener,) = (fd for fd, name in inherited.items() if not name.startswith(STORED))
    owners = Owners(socket.socket(fileno=listener), keep, log)
    for fd, name in inherited.items():
        if name.startswith(STORED):
            owners.adopt(socket.socket(fileno=fd), name)
    notify("READY=1")
    log(events.READY, process="ftpsd-owner")
    while True:
        owners.turn()
