# SPDX-License-Identifier: GPL-3.0-or-later
"""MODE Z: the data connection carries one zlib stream (draft-preston-ftpext-deflate)."""

from __future__ import annotations

import select
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

_PIECE = 1 << 17


class Truncated(OSError):
    """The client's stream ended before its end, or is none."""


class SendDeflated:
    """To the client, compressed: what a reading function gives."""

    events = select.POLLOUT

    def __init__(self, read: Callable[[int], bytes], data: socket.socket, level: int) -> None:
        """Send what `read` gives until it gives nothing, at zlib's `level` 0 to 9."""
        self._read, self._data = read, data
        self._deflate = zlib.compressobj(level)
        self._left = b""
        self._ended = False
        self.bytes = 0

    def step(self) -> bool:
        """Send what the connection takes."""
        while not self._left:
            if self._ended:
                return False
            piece = self._read(_PIECE)
            self._ended = not piece
            self._left = self._deflate.compress(piece) if piece else self._deflate.flush()
        sent = self._data.send(self._left)
        self._left = self._left[sent:]
        self.bytes += sent
        return True


class ReceiveInflated:
    """From the client, decompressed piece by piece: no stream becomes more memory than one."""

    events = select.POLLIN

    def __init__(self, write: Callable[[bytes], None], data: socket.socket) -> None:
        """Hand what arrives to `write`."""
        self._write, self._data = write, data
        self._inflate = zlib.decompressobj()
        self.bytes = 0

    def step(self) -> bool:
        """Write what has arrived. Raise `Truncated` for what is no whole zlib stream."""
        piece = self._data.recv(_PIECE)
        self.bytes += len(piece)
        if not piece:
            if not self._inflate.eof:
                raise Truncated("the compressed stream is cut off")
            self._write(b"")
            return False
        try:
            while piece and not self._inflate.eof:
                found = self._inflate.decompress(piece, _PIECE)
                if found:
                    self._write(found)
                piece = self._inflate.unconsumed_tail
        except zlib.error as error:
            raise Truncated("not a zlib stream") from error
        if piece or self._inflate.unused_data:
            raise Truncated("bytes follow the compressed stream")
        return True
