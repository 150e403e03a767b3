# SPDX-License-Identifier: GPL-3.0-or-later
"""Minds the client while something else is waited for: ABOR, STAT and NOOP work at once.

QUIT is kept like any other command: the transfer ends first, and its result is told (RFC 959,
section 4.1.1).
"""

from __future__ import annotations

import select
import time

from ftpsd.protocol import reply
from ftpsd.protocol.line import BadLine
from ftpsd.protocol.reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ftpsd.session.session import Session

STATUS_SECONDS = 2.0
"""How often a transfer under way is brought up to date in the status of its unit."""


class Meanwhile:
    """One wait, from the command that began it to its reply."""

    def __init__(self, session: Session, progress: Callable[[], str]) -> None:
        """Mind the client of `session`; `progress` is what STAT tells it."""
        self._session = session
        self._progress = progress
        self._told = time.monotonic()
        self._poll = select.poll()
        self._watched: tuple[int, int] | None = None
        self.aborted = False
        # What was sent before the transfer began is answered after it, in its order.
        self._hold_back()
        if not self._crowded:
            self._poll.register(session.control, select.POLLIN)

    @property
    def _crowded(self) -> bool:
        return self._session.crowded or self._session.control.full

    def wait(self, fd: int, event: int, deadline: float) -> bool:
        """Wait until `fd` is ready; `False` after the deadline or ABOR. Raise `Gone`."""
        if self._watched != (fd, event):
            if self._watched is not None:
                self._poll.unregister(self._watched[0])
            self._poll.register(fd, event)
            self._watched = fd, event
        while not self.aborted:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            seen = self._poll.poll(min(left, STATUS_SECONDS) * 1000)
            ready = False
            for found, _ in seen:
                if found == fd:
                    ready = True
                else:
                    self._hear()
            self._tell()
            if ready:
                return not self.aborted
        return False

    def look(self) -> bool:
        """Hear the client without waiting; `False` when it aborts. Raise `Gone`."""
        while not self.aborted and self._poll.poll(0):
            self._hear()
        self._tell()
        return not self.aborted

    def stop(self) -> None:
        """Stop watching the data connection, before it is closed."""
        if self._watched is not None:
            self._poll.unregister(self._watched[0])
            self._watched = None

    def _hold_back(self) -> None:
        session = self._session
        while not session.crowded and (line := session.control.take()) is not None:
            session.hold_back(line)

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told >= STATUS_SECONDS:
            self._told = now
            self._session.tell(self._progress())

    def _hear(self) -> None:
        """Read what the client says, and answer what may be answered now."""
        session = self._session
        session.control.fill()
        while not session.crowded and (line := session.control.take()) is not None:
            verb = "" if isinstance(line, BadLine) else line.strip().upper()
            if verb == "ABOR":
                self.aborted = True
                return
            if verb == "STAT":
                session.control.send(
                    Reply(reply.SYSTEM_STATUS, "Transferring.", self._progress(), "End.")
                )
            elif verb == "NOOP":
                session.control.send(Reply(reply.COMMAND_OK, "OK."))
            else:
                session.hold_back(line)
        if self._crowded:
            # The rest waits in the kernel: a client that pipelines without end blocks itself.
            self._poll.unregister(session.control)
