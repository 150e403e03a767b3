"""Addresses of RFC 1639."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.protocol.long_address import long_passive_text, parse_lprt
from ftpsd.protocol.reply import BadArgument


@given(st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)))
def test_an_address_is_read_as_it_is_written(packed: bytes) -> None:
    written = long_passive_text(packed, 4660).partition("(")[2].rstrip(")")

    assert parse_lprt(written) == (packed, 4660)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 501),
        ("4,4,127,0,0,1,2,1", 501),
        ("4,3,127,0,0,2,1,1", 501),
        ("4,4,127,0,0,1,3,1,1", 501),
        ("5,4,127,0,0,1,2,1,1", 521),
        ("4,4,300,0,0,1,2,1,1", 501),
        (",".join(["4"] * 100), 501),
    ],
)
def test_what_is_no_address_is_refused(text: str, code: int) -> None:
    with pytest.raises(BadArgument) as refused:
        parse_lprt(text)

    assert refused.value.code == code
