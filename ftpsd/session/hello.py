# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client offers in its first TLS message: the protocols it means to speak (ALPN).

OpenSSL goes on without one where none of them is ours. A browser that an attacker leads here would
then talk to an FTP server as if it were its web server (ALPACA, CVE-2021-3618).
"""

from __future__ import annotations

_HANDSHAKE, _CLIENT_HELLO = 22, 1
_ALPN = 16
_HEADER = 5


def whole(data: bytes) -> bool:
    """Say whether `data` holds all of its first record, or is not TLS at all."""
    if data[:1] != bytes([_HANDSHAKE]):
        return bool(data)
    return len(data) >= _HEADER and len(data) >= _HEADER + int.from_bytes(data[3:5], "big")


def protocols(data: bytes) -> list[bytes] | None:
    """List what a ClientHello offers (RFC 7301, section 3.1); `None` if it offers nothing.

    What is cut off or malformed offers nothing: it is for OpenSSL to refuse.
    """
    record = _Reader(data)
    kind = record.take(1)
    record.take(2)
    message = _Reader(record.vector(2))
    if kind != bytes([_HANDSHAKE]) or message.take(1) != bytes([_CLIENT_HELLO]):
        return None
    message.take(3 + 2 + 32)
    for width in (1, 2, 1):  # session id, cipher suites, compression
        message.vector(width)
    extensions = _Reader(message.vector(2))
    while extensions.left:
        number, content = extensions.take(2), _Reader(extensions.vector(2))
        if number == _ALPN.to_bytes(2, "big"):
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
