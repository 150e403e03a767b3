# SPDX-License-Identifier: GPL-3.0-or-later
"""What one connection remembers."""

from __future__ import annotations

import _socket
import time

from ftpsd import limits
from ftpsd.protocol import facts, path
from ftpsd.protocol.line import BadLine
from ftpsd.protocol.reply import FILE_UNAVAILABLE, BadArgument, Reply
from ftpsd.session.control import Gone
from ftpsd.session.data import DataPort
from ftpsd.session.rate import Rate
from ftpsd.wire.channel import Channel, Peer
from ftpsd.wire.files import FILES
from ftpsd.wire.message import fits
from ftpsd.wire.ports import PORTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ftpsd.events import Event, Log
    from ftpsd.session.control import Control
    from ftpsd.session.credentials import Credentials
    from ftpsd.session.pump import Mode
    from ftpsd.session.tls import Tls
    from ftpsd.wire.helper import Encryption, Granted


class Login:
    """Who is logged in, and what that login has brought."""

    def __init__(self, granted: Granted, named: str) -> None:
        """Take what the helper has granted to who was `named`, as which the client knows itself.

        That is the user, channels to the worker and to the broker.
        """
        self.named, self.user = named, granted.user
        self.anonymous = granted.anonymous
        self.read_only = granted.read_only
        self.rights = granted.rights
        self.keep_free = granted.keep_free
        self.allow_commands, self.deny_commands = granted.allow_commands, granted.deny_commands
        self.passive, self.active = granted.passive, granted.active
        self.active_any_peer, self.passive_address = (
            granted.active_any_peer,
            granted.passive_address,
        )
        self.upload_rate = Rate(granted.upload_rate, granted.rate_burst)
        self.download_rate = Rate(granted.download_rate, granted.rate_burst)
        self.told: set[str] = set()
        self.idle_most = granted.idle_seconds
        self.tls_resumption = granted.tls_resumption
        self.require_data_tls, self.require_tls_close = (
            granted.require_data_tls,
            granted.require_tls_close,
        )
        files = Peer(Channel(_socket.socket(fileno=granted.files_fd)), FILES)
        ports = Peer(Channel(_socket.socket(fileno=granted.ports_fd)), PORTS)
        self.files = files
        self.data = DataPort(ports)
        self.directory = granted.directory
        self.ascii = False
        self.compressed = False
        self.level = 6
        self.restart = 0
        self.range: tuple[int, int] | None = None
        self.hash = "SHA-256"
        self.copy_from: str | None = None
        self.rename_from: str | None = None
        self.facts = ";".join(facts.USUAL_FACTS)
        self.mask = granted.mask

    @property
    def how(self) -> Mode:
        """Give how bytes travel now."""
        from ftpsd.session.pump import Mode

        return Mode(ascii=self.ascii, level=self.level if self.compressed else None)

    def close(self) -> None:
        """Let go of worker and broker; the worker ends."""
        self.data.close()
        self.files.close()


class Session:
    """One client, from its greeting to its end."""

    def __init__(
        self,
        control: Control,
        helper: Peer,
        log: Log,
        tell: Callable[[str], object],
        credentials: Credentials,
    ) -> None:
        """Serve `control`; `tell` makes a line of status known to systemd."""
        self.control = control
        self.helper = helper
        self.log = log
        self._tell, self._told = tell, ""
        self.credentials = credentials
        self.encryption: Encryption | None = None
        self.tls: Tls | None = None
        self.without_tls = False
        self.certificate_login = "no"
        self.protect_first = False
        """Whether data is protected where PROT has not come: what REIN goes back to."""
        self.protect = False
        self.sealed = False
        self.user: str | None = None
        self.host = ""
        self.login: Login | None = None
        self.open = True
        self.idle_seconds = limits.LOGIN_TIMEOUT_SECONDS
        self.data_seconds = 120.0
        self.begun = self.login_begun = time.monotonic()
        self.received = self.sent = 0
        self.errors = 0
        self.reason = "hung up"
        self._said: set[tuple[object, ...]] = set()
        self._later: list[Callable[[], None]] = []
        self._queue: list[BadLine | str] = []

    @property
    def logged_in(self) -> Login:
        """Give the login. The verb table lets no handler that needs one run without it."""
        assert self.login is not None
        return self.login

    @property
    def certificate(self) -> str | None:
        """Give the name in the certificate that the client has shown, if it is a user's name."""
        name = self.control.tls.certificate if self.control.tls else None
        return name if name and name.isprintable() and fits(name, limits.NAME_BYTES) else None

    def resolve(self, argument: str) -> str:
        """Give the absolute path that the client means. Raise `BadArgument` if it is too long."""
        found = path.resolve(self.logged_in.directory, argument)
        if not fits(found, limits.PATH_BYTES):
            raise BadArgument(FILE_UNAVAILABLE, "The path is too long.")
        return found

    def next_line(self) -> BadLine | str | None:
        """Wait for a line; `None` after a time-out. Raise `Gone`."""
        if self._queue:
            return self._queue.pop(0)
        seconds = self.idle_seconds
        if self.login is None:
            seconds = self.login_begun + limits.LOGIN_TIMEOUT_SECONDS - time.monotonic()
        return self.control.line(seconds)

    def forget(self) -> int:
        """Drop all that has arrived and was not answered; give how many bytes."""
        held = [line for line in self._queue if isinstance(line, str)]
        self._queue.clear()
        return sum(len(line.encode("utf-8", "surrogateescape")) for line in held) + (
            self.control.forget()
        )

    def hold_back(self, line: BadLine | str) -> None:
        """Keep a line that came during a transfer until it is over."""
        self._queue.append(line)

    @property
    def waiting(self) -> bool:
        """Say whether lines are held back."""
        return bool(self._queue)

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

    def tell(self, text: str) -> None:
        """Make known what a command does that takes time, until the next one is waited for."""
        self._told = text
        self._tell(text)

    def tell_waiting(self) -> None:
        """Make known that no command runs, if anything else was told last."""
        state = "idle" if self.login else "not logged in"
        if state != self._told:
            self.tell(state)

    def after_reply(self, act: Callable[[], None]) -> None:
        """Do something when the reply has left, so that the client need not wait for it."""
        self._later.append(act)

    def log_later(self, event: Event, **fields: object) -> None:
        """Log when the reply has left."""
        self.after_reply(lambda: self.log(event, **fields))

    def replied(self) -> None:
        """Do what was left until the reply had left."""
        while self._later:
            self._later.pop(0)()

    def say_once(self, event: Event, **fields: object) -> None:
        """Log what would be the same at every transfer, or costs a client nothing to have logged.

        Of refusals that is the first of each `verb` and `reason` in a login.
        """
        kind = (event, fields.get("verb"), fields.get("reason"))
        if kind not in self._said:
            self._said.add(kind)
            self.log(event, **fields)

    def harden(self, close: Callable[[], None]) -> None:
        """Give up one more right for good, where there is a sandbox (`ftpsd serve` has none)."""
        if self.sealed:
            close()

    def leave(self) -> None:
        """Forget the login. Time for another begins only where there was one."""
        if self.login is not None:
            self.login.close()
            self.login_begun = time.monotonic()
        self.login = self.user = None
        # Who comes next names the host anew (RFC 7151, section 3.2.1).
        self.host = ""
        self._said.clear()
        self.protect = self.protect_first
