# SPDX-License-Identifier: GPL-3.0-or-later
"""Line ends are converted the same however the data is cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.protocol.ascii import FromNetwork, ToNetwork

PIECES = st.lists(st.binary(max_size=5) | st.text("\r\na", max_size=4).map(str.encode))


def to_network(pieces: list[bytes]) -> bytes:
    converter = ToNetwork()
    return b"".join(converter.convert(piece) for piece in pieces)


def from_network(pieces: list[bytes]) -> bytes:
    converter = FromNetwork()
    return b"".join([*map(converter.convert, pieces), converter.finish()])


@pytest.mark.parametrize(
    ("pieces", "sent"),
    [
        ([b"a\nb\n"], b"a\r\nb\r\n"),
        ([b"a\r\nb"], b"a\r\nb"),
        ([b"a\r", b"\nb"], b"a\r\nb"),
        ([b"a\r", b"", b"\nb"], b"a\r\nb"),
        ([b"a\r", b"\n\n"], b"a\r\n\r\n"),
        ([b"\r\r\n"], b"\r\r\n"),
        ([b"a", b"\n"], b"a\r\n"),
        ([b"\r"], b"\r"),
    ],
)
def test_line_feeds_become_line_ends(pieces: list[bytes], sent: bytes) -> None:
    assert to_network(pieces) == sent


@pytest.mark.parametrize(
    ("pieces", "stored"),
    [
        ([b"a\r\nb\r\n"], b"a\nb\n"),
        ([b"a\r", b"\nb"], b"a\nb"),
        ([b"a\r", b"", b"\nb"], b"a\nb"),
        ([b"a\r", b"b"], b"a\rb"),
        ([b"\r", b"\r", b"\n"], b"\r\n"),
        ([b"a\r"], b"a\r"),
        ([b"a\n"], b"a\n"),
    ],
)
def test_line_ends_become_line_feeds(pieces: list[bytes], stored: bytes) -> None:
    assert from_network(pieces) == stored


def test_a_finished_converter_starts_anew() -> None:
    converter = FromNetwork()
    converter.convert(b"\r")

    assert (converter.finish(), converter.finish()) == (b"\r", b"")


@given(PIECES)
def test_sending_equals_the_reference_however_it_is_cut(pieces: list[bytes]) -> None:
    assert to_network(pieces) == re.sub(rb"(?<!\r)\n", b"\r\n", b"".join(pieces))


@given(PIECES)
def test_storing_equals_the_reference_however_it_is_cut(pieces: list[bytes]) -> None:
    assert from_network(pieces) == b"".join(pieces).replace(b"\r\n", b"\n")


@given(PIECES)
def test_a_file_without_carriage_returns_survives_both_ways(pieces: list[bytes]) -> None:
    file = b"".join(pieces).replace(b"\r", b"")

    assert from_network([to_network([file])]) == file
