# SPDX-License-Identifier: GPL-3.0-or-later
"""One transfer, whichever way: data connection, 150, the bytes, and how it ended."""

from __future__ import annotations

import select
import time

from ftpsd import limits
from ftpsd.protocol import reply
from ftpsd.protocol.reply import Reply, clean
from ftpsd.session import events
from ftpsd.session.control import Stopped
from ftpsd.session.data import NoData
from ftpsd.session.meanwhile import Meanwhile
from ftpsd.session.refusals import failure
from ftpsd.session.stream import Plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Callable

    from ftpsd.session.control import Gone
    from ftpsd.session.pump import Pump
    from ftpsd.session.rate import Rate
    from ftpsd.session.session import Session
    from ftpsd.session.stream import Stream

NOT_PREPARED = Reply(reply.CANNOT_OPEN_DATA, "Send EPSV, PASV, EPRT or PORT first.")
NOT_PROTECTED = Reply(reply.NOT_WITH_THIS_PROT, "Data must be protected here: PROT P.")
_ABORTED = "aborted by the client"
_LINGER_SECONDS, _LINGER_PIECE = 10.0, 1 << 18
_AT_ONCE = 16
"""Steps of a pump, of a millisecond at most, between one look at the client and the next."""


def unprepared(session: Session) -> Reply | None:
    """Say why no transfer can begin, if none can."""
    login = session.logged_in
    if login.require_data_tls and not session.protect:
        return NOT_PROTECTED
    return None if login.data.prepared else NOT_PREPARED


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
        self._begun = time.monotonic()
        self.whole = False
        self._meanwhile = Meanwhile(session, self.progress, talks=False)

    def progress(self) -> str:
        """Say how far it is."""
        moved = self._pump.bytes if self._pump else 0
        text = f"{self.verb} {self.path}: {moved} bytes"
        if self._size:
            text += f", {100 * moved // self._size} %"
        return clean(text)

    def connect(self, *, file: bool = False) -> Stream | Reply:
        """Get the data connection, or the reply that says why there is none. Raise `Gone`.

        What is sent may be a `file` as it is: the kernel can do that under TLS as well.

        Where it is to be protected `run` does the handshake: clients begin it when they have 150.
        """
        session = self._session
        found = self.open()
        if isinstance(found, Reply):
            return found
        if not session.protect or session.tls is None:
            return Plain(found)
        must = session.logged_in.tls_resumption == "require"
        if file:
            return session.tls.download(found, must_resume=must)
        return session.tls.data(found, must_resume=must)

    def open(self) -> _socket.socket | Reply:
        """Get the data connection as it is, without protection. Raise `Gone`."""
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

    def run(
        self,
        data: Stream,
        pump: Pump,
        begin: str,
        finish: Callable[[], None],
        start: Callable[[], None] | None = None,
    ) -> Reply:
        """Send 150, move the bytes, give the last reply. Raise `Gone`.

        `start` is called when nothing more can hinder the transfer. `finish` makes sure of what was
        moved, and raises `OSError` if it is not so: 226 is never sent before it is.
        """
        self._pump = pump
        session = self._session
        if data.secure and session.control.tls is not None:
            # With 150, not later: who keeps one ticket for all its connections (Go, Java) must have
            # that of this one when the handshake begins.
            session.control.tls.renew_ticket()
        self._rate(pump).prepare(data)
        lingers = False
        try:
            refusal = self._begin(data, begin) or self._move(data, pump, start)
            refusal = refusal or self._end(data, pump, finish)
        except OSError as error:
            refusal = failure(error)
            lingers = refusal is not None and not pump.sends
            refusal = refusal or Reply(reply.TRANSFER_ABORTED, "The data connection failed.")
        finally:
            self._meanwhile.stop()
            if lingers:
                session.after_reply(lambda: self._linger(data))
            else:
                data.close()
            if pump.sends:
                session.sent += pump.bytes
            else:
                session.received += pump.bytes
        if self._meanwhile.aborted:
            return self._aborted(Reply(reply.TRANSFER_ABORTED, "Aborted."))
        if refusal is not None:
            self.failed(refusal.lines[0])
            return refusal
        self.whole = True
        return Reply(reply.CLOSING_DATA, "Transfer complete.")

    def _linger(self, data: Stream) -> None:
        """Close `data` when the client has sent all, or speaks, but in some seconds in any case.

        Closed with bytes unread it would be reset, and a client that looks for the reply when it
        has sent all (ftplib, curl) would have an error of its own to tell instead of ours.
        """
        session, poll = self._session, select.poll()
        deadline = time.monotonic() + (0 if session.waiting else _LINGER_SECONDS)
        poll.register(data.sock, select.POLLIN)
        poll.register(session.control, select.POLLIN)
        more = [(data.fileno(), select.POLLIN)]
        try:
            if data.secure:
                # Whoever has sent all waits for ours, having announced its own end (ftplib).
                data.finish()
            # One look at least: all may be there.
            left = max(0.0, deadline - time.monotonic())
            while left >= 0 and poll.poll(left * 1000) == more and data.sock.recv(_LINGER_PIECE):
                left = deadline - time.monotonic()
        except OSError:
            pass
        data.close()

    def _begin(self, data: Stream, text: str) -> Reply | None:
        """Send 150 and do the TLS handshake, if there is one; give the reply if that fails."""
        ready = Reply(reply.FILE_STATUS_OK, text)
        if data.secure:
            return self._shake(data, ready)
        self._session.control.send(ready)
        self._meanwhile.talk()
        return None

    def _shake(self, data: Stream, ready: Reply) -> Reply | None:
        from ftpsd.session.secure import NotResumed, Refused

        session = self._session
        deadline = time.monotonic() + limits.HANDSHAKE_SECONDS
        try:
            # What has arrived is answered before 150, for basic-ftp takes that for the end of a
            # handshake which it has begun: it closes after an empty file, in the midst of it.
            event = data.advance()
            session.control.send(ready)
            self._meanwhile.talk()
            while event:
                if not self._meanwhile.wait(data.fileno(), event, deadline):
                    return Reply(reply.CANNOT_OPEN_DATA, "The TLS handshake took too long.")
                event = data.advance()
        except NotResumed as reason:
            session.log(events.DATA_REFUSED, reason=reason)
            text = "The data connection must resume the TLS session of this one."
            return Reply(reply.TLS_REFUSED, text)
        except Refused as reason:
            session.log(events.DATA_REFUSED, reason=reason)
            return Reply(reply.CANNOT_OPEN_DATA, f"No TLS on the data connection: {reason}.")
        if session.logged_in.tls_resumption == "prefer" and not data.resumed:
            session.say_once(events.NOT_RESUMED)
        return None

    def _end(self, data: Stream, pump: Pump, finish: Callable[[], None]) -> Reply | None:
        """Make sure of what was moved, and announce the end of what was sent."""
        if not pump.sends and not data.clean:
            if self._session.logged_in.require_tls_close:
                return Reply(reply.TRANSFER_ABORTED, "The end of the data is not announced by TLS.")
            self._session.log(events.NOT_CLOSED, path=self.path)
        finish()
        if not pump.sends and not data.secure:
            return None
        # What was sent is whole: its end says so, and comes before the 226 does.
        deadline = time.monotonic() + self._session.data_seconds
        try:
            while not data.finish():
                if not self._wait(data, select.POLLOUT, deadline):
                    return Reply(reply.TRANSFER_ABORTED, "The data connection stalled.")
        except OSError:
            # A client that has said all it had to may be gone already.
            if pump.sends:
                raise
        return None

    def _move(self, data: Stream, pump: Pump, start: Callable[[], None] | None) -> Reply | None:
        if start is not None:
            start()
        session = self._session
        event = select.POLLOUT if pump.sends else select.POLLIN
        deadline = time.monotonic() + session.data_seconds
        # A connection that is new has room.
        ready = pump.sends
        while True:
            deadline = max(deadline, self._slow_down(data, pump) + session.data_seconds)
            source = pump.source
            if source is None:
                ready = ready or (data.ready and not pump.sends)
                ready = ready or self._wait(data, event, deadline)
            else:
                ready = self._meanwhile.wait(source, select.POLLIN, deadline)
            if not ready:
                return Reply(reply.TRANSFER_ABORTED, "The data connection stalled.")
            ready = False
            try:
                if not self._steps(pump):
                    return None
            except (BlockingIOError, InterruptedError):
                continue
            deadline = time.monotonic() + session.data_seconds

    def _wait(self, data: Stream, event: int, deadline: float) -> bool:
        return self._meanwhile.wait(data.fileno(), event, deadline, push=data.push)

    def _steps(self, pump: Pump) -> bool:
        """Move what can be moved at once, but look at the client in between; `False` at the end."""
        for _ in range(1 if self._rate(pump).bounded else _AT_ONCE):
            if not pump.step():
                return False
            if pump.source is not None:
                break
        return True

    def _rate(self, pump: Pump) -> Rate:
        login = self._session.logged_in
        return login.download_rate if pump.sends else login.upload_rate

    def _slow_down(self, data: Stream, pump: Pump) -> float:
        """Wait until the rate lets more bytes go, and give that moment, 0 for no wait.

        ABOR and a lost connection end the wait.
        """
        until = self._rate(pump).until(pump.bytes - self._rated, time.monotonic())
        self._rated = pump.bytes
        if until:
            self._meanwhile.wait(data.fileno(), 0, until)
        return until

    def _aborted(self, last: Reply) -> Reply:
        """Answer the transfer; the reply is the answer to ABOR (RFC 959, section 4.1.3)."""
        self.failed(_ABORTED)
        return self._meanwhile.aborts(last)

    def facts(self) -> dict[str, object]:
        """Give what the log has of any transfer, beside what its message says (xferlog(5))."""
        login = self._session.logged_in
        return {
            "seconds": round(time.monotonic() - self._begun),
            "type": "A" if login.ascii else "I",
            "anonymous": "yes" if login.anonymous else "no",
        }

    def lost(self, reason: Gone) -> None:
        """Log that the session ended under it."""
        self.failed(str(reason) if isinstance(reason, Stopped) else "the client is gone")

    def failed(self, reason: str) -> None:
        """Log how it ended."""
        moved = self._pump.bytes if self._pump else 0
        self._session.log(
            events.TRANSFER_FAILED,
            verb=self.verb,
            path=self.path,
            bytes=moved,
            reason=reason.rstrip("."),
            **self.facts(),
        )
