# SPDX-License-Identifier: GPL-3.0-or-later
"""Line ends of TYPE A, both ways, the same however the data is cut (RFC 959, section 3.1.1.1)."""

from __future__ import annotations


class ToNetwork:
    """Converts a file as it is sent: LF becomes CR LF, a CR LF already there stays."""

    __slots__ = ("_after_cr",)

    def __init__(self) -> None:
        self._after_cr = False

    def convert(self, data: bytes) -> bytes:
        """Return the next piece of the file, of any size, as it goes over the network."""
        if not data:
            return data
        # The CR was in the last piece and is sent already.
        kept = b"\n" if self._after_cr and data.startswith(b"\n") else b""
        self._after_cr = data.endswith(b"\r")
        return kept + data[len(kept) :].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


class FromNetwork:
    """Converts a file as it arrives: CR LF becomes LF, a CR alone stays."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def convert(self, data: bytes) -> bytes:
        """Return what is certain so far; a CR at the end waits for the byte after it."""
        data = self._held + data
        self._held = b"\r" if data.endswith(b"\r") else b""
        return data[: len(data) - len(self._held)].replace(b"\r\n", b"\n")

    def finish(self) -> bytes:
        """Return what still waits at the end of the file: a CR or nothing."""
        held, self._held = self._held, b""
        return held
