# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client means to speak is seen, however its first message is cut."""

from __future__ import annotations

import contextlib
import ssl
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from secured import VERSIONS, client_context

from ftpsd.session.hello import ALPN, Hello, NotTls, protocols

OFFERS: tuple[tuple[str, ...], ...] = (
    (),
    ("ftp",),
    ("http/1.1",),
    ("h2", "http/1.1", "ftp"),
    ("x" * 255,),
)


def first_record(alpn: tuple[str, ...], version: ssl.TLSVersion | None = None) -> bytes:
    incoming, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = client_context(version, alpn)
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, out, server_hostname="localhost").do_handshake()
    return out.read()


def record(message: bytes, kind: int = 22) -> bytes:
    return bytes((kind, 3, 1)) + len(message).to_bytes(2, "big") + message


def cut(data: bytes, points: set[int]) -> list[bytes]:
    """Cut data into pieces, none of them empty."""
    places = sorted({0, len(data), *(point % len(data) for point in points)})
    return [data[one:other] for one, other in pairwise(places)]


def fed(pieces: list[bytes]) -> Hello:
    hello = Hello()
    for number, piece in enumerate(pieces):
        assert hello.feed(piece) == (number == len(pieces) - 1)
    return hello


HELLOS = {alpn: first_record(alpn) for alpn in OFFERS}
POINTS = st.sets(st.integers(0, 2000), max_size=60)


@pytest.mark.parametrize("version", [*VERSIONS, None])
@pytest.mark.parametrize("alpn", OFFERS)
def test_what_a_real_client_offers_is_seen(
    alpn: tuple[str, ...], version: ssl.TLSVersion | None
) -> None:
    found = protocols(bytes(fed([first_record(alpn, version)]).message))

    assert found == ([one.encode() for one in alpn] or None)


@given(st.sampled_from(OFFERS), POINTS)
def test_it_may_come_in_any_pieces(alpn: tuple[str, ...], points: set[int]) -> None:
    found = protocols(bytes(fed(cut(HELLOS[alpn], points)).message))

    assert found == ([one.encode() for one in alpn] or None)


@given(st.sampled_from(OFFERS), POINTS, POINTS)
def test_nobody_hides_it_by_other_records(
    alpn: tuple[str, ...], records: set[int], points: set[int]
) -> None:
    """Nothing protects the records of a first message: who sits between may cut them anew."""
    data = b"".join(map(record, cut(HELLOS[alpn][5:], records)))

    assert fed(cut(data, points)).message == HELLOS[alpn][5:]


@pytest.mark.parametrize(
    "before",
    [record(b""), record(b"\1\x5a", 21), record(b"\1", 20), record(b"x", 23), b"\x80\x2e\1\3\3"],
    ids=["an empty record", "an alert", "a change of cipher", "data", "SSL 2"],
)
def test_nothing_comes_before_it(before: bytes) -> None:
    with pytest.raises(NotTls):
        Hello().feed(before + HELLOS["http/1.1",])


def test_what_follows_it_does_not_matter() -> None:
    hello = Hello()

    assert hello.feed(HELLOS["ftp",] + record(b"", 23))
    assert hello.message == HELLOS["ftp",][5:]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_any_bytes_are_a_message_or_refused(pieces: list[bytes]) -> None:
    hello = Hello()
    with contextlib.suppress(NotTls):
        for piece in pieces:
            hello.feed(piece)


def test_an_endless_message_is_refused_before_it_takes_memory() -> None:
    hello = Hello()
    piece = record(b"\1\xff\xff\xff" + bytes(16380))

    def endless() -> None:
        while not hello.feed(piece):
            pass

    with pytest.raises(NotTls):
        endless()
    assert len(hello.message) < 200_000


@given(st.binary(max_size=300))
def test_any_message_offers_something_or_nothing(message: bytes) -> None:
    found = protocols(message)

    assert found is None or all(isinstance(one, bytes) for one in found)


@given(st.sampled_from(OFFERS), st.integers(0, 600), st.binary(max_size=3))
def test_nothing_is_offered_without_its_number(
    alpn: tuple[str, ...], at: int, damage: bytes
) -> None:
    message = HELLOS[alpn][5:]
    message = message[:at] + damage + message[at + len(damage) :]

    assert ALPN in message or protocols(message) is None


@given(st.sampled_from(OFFERS), st.integers(0, 600), st.binary(max_size=3))
def test_a_damaged_message_is_no_crash(alpn: tuple[str, ...], at: int, damage: bytes) -> None:
    message = HELLOS[alpn][5:]
    protocols(message[:at])
    protocols(message[:at] + damage + message[at + len(damage) :])
