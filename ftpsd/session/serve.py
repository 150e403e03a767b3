# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection from its greeting to its end."""

from __future__ import annotations

import os
import socket
import sys
import time

from ftpsd import events, limits
from ftpsd.protocol import reply
from ftpsd.protocol.reply import Reply
from ftpsd.session.control import Control, Gone
from ftpsd.session.seal import Unsealed, seal
from ftpsd.session.session import Session
from ftpsd.session.verbs import answer
from ftpsd.wire.channel import Channel, Closed, Peer
from ftpsd.wire.helper import HELPER
from ftpsd.wire.message import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

HELPER_FD, CLIENT_FD = 0, 3
"""Where systemd puts them: standard input, and the first that socket activation passes."""

GREETING = b"220 FTP server ready.\r\n"
_ERRORS = range(500, 505)
_TOO_MANY = Reply(reply.SERVICE_UNAVAILABLE, "Too many errors.")
_TIMEOUT = Reply(reply.SERVICE_UNAVAILABLE, "Nothing heard for too long.")
_BROKEN = Reply(reply.SERVICE_UNAVAILABLE, "The server has lost a part of itself; connect again.")


def serve(session: Session) -> None:
    """Answer commands until the client leaves, is too slow, or makes too many mistakes."""
    while session.open:
        line = session.next_line()
        if line is None:
            session.end("time-out", _TIMEOUT)
            return
        said = answer(session, line)
        if said is None:
            continue
        session.control.send(said)
        wrong = said.code in _ERRORS or said.code == reply.NOT_LOGGED_IN
        session.errors = session.errors + 1 if wrong else 0
        if session.errors >= limits.CLIENT_ERRORS:
            session.end("too many errors", _TOO_MANY)


def connection(session: Session) -> None:
    """Serve, and log how it ended."""
    session.log(events.CONNECTED)
    try:
        serve(session)
    except Gone as reason:
        session.reason = str(reason)
    except (Closed, Malformed) as reason:
        # Worker, broker or helper was ended; only this session is concerned.
        session.end(f"a part of the server is gone: {reason}", _BROKEN)
    except Exception as error:
        session.log(events.BUG, process="session", reason=repr(error))
        session.end("a mistake in ftpsd", _BROKEN)
        raise
    finally:
        session.leave()
        session.log(
            events.ENDED,
            seconds=round(time.monotonic() - session.begun),
            reason=session.reason,
            received=session.received,
            sent=session.sent,
        )
        session.control.close()


def start(log: events.Log, tell: Callable[[str], object]) -> None:
    """Serve the client and the helper that systemd has connected."""
    try:
        control = Control(socket.socket(fileno=CLIENT_FD))
    except Gone:
        return
    log.shared.update(user="-", remote=control.remote)
    helper = Peer(Channel(socket.socket(fileno=HELPER_FD)), HELPER)

    def status(text: str) -> None:
        tell(f"STATUS={log.shared['user']} from {control.remote}: {text}")

    session = Session(control, helper, log, status)
    status("not logged in")
    connection(session)


def main() -> int:
    """Serve one client in the sandbox of ftpsd@.service, or refuse to."""
    from systemd._daemon import notify

    log = events.Log(events.to_journal())
    try:
        seal()
    except Unsealed as gap:
        log(events.SEALED_BADLY, reason=gap)
        os.write(CLIENT_FD, b"421 The server is not set up safely.\r\n")
        return 1
    os.write(CLIENT_FD, GREETING)
    start(log, notify)
    sys.stderr.flush()
    return 0
