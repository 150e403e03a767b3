# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that lives on: accepts sessions, forks a child for each request, counts attempts.

It reads no byte a session sends. So nothing a session sends can be wrong for it, and no password
is ever in its memory.
"""

from __future__ import annotations

import collections
import contextlib
import gc
import os
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from typing import TYPE_CHECKING, Final

from ftpsd import events, limits
from ftpsd.helper.attempts import ANSWERED, Asker, Book, Ledger
from ftpsd.helper.login import Conversation
from ftpsd.wire.channel import Channel, Closed
from ftpsd.wire.message import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable

    Notify = Callable[..., bool]

_GONE: Final = select.EPOLLHUP | select.EPOLLRDHUP | select.EPOLLERR
STORED: Final = "session"
"""The name under which systemd keeps the connections of sessions over a restart."""


class Session:
    """The connection of one session."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over the accepted `sock`."""
        self.sock = sock
        self.asked = 0
        # Who sends a request is asked of the kernel; systemd made the connection, as root.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)


class Helper:
    """All sessions, and the attempts under way."""

    def __init__(
        self, listener: socket.socket, spawner: socket.socket, notify: Notify, log: events.Log
    ) -> None:
        """Accept on `listener`; let `spawner` start workers; tell systemd by `notify`."""
        self._listener, self._spawner = listener, spawner
        self._notify, self._log = notify, log
        self._ledger = Ledger()
        self.forgive = self._ledger.forgive
        self._sessions: dict[int, Session] = {}
        self._attempts: dict[int, tuple[Book, Session]] = {}
        self._lasting: dict[int, tuple[bytes, ...]] = {}
        self._waiting: collections.deque[Session] = collections.deque()
        self._epoll = select.epoll()
        self._epoll.register(listener, select.EPOLLIN)
        self._epoll.register(spawner, select.EPOLLRDHUP)

    def adopt(self, sock: socket.socket) -> None:
        """Go on with a session whose connection was kept over a restart."""
        session = Session(sock)
        self._sessions[sock.fileno()] = session
        self._epoll.register(sock, select.EPOLLIN | select.EPOLLRDHUP)

    def serve(self) -> None:
        """Work until the spawner is gone; nobody can log in then, and systemd starts both."""
        while True:
            # One at a time: a number in an event would mean another socket once its own is closed.
            for fd, event in self._epoll.poll(maxevents=1):
                if fd == self._listener.fileno():
                    self._accept()
                elif fd == self._spawner.fileno():
                    return
                elif fd in self._attempts:
                    self._hear(fd)
                elif fd in self._lasting:
                    self._ended(fd)
                elif fd in self._sessions:
                    self._look(self._sessions[fd], event)

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        if len(self._sessions) >= limits.CONNECTIONS:
            self._log(events.CROWDED, process="ftpsd-helper", reason="too many connections")
            sock.close()
            return
        self._notify(f"FDSTORE=1\nFDNAME={STORED}", fds=[sock.fileno()])
        self.adopt(sock)

    def _look(self, session: Session, event: int) -> None:
        """Handle that a session has sent something, or is gone."""
        session.asked += 1
        if session.asked > limits.REQUESTS and not event & _GONE:
            self._log(events.CROWDED, process="ftpsd-helper", reason="it is asked too often")
        if event & _GONE or session.asked > limits.REQUESTS:
            self._forget(session)
            return
        self._epoll.unregister(session.sock)
        self._waiting.append(session)
        self._fork_waiting()

    def _fork_waiting(self) -> None:
        working = sum(book.working for book, _ in self._attempts.values())
        for _ in range(min(len(self._waiting), limits.ATTEMPTS_AT_ONCE - working)):
            self._fork(self._waiting.popleft())

    def _forget(self, session: Session) -> None:
        del self._sessions[session.sock.fileno()]
        self._epoll.unregister(session.sock)
        # systemd has a duplicate until it notices, and the session would not see this one close.
        with contextlib.suppress(OSError):
            session.sock.shutdown(socket.SHUT_RDWR)
        session.sock.close()

    def _fork(self, session: Session) -> None:
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            child = os.fork() == 0
        except OSError as error:
            # There may be processes again when the next one asks.
            self._log(events.NO_PROCESS, process="ftpsd-helper", reason=error.strerror)
            self._epoll.register(session.sock)
            self._forget(session)
            return
        if child:
            # With it open here, this end would never hear that the helper is gone.
            ours.close()
            self._let_go(session)
            _attempt(session, theirs, self._spawner, self._log)
        theirs.close()
        self._attempts[ours.fileno()] = Book(self._ledger, ours), session
        self._epoll.register(ours, select.EPOLLIN | select.EPOLLRDHUP)

    def _let_go(self, kept: Session) -> None:
        """In a child: close what belongs to other sessions."""
        self._epoll.close()
        self._listener.close()
        for book, _ in self._attempts.values():
            book.sock.close()
        for session in self._sessions.values():
            if session is not kept:
                session.sock.close()
        for fd in self._lasting:
            os.close(fd)

    def _hear(self, fd: int) -> None:
        """Handle that an attempt asks something, or is over."""
        book, session = self._attempts[fd]
        now = time.monotonic()
        goes_on = False
        with contextlib.suppress(OSError):
            goes_on = book.answer(now)
        if book.lasting is not None:
            (over, counted), book.lasting = book.lasting, None
            self._lasting[over] = counted
            # That its other end is closed is told without being asked for.
            self._epoll.register(over, 0)
        if not goes_on:
            del self._attempts[fd]
            self._epoll.unregister(fd)
            book.close(now)
            self._epoll.register(session.sock, select.EPOLLIN | select.EPOLLRDHUP)
            if not book.answered:
                # It died over the request (a module of PAM may crash): nobody else will answer.
                self._forget(session)
        self._fork_waiting()

    def _ended(self, fd: int) -> None:
        """Handle that the worker of a session is gone."""
        self._ledger.release(self._lasting.pop(fd))
        self._epoll.unregister(fd)
        os.close(fd)


def _attempt(
    session: Session, counts: socket.socket, spawner: socket.socket, log: events.Log
) -> None:
    """Answer one request in this new process, and end it."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # A module of PAM may hang for ever; the session gives up at the same time.
        signal.alarm(int(limits.LOGIN_SECONDS))
        channel, asker = Channel(session.sock), Asker(counts)
        conversation = Conversation(channel, asker, spawner, log)
        try:
            conversation.answer()
        except (Malformed, Closed) as reason:
            if isinstance(reason, Malformed):
                pid = channel.sender_pid
                log(events.CONTRACT_BROKEN, pid, pid=pid or "unknown", reason=reason)
            # For the helper's own copy too: nothing of this session is believed any more.
            session.sock.shutdown(socket.SHUT_RDWR)
        asker.settle(ANSWERED)
        counts.close()
        spawner.close()
        signal.alarm(0)
        conversation.hold()
        status = 0
    except Exception as error:  # noqa: BLE001 - the end of a process
        log(events.BUG, process="helper", reason=repr(error))
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def start_spawner(command: list[str]) -> socket.socket:
    """Start the spawner by exec, so that it shares no memory with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # Its command line is of this program itself; nothing a session sends is in it.
    subprocess.Popen(command, stdin=theirs.fileno(), start_new_session=True)  # noqa: S603
    theirs.close()
    return ours


def main(spawner: list[str]) -> int:
    """Serve the sockets that systemd passes; `spawner` is the command that starts the spawner."""
    from systemd.daemon import listen_fds_with_names, notify

    log = events.Log(events.to_journal())
    inherited = listen_fds_with_names()
    workers = start_spawner(spawner)

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listeners = [fd for fd, name in inherited.items() if name != STORED]
    helper = Helper(socket.socket(fileno=listeners[0]), workers, notify, log)
    signal.signal(signal.SIGHUP, helper.forgive)
    for fd, name in inherited.items():
        if name == STORED:
            helper.adopt(socket.socket(fileno=fd))
    gc.freeze()
    notify("READY=1")
    log(events.READY, process="ftpsd-helper")
    helper.serve()
    return 1
