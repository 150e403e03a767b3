# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes from the client become command lines (RFC 959, section 5.3; RFC 854)."""

from __future__ import annotations

from ftpsd.protocol.telnet import Telnet

# TAB is left out: file names may hold it and it breaks nothing.
_CONTROLS = bytes((*range(9), *range(10, 32), 127))

# Some clients end a line with CR CR LF, having been told twice to add a CR.
_MOST_CARRIAGE_RETURNS = 2


class BadLine:
    """A line that is no command; `reason` is our own text and safe in a reply."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


class LineBuffer:
    """Cuts the control connection into lines of at most `limit` bytes.

    The caller feeds what it received and takes lines until there is none. What is kept is bounded:
    unread lines by the caller, who must not feed while `full`; an unfinished line by us, since
    of an endless one only enough is kept to know that it is too long.

    With urgent data the socket needs SO_OOBINLINE, or the kernel takes a byte out of `ABOR`.
    """

    __slots__ = ("_complete", "_limit", "_partial", "_telnet")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._telnet = Telnet()
        self._complete = bytearray()
        self._partial = bytearray()

    @property
    def full(self) -> bool:
        """Whether so much waits to be taken, 4 * `limit` bytes, that reading should pause."""
        return len(self._complete) >= 4 * self._limit

    def feed(self, data: bytes) -> None:
        """Add received bytes, in pieces of any size."""
        head, newline, tail = self._telnet.strip(data).rpartition(b"\n")
        if newline:
            self._complete += self._partial + head + newline
            self._partial.clear()
        # One byte more than the longest line with its carriage returns proves that it is too long.
        keep = self._limit + _MOST_CARRIAGE_RETURNS + 1
        self._partial += tail[: keep - len(self._partial)]

    def take(self) -> str | BadLine | None:
        """Return the next line without its end, or `None` when no whole line is there.

        A line ends with LF, CR LF or CR CR LF; an empty one is "". A line over the limit, or with a
        control character other than TAB in it, becomes one `BadLine`.
        """
        end = self._complete.find(b"\n")
        if end < 0:
            return None
        line = bytes(self._complete[:end])
        del self._complete[: end + 1]
        for _ in range(_MOST_CARRIAGE_RETURNS):
            line = line.removesuffix(b"\r")
        if len(line) > self._limit:
            return BadLine("line too long")
        if len(line.translate(None, _CONTROLS)) != len(line):
            return BadLine("control character")
        return line.decode("utf-8", "surrogateescape")

    def forget(self) -> int:
        """Drop everything that was not taken, a Telnet command under way too; return its bytes.

        A command that was cut off counts as none.
        """
        dropped = len(self._complete) + len(self._partial)
        self._complete.clear()
        self._partial.clear()
        self._telnet = Telnet()
        return dropped

    def refusals(self) -> bytes:
        """Return, once, the Telnet answers to send to the client; mostly empty."""
        return self._telnet.refusals()
