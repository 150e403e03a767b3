# SPDX-License-Identifier: GPL-3.0-or-later
"""MODE Z: the data connection carries one zlib stream (draft-preston-ftpext-deflate).

What is counted are the bytes of the file, as in the other mode.
"""

from __future__ import annotations

import errno
import posix
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ftpsd.session.stream import Stream

_PIECE = 1 << 17
_COMPRESSED = 1 << 14
"""Taken at once of what is to be decompressed, which may become a thousand times as much: so often
the client is looked at, and the room that is left."""


def _damaged() -> OSError:
    """Give the error for a stream that is cut off, goes on after its end, or is none of zlib's."""
    return OSError(errno.EBADMSG, posix.strerror(errno.EBADMSG))


class SendDeflated:
    """To the client, compressed: what a reading function gives."""

    sends = True

    def __init__(
        self,
        read: Callable[[int], bytes],
        data: Stream,
        level: int,
        pipe: int | None = None,
    ) -> None:
        """Send what `read` gives until it gives nothing, at zlib's `level` 0 to 9."""
        self._read, self._data, self._pipe = read, data, pipe
        self._deflate = zlib.compressobj(level)
        self._left = b""
        self._ended = False
        self.bytes = 0

    @property
    def source(self) -> int | None:
        """Give the pipe when all that was read is sent."""
        return None if self._left or self._ended else self._pipe

    def step(self) -> bool:
        """Send what the connection takes; zlib may hold back all of what it was given."""
        if not self._left:
            if self._ended:
                return False
            piece = self._read(_PIECE)
            self.bytes += len(piece)
            self._ended = not piece
            self._left = self._deflate.compress(piece) if piece else self._deflate.flush()
            if not self._left:
                return True
        sent = self._data.send(self._left)
        self._left = self._left[sent:]
        return True


class ReceiveInflated:
    """From the client, decompressed piece by piece: no stream becomes more memory than one."""

    sends = False
    source = None

    def __init__(self, write: Callable[[bytes], None], data: Stream) -> None:
        """Hand what arrives to `write`."""
        self._write, self._data = write, data
        self._inflate = zlib.decompressobj()
        self._begun = False
        self.bytes = 0

    def step(self) -> bool:
        """Write what has arrived. Raise `OSError` for what is no whole zlib stream."""
        piece = self._data.recv(_COMPRESSED)
        if not piece:
            # Nothing at all is an empty file: lftp sends no stream for one.
            if self._begun and not self._inflate.eof:
                raise _damaged()
            self._write(b"")
            return False
        self._begun = True
        try:
            while piece and not self._inflate.eof:
                found = self._inflate.decompress(piece, _PIECE)
                if found:
                    self._write(found)
                    self.bytes += len(found)
                piece = self._inflate.unconsumed_tail
        except zlib.error as error:
            raise _damaged() from error
        if piece or self._inflate.unused_data:
            raise _damaged()
        return True
