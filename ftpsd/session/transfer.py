# SPDX-License-Identifier: GPL-3.0-or-later
"""One transfer, whichever way: data connection, 150, the bytes, and how it ended."""

from __future__ import annotations

import select
import socket
import time

from ftpsd import events
from ftpsd.protocol import reply
from ftpsd.protocol.reply import Reply
from ftpsd.session.data import NoData
from ftpsd.session.meanwhile import Meanwhile
from ftpsd.session.refusals import failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ftpsd.session.pump import Pump
    from ftpsd.session.session import Session

NOT_PREPARED = Reply(reply.CANNOT_OPEN_DATA, "Send EPSV, PASV, EPRT or PORT first.")
_ABORTED = "aborted by the client"


class Transfer:
    """What a transfer is about, for the log and for STAT."""

    def __init__(self, session: Session, verb: str, path: str, size: int | None = None) -> None:
        """Transfer `path` for the command `verb`, `size` bytes if that is known."""
        self._session = session
        self.verb = verb
        self.path = path
        self._size = size
        self._pump: Pump | None = None
        self._rated = 0
        self.whole = False
        self._meanwhile = Meanwhile(session, self.progress, talks=False)

    def progress(self) -> str:
        """Say how far it is."""
        moved = self._pump.bytes if self._pump else 0
        text = f"{self.verb} {self.path}: {moved} bytes"
        if self._size:
            text += f", {100 * moved // self._size} %"
        return "".join(one if one.isprintable() else "?" for one in text)

    def connect(self) -> socket.socket | Reply:
        """Get the data connection, or the reply that says why there is none. Raise `Gone`."""
        session = self._session

        def wait(fd: int, deadline: float) -> bool:
            return self._meanwhile.wait(fd, select.POLLIN, deadline, patient=False)

        try:
            return session.logged_in.data.open(wait, session.data_seconds)
        except NoData as reason:
            told = _ABORTED if self._meanwhile.aborted else str(reason).rstrip(".")
            session.log(events.DATA_REFUSED, reason=told)
            refusal = Reply(reply.CANNOT_OPEN_DATA, str(reason))
        finally:
            self._meanwhile.stop()
        return self._aborted(refusal) if self._meanwhile.aborted else refusal

    def run(self, data: socket.socket, pump: Pump, begin: str, finish: Callable[[], None]) -> Reply:
        """Send 150, move the bytes, give the last reply. Raise `Gone`.

        `finish` makes sure of what was moved, and raises `OSError` if it is not so: 226 is never
        sent before it is.
        """
        self._pump = pump
        session = self._session
        login = session.logged_in
        (login.download_rate if pump.sends else login.upload_rate).prepare(data)
        session.control.send(Reply(reply.FILE_STATUS_OK, begin))
        self._meanwhile.talk()
        begun = time.monotonic()
        try:
            refusal = self._move(data, pump)
            if refusal is None:
                finish()
                if pump.sends:
                    # The end of the data says that it is whole; it comes before the 226 does.
                    data.shutdown(socket.SHUT_WR)
        except OSError as error:
            refusal = failure(error) or Reply(reply.TRANSFER_ABORTED, "The data connection failed.")
        finally:
            self._meanwhile.stop()
            data.close()
            if pump.sends:
                session.sent += pump.bytes
            else:
                session.received += pump.bytes
            if time.monotonic() - begun > 1:
                session.tell("idle")
        if self._meanwhile.aborted:
            return self._aborted(Reply(reply.TRANSFER_ABORTED, "Aborted."))
        if refusal is not None:
            self.failed(refusal.lines[0])
            return refusal
        self.whole = True
        return Reply(reply.CLOSING_DATA, "Transfer complete.")

    def _move(self, data: socket.socket, pump: Pump) -> Reply | None:
        session, wait, step = self._session, self._meanwhile.wait, pump.step
        event = select.POLLOUT if pump.sends else select.POLLIN
        deadline = time.monotonic() + session.data_seconds
        while True:
            deadline = max(deadline, self._slow_down(data, pump) + session.data_seconds)
            source = pump.source
            if source is None:
                ready = wait(data.fileno(), event, deadline)
            else:
                ready = wait(source, select.POLLIN, deadline)
            if not ready:
                return Reply(reply.TRANSFER_ABORTED, "The data connection stalled.")
            try:
                if not step():
                    return None
            except (BlockingIOError, InterruptedError):
                continue
            deadline = time.monotonic() + session.data_seconds

    def _slow_down(self, data: socket.socket, pump: Pump) -> float:
        """Wait until the rate lets more bytes go, and give that moment, 0 for no wait.

        ABOR and a lost connection end the wait.
        """
        login = self._session.logged_in
        rate = login.download_rate if pump.sends else login.upload_rate
        until = rate.until(pump.bytes - self._rated, time.monotonic())
        self._rated = pump.bytes
        if until:
            self._meanwhile.wait(data.fileno(), 0, until)
        return until

    def _aborted(self, last: Reply) -> Reply:
        """Answer the transfer; the reply is the answer to ABOR (RFC 959, section 4.1.3)."""
        self.failed(_ABORTED)
        return self._meanwhile.aborts(last)

    def failed(self, reason: str) -> None:
        """Log how it ended."""
        moved = self._pump.bytes if self._pump else 0
        self._session.log(
            events.TRANSFER_FAILED,
            verb=self.verb,
            path=self.path,
            bytes=moved,
            reason=reason.rstrip("."),
        )
