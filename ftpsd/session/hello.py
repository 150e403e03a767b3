# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client offers in its first TLS message: the protocols it means to speak (ALPN).

OpenSSL goes on without one where none of them is ours. A browser that an attacker leads here would
then talk to an FTP server as if it were its web server (ALPACA, CVE-2021-3618).
"""

from __future__ import annotations

_HANDSHAKE, _CLIENT_HELLO = 22, 1
ALPN = bytes((0, 16))
"""The number of the extension in which a message offers protocols (RFC 7301, section 3.1)."""
_HEADER, _LENGTH = 5, 4
_LONGEST = 1 << 17
"""More than OpenSSL takes for a ClientHello (CLIENT_HELLO_MAX_LENGTH)."""


class NotTls(Exception):
    """What a client begins with is no TLS."""


class Hello:
    """Puts a ClientHello together from records of any size, which come in pieces of any size.

    Whoever sits between may cut it into other records than the client did: nothing protects those.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._left = bytearray()
        self.message = bytearray()

    @property
    def whole(self) -> bool:
        """Say whether all of the message is there."""
        size = int.from_bytes(self.message[1:_LENGTH], "big")
        return len(self.message) >= _LENGTH and len(self.message) >= _LENGTH + size

    def feed(self, data: bytes) -> bool:
        """Add what has arrived; say whether the message is whole.

        Raise `NotTls` for what OpenSSL could take for something else than this does: records that
        are empty or no handshake, messages that are no ClientHello or too long for one.
        """
        self._left += data
        while self._left and not self.whole:
            size = int.from_bytes(self._left[3:_HEADER], "big")
            if self._left[0] != _HANDSHAKE or (len(self._left) >= _HEADER and not size):
                raise NotTls
            if len(self._left) < _HEADER + size or len(self._left) < _HEADER:
                return False
            self.message += self._left[_HEADER : _HEADER + size]
            del self._left[: _HEADER + size]
            if self.message[0] != _CLIENT_HELLO or len(self.message) > _LONGEST:
                raise NotTls
        return self.whole


def protocols(message: bytes) -> list[bytes] | None:
    """List what a ClientHello offers (RFC 7301, section 3.1); `None` if it offers nothing.

    What is cut off or malformed within offers nothing: it is for OpenSSL to refuse.
    """
    hello = _Reader(message)
    hello.take(_LENGTH + 2 + 32)  # version, random
    for width in (1, 2, 1):  # session id, cipher suites, compression
        hello.vector(width)
    extensions = _Reader(hello.vector(2))
    while extensions.left:
        number, content = extensions.take(2), _Reader(extensions.vector(2))
        if number == ALPN:
            names = _Reader(content.vector(2))
            found = []
            while names.left:
                found.append(names.vector(1))
            return found
    return None


class _Reader:
    """Reads fields one after the other; what is not there is empty."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def left(self) -> bool:
        return bool(self._data)

    def take(self, size: int) -> bytes:
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def vector(self, width: int) -> bytes:
        return self.take(int.from_bytes(self.take(width), "big"))
