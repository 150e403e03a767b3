# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves bytes between a file and a data connection, without Python touching them where it can.

Each pump has `step`, which moves what it can without waiting and says whether there is more, and
`events`, what to wait for at the data connection before the next step.
"""

from __future__ import annotations

import os
import select

from ftpsd.protocol.ascii import FromNetwork, ToNetwork

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Protocol

    class Pump(Protocol):
        """What moves the bytes of one transfer; `bytes` counts those on the data connection."""

        events: int
        bytes: int

        def step(self) -> bool:
            """Move what can be moved without waiting, and say whether there is more."""


_SEND = 1 << 24
"""At most so much in one call of sendfile(2); the socket's buffer is the bound that counts."""
_PIECE = 1 << 18


class SendFile:
    """A file, from an offset on, to the client (RETR): sendfile(2)."""

    events = select.POLLOUT

    def __init__(self, file_fd: int, data: socket.socket, offset: int) -> None:
        """Send what is in `file_fd` from `offset` to its end."""
        self._file, self._data = file_fd, data.fileno()
        self._offset = offset
        self.bytes = 0

    def step(self) -> bool:
        """Send what the connection takes."""
        sent = os.sendfile(self._data, self._file, self._offset + self.bytes, _SEND)
        self.bytes += sent
        return sent > 0


class SendText:
    """A file in TYPE A, or a listing, to the client."""

    events = select.POLLOUT

    def __init__(self, source_fd: int, data: socket.socket, *, convert: bool) -> None:
        """Send what `source_fd` gives; with `convert`, LF becomes CR LF (RFC 959, 3.1.1.1)."""
        self._source, self._data = source_fd, data
        self._convert = ToNetwork().convert if convert else bytes
        self._left = b""
        self.bytes = 0

    def step(self) -> bool:
        """Send what the connection takes. A listing's pipe is waited for: its worker is writing."""
        if not self._left:
            piece = os.read(self._source, _PIECE)
            if not piece:
                return False
            self._left = self._convert(piece)
        sent = self._data.send(self._left)
        self._left = self._left[sent:]
        self.bytes += sent
        return True


class ReceiveFile:
    """From the client into a file (STOR)."""

    events = select.POLLIN

    def __init__(self, file_fd: int, data: socket.socket) -> None:
        """Write what arrives to `file_fd`, at its offset."""
        self._file, self._data = file_fd, data.fileno()
        self._buffer = bytearray(_PIECE)
        self._sock = data
        self.bytes = 0

    def step(self) -> bool:
        """Write what has arrived."""
        size = self._sock.recv_into(self._buffer)
        _write(self._file, memoryview(self._buffer)[:size])
        self.bytes += size
        return size > 0


class ReceiveText:
    """From the client into a file in TYPE A: CR LF becomes LF."""

    events = select.POLLIN

    def __init__(self, file_fd: int, data: socket.socket) -> None:
        """Write what arrives to `file_fd`, at its offset."""
        self._file, self._data = file_fd, data
        self._text = FromNetwork()
        self.bytes = 0

    def step(self) -> bool:
        """Write what has arrived."""
        piece = self._data.recv(_PIECE)
        self.bytes += len(piece)
        _write(self._file, memoryview(self._text.convert(piece) if piece else self._text.finish()))
        return bool(piece)


def _write(file_fd: int, left: memoryview) -> None:
    while left:
        left = left[os.write(file_fd, left) :]
