# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of LPRT and LPSV: lengths and bytes as decimal numbers (RFC 1639)."""

from __future__ import annotations

from ftpsd.protocol.argument import number
from ftpsd.protocol.reply import ARGUMENT_ERROR, PROTOCOL_NOT_SUPPORTED_LONG, BadArgument

_LENGTHS = {4: 4, 6: 16}
_SYNTAX = "LPRT takes af,hal,h1,h2,...,pal,p1,p2."


def parse_lprt(text: str) -> tuple[bytes, int]:
    """Read the bytes of an address and a port. Raise `BadArgument`: 521 for another family."""
    fields = text.split(",")
    if len(fields) > 64:
        raise BadArgument(ARGUMENT_ERROR, _SYNTAX)
    values = [number(field, 255) for field in fields]
    length = _LENGTHS.get(values[0])
    if length is None:
        raise BadArgument(PROTOCOL_NOT_SUPPORTED_LONG, "Supported address families are (4,6)")
    if len(values) != length + 5 or values[1] != length or values[length + 2] != 2:
        raise BadArgument(ARGUMENT_ERROR, _SYNTAX)
    *_, high, low = values
    return bytes(values[2 : 2 + length]), high * 256 + low


def long_passive_text(packed: bytes, port: int) -> str:
    """Give the text of reply 228."""
    family = 4 if len(packed) == _LENGTHS[4] else 6
    values = (family, len(packed), *packed, 2, port >> 8, port & 255)
    return f"Entering Long Passive Mode ({','.join(map(str, values))})"
