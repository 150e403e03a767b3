# SPDX-License-Identifier: GPL-3.0-or-later
"""What one connection remembers."""

from __future__ import annotations

import time

from ftpsd import events, limits
from ftpsd.protocol import listing, path
from ftpsd.protocol.line import BadLine
from ftpsd.protocol.reply import Reply
from ftpsd.session.control import Gone
from ftpsd.session.data import DataPort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ftpsd.session.control import Control
    from ftpsd.wire.channel import Peer


class Login:
    """Who is logged in, and what that login has brought."""

    def __init__(self, user: str, files: Peer, ports: Peer, *, anonymous: bool) -> None:
        """Join the user with channels to the worker and to the port broker."""
        self.user = user
        self.anonymous = anonymous
        self.files = files
        self.data = DataPort(ports)
        self.directory = "/"
        self.ascii = False
        self.restart = 0
        self.rename_from: str | None = None
        self.facts = ";".join(listing.FACTS)
        self.mask = 0o022

    def close(self) -> None:
        """Let go of worker and broker; the worker ends."""
        self.data.close()
        self.files.close()


class Session:
    """One client, from its greeting to its end."""

    def __init__(
        self, control: Control, helper: Peer, log: events.Log, tell: Callable[[str], object]
    ) -> None:
        """Serve `control`; `tell` makes a line of status known to systemd."""
        self.control = control
        self.helper = helper
        self.log = log
        self.tell = tell
        self.user: str | None = None
        self.login: Login | None = None
        self.open = True
        self.idle_seconds = limits.LOGIN_TIMEOUT_SECONDS
        self.data_seconds = 120.0
        self.begun = time.monotonic()
        self.received = self.sent = 0
        self.errors = 0
        self.reason = "hung up"
        self._queue: list[BadLine | str] = []
        self.progress: Callable[[], str] | None = None
        self.aborting = False

    @property
    def logged_in(self) -> Login:
        """Give the login. The verb table lets no handler that needs one run without it."""
        assert self.login is not None
        return self.login

    def resolve(self, argument: str) -> str:
        """Give the absolute path that the client means."""
        return path.resolve(self.logged_in.directory, argument)

    def next_line(self) -> BadLine | str | None:
        """Wait for a line; `None` after a time-out. Raise `Gone`."""
        if self._queue:
            return self._queue.pop(0)
        seconds = self.idle_seconds
        if self.login is None:
            seconds = self.begun + limits.LOGIN_TIMEOUT_SECONDS - time.monotonic()
        return self.control.line(seconds)

    def hold_back(self, line: BadLine | str) -> None:
        """Keep a line that came during a transfer until it is over."""
        self._queue.append(line)

    @property
    def crowded(self) -> bool:
        """Say whether so many lines are held back that no more should be read."""
        return len(self._queue) >= limits.QUEUED_LINES

    def end(self, reason: str, reply: Reply | None = None) -> None:
        """Make this the last command; `reply` is sent if the client is still there."""
        self.open = False
        self.reason = reason
        if reply is not None:
            try:
                self.control.send(reply)
            except Gone:
                pass

    def leave(self) -> None:
        """Forget the login."""
        if self.login is not None:
            self.login.close()
        self.login = self.user = None
        self.begun = time.monotonic()
