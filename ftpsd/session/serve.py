# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection from its greeting to its end."""

from __future__ import annotations

import _socket
import time
from _signal import SIGTERM, signal

from ftpsd import limits
from ftpsd.events import BUG, Log
from ftpsd.protocol import reply
from ftpsd.protocol.reply import Reply, clean
from ftpsd.session import events
from ftpsd.session.control import Control, Gone, Stopped
from ftpsd.session.credentials import Credentials
from ftpsd.session.first import CLIENT_FD, HELPER_FD, IMPLICIT_PORT
from ftpsd.session.session import Session
from ftpsd.session.verbs import answer
from ftpsd.wire.channel import Channel, Closed, Peer
from ftpsd.wire.helper import HELPER, GetGreeting
from ftpsd.wire.message import Malformed, Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_GREETING = Reply(reply.SERVICE_READY, "FTP server ready.")
OPTIONAL = "default"
"""The greeting that need not be there: Greeting= names it where nobody has set it."""
_ERRORS = range(500, 505)
_STATUS_LETTERS, _STATUS_END = 800, 100
"""What is told of a longer status, and of that from its end: systemd drops 4096 bytes or more."""
_TOO_MANY = Reply(reply.SERVICE_UNAVAILABLE, "Too many errors.")
_TIMEOUT = Reply(reply.SERVICE_UNAVAILABLE, "Nothing heard for too long.")
_STOPPED = Reply(reply.SERVICE_UNAVAILABLE, "The server ends this session.")
_BROKEN = Reply(reply.SERVICE_UNAVAILABLE, "The server has lost a part of itself; connect again.")


def serve(session: Session) -> None:
    """Answer commands until the client leaves, is too slow, or makes too many mistakes."""
    while session.open:
        session.tell_waiting()
        line = session.next_line()
        if line is None:
            session.end("time-out", _TIMEOUT)
            return
        said = answer(session, line)
        if said is None:
            continue
        session.control.send(said)
        session.replied()
        wrong = said.code in _ERRORS or said.code == reply.NOT_LOGGED_IN
        session.errors = session.errors + 1 if wrong else 0
        if session.errors >= limits.CLIENT_ERRORS:
            session.end("too many errors", _TOO_MANY)


def connection(session: Session, *, greeted: bool) -> None:
    """Serve, and log how it ended."""
    try:
        greeted = greeted or greet(session)
        session.log(events.CONNECTED)
        if greeted:
            serve(session)
    except Stopped as reason:
        session.end(str(reason), _STOPPED)
    except Gone as reason:
        session.reason = str(reason)
    except (Closed, Malformed) as reason:
        # Worker, broker or helper was ended; only this session is concerned.
        session.end(f"a part of the server is gone: {reason}", _BROKEN)
    except Exception as error:
        session.log(BUG, process="session", reason=repr(error))
        session.end("a mistake in ftpsd", _BROKEN)
        raise
    finally:
        session.replied()
        session.leave()
        session.log(
            events.ENDED,
            seconds=round(time.monotonic() - session.begun),
            reason=session.reason,
            received=session.received,
            sent=session.sent,
        )
        session.control.close()


def greet(session: Session) -> bool:
    """Say hello, under TLS where it comes first. `False` if the client is not to be served."""
    lines = [clean(line) for line in _greeting(session)]
    if session.control.local_port == IMPLICIT_PORT:
        from ftpsd.session.commands import security

        if not security.prepare(session):
            session.end("no TLS")
            return False
        session.protect = session.protect_first = True
        if not security.begin(session):
            return False
    session.control.send(Reply(reply.SERVICE_READY, *lines) if lines else _GREETING)
    return True


def _greeting(session: Session) -> list[str]:
    """Give the lines that are for this client; none are the usual ones. Raise `Closed` and others.

    The helper is not asked where there is nothing to choose from, which costs time.
    """
    if not session.credentials.has_greetings:
        return []
    tls, control_fd = session.control.local_port == IMPLICIT_PORT, session.control.fileno()
    try:
        name = session.helper.ask(GetGreeting(tls=tls, control_fd=control_fd)).name
    except Refusal:
        return []
    try:
        return session.credentials.greeting(name)
    except OSError as error:
        if not (isinstance(error, FileNotFoundError) and name == OPTIONAL):
            session.log(events.GREETING_UNREADABLE, name=name, reason=error.strerror)
        return []


def start(
    log: Log,
    tell: Callable[[str], object],
    credentials: Credentials,
    *,
    greeted: bool,
    sealed: bool,
) -> None:
    """Serve the client and the helper that systemd has connected; `greeted` if it has its 220."""
    try:
        control = Control(_socket.socket(fileno=CLIENT_FD))
    except Gone:
        return
    log.shared.update(user="-", remote=control.remote)
    helper = Peer(Channel(_socket.socket(fileno=HELPER_FD)), HELPER)

    def status(text: str) -> None:
        # It is one line of UTF-8, whatever bytes a path in it has.
        shown = "".join(one if one.isprintable() else "?" for one in text)
        if len(shown) > _STATUS_LETTERS:
            shown = shown[: _STATUS_LETTERS - _STATUS_END] + "..." + shown[-_STATUS_END:]
        tell(f"STATUS={log.shared['user']} from {control.remote}: {shown}")

    session = Session(control, helper, log, status, credentials)
    session.sealed = sealed
    session.tell_waiting()
    signal(SIGTERM, control.stop)
    connection(session, greeted=greeted)
