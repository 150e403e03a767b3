# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves bytes between a file and a data connection, without Python touching them where it can.

Each pump has `step`, which moves what it can without waiting and says whether there is more. Before
it the data connection is waited for, or the `source` if there is one that may be slow.
"""

from __future__ import annotations

import posix

from ftpsd.protocol.ascii import FromNetwork, ToNetwork
from ftpsd.session.deflate import ReceiveInflated, SendDeflated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from ftpsd.session.stream import Stream

    class Pump(Protocol):
        """What moves the bytes of one transfer; `bytes` counts those on the data connection."""

        sends: bool
        bytes: int

        @property
        def source(self) -> int | None:
            """Give the pipe to wait for before the next step, instead of the data connection."""

        def step(self) -> bool:
            """Move what can be moved without waiting, and say whether there is more."""


class Mode:
    """How bytes travel: as text or not, compressed at a `level` of zlib or not (`None`)."""

    __slots__ = ("ascii", "level")

    def __init__(self, *, ascii: bool, level: int | None) -> None:
        """Join TYPE and MODE."""
        self.ascii = ascii
        self.level = level


_SEND = 1 << 24
"""At most so much in one call of sendfile(2); the socket's buffer is the bound that counts."""
_PIECE = 1 << 18
_FIRST = 1 << 14
"""What is read of an upload at first; one that fills it is given the larger buffer."""
_PROTECTED = 1 << 17
"""Read of a file at once, to be encrypted: so much stays in a processor's cache."""


class SendFile:
    """A file, from an offset on, to the client (RETR): by sendfile(2) where that can be."""

    sends = True
    source = None

    def __init__(self, file_fd: int, data: Stream, offset: int, size: int) -> None:
        """Send `size` bytes of `file_fd` from `offset` on, or less if it ends before."""
        self._file, self._data = file_fd, data
        self._offset, self._size = offset, size
        self._left = memoryview(b"")
        self._buffer: memoryview | None = None
        self.bytes = 0

    def step(self) -> bool:
        """Send what the connection takes."""
        left = self._size - self.bytes
        sent = self._kernel(left) if self._data.sendfile else self._own(left)
        self.bytes += sent
        return sent > 0

    def _kernel(self, left: int) -> int:
        where = self._offset + self.bytes
        return (
            posix.sendfile(self._data.fileno(), self._file, where, min(_SEND, left)) if left else 0
        )

    def _own(self, left: int) -> int:
        if not self._left and left:
            if self._buffer is None:
                self._buffer = memoryview(bytearray(_PROTECTED))
            piece = self._buffer[: min(_PROTECTED, left)]
            self._left = piece[: posix.preadv(self._file, [piece], self._offset + self.bytes)]
        if not self._left:
            return 0
        sent = self._data.send(self._left)
        self._left = self._left[sent:]
        return sent


class Send:
    """What a reading function gives, to the client: a listing, a file in TYPE A."""

    sends = True

    def __init__(self, read: Callable[[int], bytes], data: Stream, pipe: int | None = None) -> None:
        """Send what `read` gives until it gives nothing; it reads from `pipe`, if that is slow."""
        self._read, self._data, self._pipe = read, data, pipe
        self._left = memoryview(b"")
        self.bytes = 0

    @property
    def source(self) -> int | None:
        """Give the pipe when all that was read is sent."""
        return None if self._left else self._pipe

    def step(self) -> bool:
        """Send what the connection takes."""
        if not self._left:
            self._left = memoryview(self._read(_PIECE))
            if not self._left:
                return False
        sent = self._data.send(self._left)
        self._left = self._left[sent:]
        self.bytes += sent
        return True


class ReceiveFile:
    """From the client into a file (STOR)."""

    sends = False
    source = None

    def __init__(self, file_fd: int, data: Stream) -> None:
        """Write what arrives to `file_fd`, at its offset."""
        self._file, self._data = file_fd, data
        # Most files are small, and a large buffer takes longer to be had than they do.
        self._buffer = bytearray(_PIECE if data.secure else _FIRST)
        self.bytes = 0

    def step(self) -> bool:
        """Write what has arrived."""
        size = self._data.recv_into(self._buffer)
        left = memoryview(self._buffer)[:size]
        while left:
            # What is in the file counts, though it be the last before the disk is full.
            written = posix.write(self._file, left)
            self.bytes += written
            left = left[written:]
        if size == len(self._buffer) < _PIECE:
            self._buffer = bytearray(_PIECE)
        return size > 0


class Receive:
    """From the client to a writing function: a file in TYPE A."""

    sends = False
    source = None

    def __init__(self, put: Callable[[bytes], None], data: Stream) -> None:
        """Hand what arrives to `put`, and nothing at its end."""
        self._put, self._data = put, data
        self.bytes = 0

    def step(self) -> bool:
        """Hand over what has arrived."""
        piece = self._data.recv(_PIECE)
        self.bytes += len(piece)
        self._put(piece)
        return bool(piece)


def write(file_fd: int, left: memoryview | bytes) -> None:
    """Write all of it. Raise `OSError`."""
    while left:
        left = left[posix.write(file_fd, left) :]


def sender(file_fd: int, data: Stream, how: Mode, most: int) -> Pump:
    """Give what sends `most` bytes of a file from where it stands."""
    convert = ToNetwork().convert if how.ascii else None
    left = [most]

    def read(size: int) -> bytes:
        piece = posix.read(file_fd, min(size, left[0]))
        left[0] -= len(piece)
        return convert(piece) if convert else piece

    return _send(read, data, how.level)


def lister(pipe: int, data: Stream, level: int | None) -> Pump:
    """Give what sends a listing, as its worker writes it into `pipe`."""

    def read(size: int) -> bytes:
        return posix.read(pipe, size)

    return _send(read, data, level, pipe)


def _send(
    read: Callable[[int], bytes], data: Stream, level: int | None, pipe: int | None = None
) -> Pump:
    if level is None:
        return Send(read, data, pipe)
    return SendDeflated(read, data, level, pipe)


def receiver(file_fd: int, data: Stream, how: Mode) -> Pump:
    """Give what writes everything that arrives to `file_fd`."""
    if not how.ascii and how.level is None:
        return ReceiveFile(file_fd, data)
    text = FromNetwork() if how.ascii else None

    def put(piece: bytes) -> None:
        if text:
            piece = text.convert(piece) if piece else text.finish()
        write(file_fd, piece)

    if how.level is None:
        return Receive(put, data)
    return ReceiveInflated(put, data)
