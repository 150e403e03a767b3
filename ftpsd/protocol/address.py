# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses in commands and replies: PORT, PASV (RFC 959, 4.1.2), EPRT, EPSV (RFC 2428)."""

from __future__ import annotations

from ftpsd.protocol.argument import number
from ftpsd.protocol.reply import ARGUMENT_ERROR, PROTOCOL_NOT_SUPPORTED, BadArgument

_MOST_PORT = 65_535
_MOST_OCTET = 255
_MOST_FAMILY = 65_535

_IPV4_BYTES, _IPV6_BYTES = 4, 16
_GROUP_BYTES = 2
_GROUP_DIGITS = 4
_HEX = "0123456789abcdefABCDEF"
_MAPPED = bytes(10) + b"\xff\xff"

_FAMILIES = {1: 4, 2: 6}
_COLON = ":"


def parse_port(text: str) -> tuple[str, int]:
    """Return IPv4 address and port 1..65535 of PORT's "h1,h2,h3,h4,p1,p2"."""
    parts = text.split(",")
    if len(parts) != _IPV4_BYTES + 2:
        raise BadArgument(ARGUMENT_ERROR, "PORT takes h1,h2,h3,h4,p1,p2.")
    *host, high, low = [number(part, _MOST_OCTET) for part in parts]
    return ".".join(map(str, host)), _port(str(high * 256 + low))


def parse_eprt(text: str) -> tuple[int, str, int]:
    """Return family 4 or 6, address and port 1..65535 of EPRT's "|1|host|port|".

    The delimiter is any character 33..126. The address is the client's spelling, checked; compare
    addresses by `packed`. Raises `BadArgument`: 522 for another family, else 501.
    """
    delimiter = text[:1]
    if not "!" <= delimiter <= "~":
        raise BadArgument(ARGUMENT_ERROR, "EPRT takes |family|address|port|.")
    try:
        protocol, host, port, after = text[1:].split(delimiter)
    except ValueError:
        raise BadArgument(ARGUMENT_ERROR, "EPRT takes |family|address|port|.") from None
    if after:
        raise BadArgument(ARGUMENT_ERROR, "EPRT takes |family|address|port|.")
    family = _family(protocol)
    # By spelling, for `packed` makes 4 bytes of a mapped IPv6 address.
    if (_COLON in host) != (family == _FAMILIES[2]):
        raise BadArgument(ARGUMENT_ERROR, "The address is not of that family.")
    packed(host)
    return family, host, _port(port)


def extended_passive(text: str) -> int | str | None:
    """Return what EPSV asks for: `None`, family 4 or 6, or "ALL" (RFC 2428, section 3).

    Raises `BadArgument`: 522 for another family, else 501.
    """
    text = text.strip(" ")
    if not text:
        return None
    if text.lower() == "all":
        return "ALL"
    return _family(text)


def passive_reply_text(host: str, port: int) -> str:
    """Return the text of reply 227 for an IPv4 or mapped address; `ValueError` for another."""
    address = packed(host)
    if len(address) != _IPV4_BYTES:
        raise ValueError(f"PASV cannot name {host}")
    numbers = ",".join(map(str, (*address, port >> 8, port & 255)))
    return f"Entering Passive Mode ({numbers})."


def extended_passive_text(port: int) -> str:
    """Return the text of reply 229. No full stop: some clients take it for the delimiter."""
    return f"Entering Extended Passive Mode (|||{port}|)"


def packed(host: str) -> bytes:
    """Return the 4 or 16 bytes of an address, 4 for an IPv6-mapped IPv4 one, to be compared.

    A zone after "%" is refused: what a client calls an interface means nothing here. Raises
    `BadArgument` (501).
    """
    if _COLON not in host:
        return _ipv4(host)
    address = _ipv6(host)
    return address.removeprefix(_MAPPED) if address.startswith(_MAPPED) else address


def _family(text: str) -> int:
    family = _FAMILIES.get(number(text, _MOST_FAMILY))
    if family is None:
        raise BadArgument(PROTOCOL_NOT_SUPPORTED, "Network protocol not supported, use (1,2)")
    return family


def _port(text: str) -> int:
    port = number(text, _MOST_PORT)
    if not port:
        raise BadArgument(ARGUMENT_ERROR, "Port 0 cannot be connected to.")
    return port


def _ipv4(host: str) -> bytes:
    parts = host.split(".")
    octets = bytes([number(part, _MOST_OCTET) for part in parts])
    # A leading zero is refused: some would read the rest as octal.
    if len(octets) != _IPV4_BYTES or ".".join(map(str, octets)) != host:
        raise BadArgument(ARGUMENT_ERROR, "That is not an IPv4 address.")
    return octets


def _ipv6(host: str) -> bytes:
    """Return the 16 bytes of an IPv6 address in any of its spellings (RFC 4291, section 2.2)."""
    before, _, last = host.rpartition(_COLON)
    if "." in last:
        quad = _ipv4(last).hex()
        host = f"{before}:{quad[:4]}:{quad[4:]}"
    head, gap, tail = host.partition("::")
    left, right = _groups(head), _groups(tail)
    missing = _IPV6_BYTES - len(left) - len(right)
    fits = missing >= _GROUP_BYTES if gap else missing == 0
    if not fits:
        raise BadArgument(ARGUMENT_ERROR, "That is not an IPv6 address.")
    return left + bytes(missing) + right


def _groups(text: str) -> bytes:
    if not text:
        return b""
    groups = text.split(_COLON)
    for group in groups:
        if not 1 <= len(group) <= _GROUP_DIGITS or group.strip(_HEX):
            raise BadArgument(ARGUMENT_ERROR, "That is not an IPv6 address.")
    return bytes.fromhex("".join([group.zfill(_GROUP_DIGITS) for group in groups]))
