# SPDX-License-Identifier: GPL-3.0-or-later
"""Any bytes in any pieces become lines or bad lines."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.protocol.line import BadLine, LineBuffer

TOO_LONG = "bad: line too long"
CONTROL = "bad: control character"


def shown(line: str | BadLine) -> str:
    return f"bad: {line.reason}" if isinstance(line, BadLine) else line


def taken(buffer: LineBuffer) -> list[str]:
    lines: list[str] = []
    while (line := buffer.take()) is not None:
        lines.append(shown(line))
    return lines


def lines_of(*pieces: bytes, limit: int = 20) -> list[str]:
    buffer = LineBuffer(limit)
    lines: list[str] = []
    for piece in pieces:
        buffer.feed(piece)
        lines += taken(buffer)
    return lines


@pytest.mark.parametrize(
    ("sent", "lines"),
    [
        (b"", []),
        (b"NOOP", []),
        (b"NOOP\r\n", ["NOOP"]),
        (b"NOOP\n", ["NOOP"]),
        (b"NOOP\r\r\n", ["NOOP"]),
        (b"\r\n\n", ["", ""]),
        (b"A\r\nB\r\nC", ["A", "B"]),
        (b"CWD  a \r\n", ["CWD  a "]),
        (b"CWD a\tb\r\n", ["CWD a\tb"]),
        ("CWD \u00fc\r\n".encode(), ["CWD \u00fc"]),
        (b"CWD \xfc\r\n", ["CWD \udcfc"]),
        (b"CWD \xff\xff\r\n", ["CWD \udcff"]),
        (b"CWD \xff\xfb\x01a\r\n", ["CWD a"]),
        (b"\xff\xf4\xff\xf2ABOR\r\n", ["ABOR"]),
    ],
)
def test_a_line_ends_with_lf_crlf_or_crcrlf(sent: bytes, lines: list[str]) -> None:
    assert lines_of(sent) == lines


@pytest.mark.parametrize(
    "line",
    [b"a\0b", b"a\rb", b"\ra", b"a\r\0", b"a\r\r\r", b"\x01", b"\x08", b"\x0b", b"\x1b[m", b"\x7f"],
)
def test_a_control_character_makes_one_bad_line(line: bytes) -> None:
    assert lines_of(line + b"\nNOOP\r\n") == [CONTROL, "NOOP"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n"])
def test_the_limit_counts_the_line_without_its_end(end: bytes) -> None:
    assert lines_of(b"x" * 20 + end) == ["x" * 20]
    assert lines_of(b"x" * 21 + end + b"NOOP" + end) == [TOO_LONG, "NOOP"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n"])
def test_the_limit_is_the_same_byte_by_byte(end: bytes) -> None:
    fits, over = b"x" * 20 + end, b"x" * 21 + end

    assert lines_of(*[bytes([byte]) for byte in fits]) == ["x" * 20]
    assert lines_of(*[bytes([byte]) for byte in over]) == [TOO_LONG]


def test_what_follows_many_carriage_returns_is_not_forgotten() -> None:
    assert lines_of(b"x" * 20 + b"\r" * 100, b"y\n") == [TOO_LONG]


def test_an_endless_line_costs_little_and_is_refused_once() -> None:
    buffer = LineBuffer(4096)
    tracemalloc.start()
    for _ in range(16):
        buffer.feed(b"x" * 65536)
        assert not buffer.full
        assert buffer.take() is None
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    buffer.feed(b"\r\nNOOP\r\n")

    assert held < 65536
    assert taken(buffer) == [TOO_LONG, "NOOP"]


def test_the_buffer_is_full_until_enough_is_taken() -> None:
    buffer = LineBuffer(10)
    buffer.feed(b"NOOP\r\n" * 6)
    was_full_before = buffer.full
    buffer.feed(b"NOOP\r\n")
    was_full = buffer.full
    buffer.take()

    assert (was_full_before, was_full, buffer.full) == (False, True, False)


def test_empty_lines_fill_the_buffer_too() -> None:
    buffer = LineBuffer(10)
    buffer.feed(b"\n" * 40)

    assert buffer.full


def test_telnet_offers_are_answered() -> None:
    buffer = LineBuffer(10)
    buffer.feed(b"\xff\xfd\x06NO")

    assert buffer.refusals() == b"\xff\xfc\x06"
    assert buffer.refusals() == b""


def test_a_tls_client_hello_is_not_a_crash() -> None:
    hello = bytes.fromhex("16030100f8010000f40303") + bytes(range(256)) + b"\n"

    assert lines_of(hello, limit=4096) == [CONTROL, CONTROL]


@given(st.binary(), st.lists(st.integers(0, 300)))
def test_any_bytes_in_any_pieces_give_the_same_lines(data: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:end] for start, end in pairwise(places)]

    assert lines_of(*pieces) == lines_of(data)


@given(st.lists(st.sampled_from([b"x" * 18, b"x", b"\r", b"\n", b"\xff", b"\xfb", b"\0"])))
def test_pieces_near_the_limit_give_the_same_lines(pieces: list[bytes]) -> None:
    assert lines_of(*pieces) == lines_of(b"".join(pieces))


@given(st.binary())
def test_every_line_feed_ends_exactly_one_line(data: bytes) -> None:
    assert len(lines_of(data)) == data.count(b"\n")


@given(st.binary(max_size=20).filter(lambda name: not set(name) & {*range(32), 127, 255}))
def test_bytes_of_a_name_come_back_unchanged(name: bytes) -> None:
    [line] = lines_of(name + b"\r\n")

    assert line.encode("utf-8", "surrogateescape") == name
