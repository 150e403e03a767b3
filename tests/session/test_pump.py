# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes on their way, at the edges of the pieces they are moved in."""

from __future__ import annotations

import os
import re
import zlib
from typing import TYPE_CHECKING, cast

import pytest

from ftpsd.session import pump
from ftpsd.session.deflate import ReceiveInflated

if TYPE_CHECKING:
    from served import Client

    from ftpsd.session.stream import Stream

PIECE = 1 << 18
EDGES = [PIECE - 2, PIECE - 1, PIECE, PIECE + 1]


def test_the_edges_are_where_the_pump_has_them() -> None:
    assert pump._PIECE == PIECE


@pytest.mark.parametrize("place", EDGES)
def test_text_is_sent_exactly_wherever_a_line_ends(client: Client, place: int) -> None:
    client.says("TYPE A")
    for end in (b"\n", b"\r\n", b"\r", b"\r\r\n", b"\n\n"):
        content = b"x" * place + end + b"y" * 10
        (client.served.root / "text").write_bytes(content)

        assert client.fetch("RETR text") == re.sub(rb"(?<!\r)\n", b"\r\n", content)


@pytest.mark.parametrize("place", EDGES)
@pytest.mark.parametrize("rest", [b"", b"y" * 10])
def test_text_is_stored_exactly_wherever_a_line_ends(
    client: Client, place: int, rest: bytes
) -> None:
    client.says("TYPE A")
    for end in (b"\n", b"\r\n", b"\r", b"\r\r\n", b"\r\n\r\n", b"\r\r"):
        content = b"x" * place + end + rest
        client.store("STOR text", content)

        assert (client.served.root / "text").read_bytes() == content.replace(b"\r\n", b"\n")


def test_a_text_that_comes_byte_by_byte_is_the_same(client: Client) -> None:
    client.says("TYPE A")
    with client.passive() as data:
        client.says("STOR text")
        for byte in b"a\r\nb\rc\n\r\r\n":
            data.sendall(bytes([byte]))

    assert client.reply()[:3] == "226"
    assert (client.served.root / "text").read_bytes() == b"a\nb\rc\n\r\n"


class Records:
    """What comes is as long as a record of TLS, each time."""

    def __init__(self, *, secure: bool) -> None:
        self.secure = secure
        self.given: list[bytearray] = []

    def recv_into(self, buffer: bytearray) -> int:
        self.given.append(buffer)
        return pump._FIRST


@pytest.mark.parametrize(("secure", "buffers"), [(True, 1), (False, 2)])
def test_an_upload_takes_a_buffer_anew_at_most_once(*, secure: bool, buffers: int) -> None:
    records = Records(secure=secure)
    with open(os.memfd_create("upload"), "wb") as file:
        receiving = pump.ReceiveFile(file.fileno(), cast("Stream", records))
        for _ in range(5):
            receiving.step()

    assert len({id(one) for one in records.given}) == buffers
    assert receiving.bytes == 5 * pump._FIRST


class Bomb:
    """A connection on which all has arrived that zeros become when they are compressed."""

    def __init__(self, size: int) -> None:
        self._left = zlib.compress(bytes(size))

    def recv(self, size: int) -> bytes:
        piece, self._left = self._left[:size], self._left[size:]
        return piece


def test_little_is_decompressed_between_one_look_at_the_room_and_the_next() -> None:
    written = [0]

    def write(piece: bytes) -> None:
        written[-1] += len(piece)

    receiving = ReceiveInflated(write, cast("Stream", Bomb(100 << 20)))
    while receiving.step():
        written.append(0)

    assert sum(written) == 100 << 20
    assert max(written) < 1 << 25
