# SPDX-License-Identifier: GPL-3.0-or-later
"""Telnet commands vanish, everything else stays, wherever the stream is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.protocol.telnet import Telnet

TELNET_HEAVY = st.lists(
    st.sampled_from([b"\xff", b"\n", b"\r", b"A", b"\xf0", b"\xfa", b"\xfb", b"\xfd", b"\xfe"])
).map(b"".join)


def strip_in_pieces(data: bytes, size: int) -> tuple[bytes, bytes]:
    telnet = Telnet()
    text = b"".join(telnet.strip(data[at : at + size]) for at in range(0, len(data), size))
    return text, telnet.refusals()


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"NOOP\r\n", b"NOOP\r\n"),
        (b"\xff\xf4\xff\xf2ABOR\r\n", b"ABOR\r\n"),
        (b"\xff\xf4\xf2ABOR\r\n", b"\xf2ABOR\r\n"),
        (b"\xff\xf1\xff\xf6NOOP\n", b"NOOP\n"),
        (b"a\xff\xffb", b"a\xffb"),
        (b"\xff\xff\xff\xff", b"\xff\xff"),
        (b"\xff\xfb\x01a\xff\xfc\x01b\xff\xfd\x01c\xff\xfe\x01d", b"abcd"),
        (b"a\xff\xfa\x18\x00xterm\xff\xf0b", b"ab"),
        (b"na\xffme", b"na\xffme"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_commands_are_taken_out_of_the_text(sent: bytes, text: bytes, size: int) -> None:
    assert strip_in_pieces(sent, size)[0] == text


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"\xff\nNOOP\n", b"\xff\nNOOP\n"),
        (b"\xff\xfb\nNOOP\n", b"\nNOOP\n"),
        (b"\xff\xfa\x18\nNOOP\n", b"\nNOOP\n"),
    ],
)
def test_no_command_swallows_a_line_end(sent: bytes, text: bytes) -> None:
    assert Telnet().strip(sent) == text


def test_offers_and_requests_are_refused_once() -> None:
    telnet = Telnet()

    assert telnet.strip(b"\xff\xfb\x03\xff\xfd\x06\xff\xfc\x01\xff\xfe\x01") == b""
    assert telnet.refusals() == b"\xff\xfe\x03\xff\xfc\x06"
    assert telnet.refusals() == b""


def test_a_flood_of_offers_costs_bounded_memory() -> None:
    telnet = Telnet()
    telnet.strip(b"\xff\xfb\x03" * 10_000)

    assert len(telnet.refusals()) == 3 * 32


@given(TELNET_HEAVY | st.binary(), st.integers(1, 5))
def test_any_cut_gives_the_same_text_and_answers(data: bytes, size: int) -> None:
    assert strip_in_pieces(data, size) == strip_in_pieces(data, len(data) + 1)


@given(TELNET_HEAVY | st.binary())
def test_no_line_feed_is_ever_lost_or_made(data: bytes) -> None:
    assert Telnet().strip(data).count(b"\n") == data.count(b"\n")


@given(st.binary())
def test_text_sent_as_telnet_wants_it_arrives_unchanged(data: bytes) -> None:
    assert Telnet().strip(data.replace(b"\xff", b"\xff\xff")) == data
