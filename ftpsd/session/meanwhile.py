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
from ftpsd.session.control import Gone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ftpsd.session.session import Session

STATUS_SECONDS = 2.0
"""How often a transfer under way is brought up to date in the status of its unit."""


class Meanwhile:
    """One wait, from the command that began it to its reply."""

    def __init__(
        self, session: Session, progress: Callable[[], str], *, talks: bool = True
    ) -> None:
        """Mind the client of `session`; `progress` is what STAT tells it.

        Unless it `talks`, only ABOR is heard at once: before 150 a reply would be taken for that of
        the command that runs.
        """
        self._talks = talks
        self._session = session
        self._progress = progress
        self._told = time.monotonic()
        self._poll = select.poll()
        self._watched: tuple[int, int] | None = None
        self.aborted = self.leaving = False
        # What was sent before the transfer began is answered after it, in its order.
        self._hold_back()
        self._poll.register(session.control, 0 if self._crowded() else select.POLLIN)

    def _crowded(self) -> bool:
        return self._session.crowded or self._session.control.full

    def wait(
        self,
        fd: int,
        event: int,
        deadline: float,
        *,
        patient: bool = True,
        push: Callable[[], None] | None = None,
    ) -> bool:
        """Wait until `fd` is ready; `False` after the deadline or ABOR. Raise `Gone`, `OSError`.

        Unless `patient`, QUIT ends it too: nothing has begun that should be finished first. `push`
        is called whenever nothing has happened for some seconds.
        """
        self._watch(fd, event)
        while not self.aborted and (patient or not self.leaving):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            seen = self._poll.poll(min(left, STATUS_SECONDS) * 1000)
            if not seen and push is not None:
                push()
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

    def _watch(self, fd: int, event: int) -> None:
        if self._watched != (fd, event):
            self.stop()
            self._poll.register(fd, event)
            self._watched = fd, event

    def look(self) -> bool:
        """Hear the client without waiting; `False` when it aborts. Raise `Gone`."""
        while not self.aborted and self._poll.poll(0):
            self._hear()
        self._tell()
        return not self.aborted

    def talk(self) -> None:
        """Answer STAT and NOOP from now on: 150 is sent."""
        self._talks = True

    def aborts(self, command: Reply) -> Reply:
        """Answer the `command` that is aborted; give the answer to ABOR (RFC 959, 4.1.3)."""
        self._session.control.send(command)
        return Reply(reply.CLOSING_DATA, "Aborted as you asked.")

    def stop(self) -> None:
        """Stop watching the data connection, before it is closed."""
        if self._watched is not None:
            self._poll.unregister(self._watched[0])
            self._watched = None

    def _hold_back(self) -> None:
        session = self._session
        while not session.crowded and (line := session.control.take()) is not None:
            self._sort(line, at_once=False)

    def _sort(self, line: BadLine | str, *, at_once: bool) -> None:
        """Do what a line says, or keep it for later."""
        session = self._session
        verb = line.strip().upper() if isinstance(line, str) and line.isascii() else ""
        if verb == "ABOR" and not self.aborted:
            self.aborted = True
        elif at_once and self._talks and verb == "STAT":
            session.control.send(
                Reply(reply.SYSTEM_STATUS, "Transferring.", self._progress(), "End.")
            )
        elif at_once and self._talks and verb == "NOOP" and not session.waiting:
            session.control.send(Reply(reply.COMMAND_OK, "OK."))
        else:
            self.leaving = self.leaving or verb == "QUIT"
            session.hold_back(line)

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told >= STATUS_SECONDS:
            self._told = now
            self._session.tell(self._progress())

    def _hear(self) -> None:
        """Read what the client says, and answer what may be answered now. Raise `Gone`."""
        session = self._session
        if self._crowded():
            # Only that it has hung up is still looked for.
            raise Gone("connection lost")
        session.control.fill()
        while not session.crowded and (line := session.control.take()) is not None:
            self._sort(line, at_once=True)
        if self._crowded():
            # The rest waits in the kernel: a client that pipelines without end blocks itself.
            self._poll.modify(session.control, 0)
