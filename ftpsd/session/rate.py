# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast bytes may go: a bucket that fills with time, and that all transfers drink from."""

from __future__ import annotations

import _socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.session.stream import Stream

_LEAST, _MOST = 4096, 1 << 18
"""Bounds of a socket's buffer: what is in it goes at once, and is one step of the pump."""


class Rate:
    """A bound on one direction of a session's data."""

    def __init__(self, per_second: int, burst: int) -> None:
        """Let `per_second` bytes go, 0 for any, and `burst` at once, 0 for as many as a second."""
        self._per_second = per_second
        self._burst = float(burst or per_second)
        self._left = self._burst
        self._filled = 0.0

    @property
    def bounded(self) -> bool:
        """Say whether there is a bound."""
        return bool(self._per_second)

    def prepare(self, data: Stream) -> None:
        """Make the buffers of a data connection small enough, so that it flows evenly."""
        if self._per_second:
            size = max(_LEAST, min(_MOST, self._per_second // 8))
            for option in (_socket.SO_SNDBUF, _socket.SO_RCVBUF):
                data.sock.setsockopt(_socket.SOL_SOCKET, option, size)

    def until(self, moved: int, now: float) -> float:
        """Count `moved` bytes; give the moment from which more may go, 0 for at once.

        `now` is of a clock that never goes back.
        """
        if not self._per_second:
            return 0.0
        passed, self._filled = now - (self._filled or now), now
        self._left = min(self._burst, self._left + passed * self._per_second) - moved
        return now - self._left / self._per_second if self._left < 0 else 0.0
