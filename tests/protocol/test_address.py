# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses agree with the standard library's, and nothing else passes."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.protocol.address import (
    extended_passive,
    extended_passive_text,
    packed,
    parse_eprt,
    parse_port,
    passive_reply_text,
)
from ftpsd.protocol.reply import BadArgument, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

HEXTETS = st.lists(st.sampled_from(["", "0", "1", "ffff", "FFFF", "12345", "g", "1.2.3.4"]))
ADDRESS_LIKE = (
    HEXTETS.map(":".join) | st.text(".:%0123456789abcdefx", max_size=40) | st.text(max_size=10)
)


def code_of(refusal: pytest.ExceptionInfo[BadArgument]) -> int:
    return Reply(refusal.value.code, refusal.value.text).code


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127,0,0,1,4,1", "127.0.0.1", 1025),
        ("255,255,255,255,255,255", "255.255.255.255", 65535),
        ("010,0,0,001,0,21", "10.0.0.1", 21),
    ],
)
def test_port_names_an_address_and_a_port(text: str, host: str, port: int) -> None:
    assert parse_port(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2,3,4,5",
        "1,2,3,4,5,6,7",
        "256,0,0,1,4,1",
        "-1,0,0,1,4,1",
        "1,2,3,4,0,0",
        "1, 2,3,4,5,6",
    ],
)
def test_a_bad_port_is_refused(text: str) -> None:
    with pytest.raises(BadArgument) as refusal:
        parse_port(text)

    assert code_of(refusal) == 501


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("|1|132.235.1.2|6275|", (4, "132.235.1.2", 6275)),
        ("|2|1080::8:800:200C:417A|5282|", (6, "1080::8:800:200C:417A", 5282)),
        ("!2!::ffff:1.2.3.4!21!", (6, "::ffff:1.2.3.4", 21)),
        ("~1~1.2.3.4~1~", (4, "1.2.3.4", 1)),
    ],
)
def test_eprt_names_family_address_and_port(text: str, value: tuple[int, str, int]) -> None:
    assert parse_eprt(text) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 501),
        (" 1 1.2.3.4 21 ", 501),
        ("\x7f1\x7f1.2.3.4\x7f21\x7f", 501),
        ("|1|1.2.3.4|21", 501),
        ("|1|1.2.3.4|21|x", 501),
        ("|1|1.2.3.4|21||", 501),
        ("|x|1.2.3.4|21|", 501),
        ("|1|::1|21|", 501),
        ("|2|1.2.3.4|21|", 501),
        ("|2|fe80::1%eth0|21|", 501),
        ("|1|1.2.3.4|0|", 501),
        ("|1|1.2.3.4|65536|", 501),
        ("|1|localhost|21|", 501),
        ("|3|1.2.3.4|21|", 522),
        ("|0|1.2.3.4|21|", 522),
    ],
)
def test_a_bad_eprt_is_refused(text: str, code: int) -> None:
    with pytest.raises(BadArgument) as refusal:
        parse_eprt(text)

    assert code_of(refusal) == code


@pytest.mark.parametrize(
    ("text", "value"),
    [("", None), (" ", None), ("1", 4), ("2", 6), ("ALL", "ALL"), ("all", "ALL"), ("2 ", 6)],
)
def test_epsv_asks_for_a_family_or_for_all(text: str, value: int | str | None) -> None:
    assert extended_passive(text) == value


@pytest.mark.parametrize(("text", "code"), [("3", 522), ("0", 522), ("x", 501), ("-1", 501)])
def test_a_bad_epsv_is_refused(text: str, code: int) -> None:
    with pytest.raises(BadArgument) as refusal:
        extended_passive(text)

    assert code_of(refusal) == code


def test_an_unknown_family_is_told_which_are_known() -> None:
    with pytest.raises(BadArgument, match=r"\(1,2\)"):
        extended_passive("9")


@pytest.mark.parametrize("host", ["192.0.2.1", "::ffff:192.0.2.1"])
def test_a_passive_reply_names_address_and_port(host: str) -> None:
    assert passive_reply_text(host, 1025) == "Entering Passive Mode (192,0,2,1,4,1)."


def test_a_passive_reply_cannot_name_ipv6() -> None:
    with pytest.raises(ValueError, match="PASV"):
        passive_reply_text("::1", 1025)


def test_an_extended_passive_reply_ends_with_its_parenthesis() -> None:
    assert extended_passive_text(1025) == "Entering Extended Passive Mode (|||1025|)"


@given(st.ip_addresses())
def test_an_address_packs_as_the_library_does(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    reference = (mapped or address).packed

    assert packed(str(address)) == packed(address.exploded.upper()) == reference


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_the_ipv4_address(address: ipaddress.IPv4Address) -> None:
    assert packed(f"::ffff:{address}") == packed(f"::FFFF:{address.packed.hex(':', 2)}")
    assert packed(f"::ffff:{address}") == address.packed


@given(ADDRESS_LIKE)
def test_what_is_an_address_is_what_the_library_takes(text: str) -> None:
    try:
        address: object = ipaddress.ip_address(text) if "%" not in text else None
    except ValueError:
        address = None
    try:
        value = packed(text)
    except BadArgument:
        value = b""

    assert bool(value) == (address is not None)


@pytest.mark.parametrize("parse", [parse_port, parse_eprt, extended_passive])
@given(text=st.text("|12:.f34567,", max_size=25) | st.text(st.characters(), max_size=12))
def test_any_text_is_an_address_or_a_bad_argument(
    parse: Callable[[str], object], text: str
) -> None:
    try:
        parse(text)
    except BadArgument as refusal:
        reply = Reply(refusal.code, refusal.text)
    else:
        return

    assert reply.code in (501, 522)
