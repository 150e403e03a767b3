# SPDX-License-Identifier: GPL-3.0-or-later
"""Every argument becomes a value or a refusal with the right code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.protocol import argument
from ftpsd.protocol.argument import BadArgument, ListRequest
from ftpsd.protocol.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

PARSERS: list[Callable[[str], object]] = [
    argument.nothing,
    argument.anything,
    argument.required_text,
    argument.path,
    argument.optional_path,
    argument.offset,
    argument.allocation,
    argument.representation,
    argument.structure,
    argument.mode,
    argument.modify_time_and_path,
    argument.optional_octal,
    argument.listing,
]


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (argument.nothing, "", None),
        (argument.nothing, "  ", None),
        (argument.anything, "", ""),
        (argument.anything, " x ", " x "),
        (argument.required_text, " x", " x"),
        (argument.path, " a b ", " a b "),
        (argument.path, " ", " "),
        (argument.path, "a\tb\udcff", "a\tb\udcff"),
        (argument.path, "\u00fc" * 2048, "\u00fc" * 2048),
        (argument.optional_path, "", ""),
        (argument.optional_path, "-a", "-a"),
        (argument.offset, "0", 0),
        (argument.offset, "0007", 7),
        (argument.offset, "0" * 5000, 0),
        (argument.offset, "9223372036854775807", 2**63 - 1),
        (argument.allocation, "10", 10),
        (argument.allocation, "10 R 5", 10),
        (argument.allocation, "10 r 5", 10),
        (argument.representation, "A", "A"),
        (argument.representation, "a n", "A"),
        (argument.representation, "I", "I"),
        (argument.representation, "i ", "I"),
        (argument.representation, "L 8", "I"),
        (argument.representation, "l8", "I"),
        (argument.structure, "f", "F"),
        (argument.mode, "s", "S"),
        (argument.mode, "z", "Z"),
        (argument.optional_number, "", None),
        (argument.optional_number, "60", 60),
        (argument.modify_time_and_path, "19700101000001  a b", (10**9, " a b")),
        (argument.modify_time_and_path, "19700101000001.5 a", (1_500_000_000, "a")),
        (argument.optional_octal, "", None),
        (argument.optional_octal, "022", 0o22),
        (argument.optional_octal, "777", 0o777),
    ],
)
def test_an_argument_becomes_a_value(
    parse: Callable[[str], object], text: str, value: object
) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "code"),
    [
        (argument.nothing, "x", 501),
        (argument.required_text, "", 501),
        (argument.required_text, "  ", 501),
        (argument.path, "", 501),
        (argument.path, "\u00fc" * 2049, 501),
        (argument.path, "a\nb", 501),
        (argument.path, "\ud800", 501),
        (argument.offset, "", 501),
        (argument.offset, "-1", 501),
        (argument.offset, "+1", 501),
        (argument.offset, "1_0", 501),
        (argument.offset, " 1", 501),
        (argument.offset, "\u0661", 501),
        (argument.offset, "x", 501),
        (argument.offset, "9223372036854775808", 501),
        (argument.offset, "1" * 5000, 501),
        (argument.allocation, "", 501),
        (argument.allocation, "10 R", 501),
        (argument.allocation, "10 R x", 501),
        (argument.allocation, "10 5", 501),
        (argument.allocation, "x R 5", 501),
        (argument.representation, "A T", 504),
        (argument.representation, "a c", 504),
        (argument.representation, "E", 504),
        (argument.representation, "E N", 504),
        (argument.representation, "L 7", 504),
        (argument.representation, "L36", 504),
        (argument.representation, "", 501),
        (argument.representation, "L", 501),
        (argument.representation, "X", 501),
        (argument.representation, "\u0131", 501),
        (argument.structure, "R", 504),
        (argument.structure, "p", 504),
        (argument.structure, "", 501),
        (argument.mode, "B", 504),
        (argument.mode, "C", 504),
        (argument.mode, "Q", 501),
        (argument.modify_time_and_path, "19700101000001", 501),
        (argument.modify_time_and_path, "yesterday a", 501),
        (argument.optional_octal, "1000", 501),
        (argument.optional_octal, "-22", 501),
    ],
)
def test_a_bad_argument_has_its_code(parse: Callable[[str], object], text: str, code: int) -> None:
    with pytest.raises(BadArgument) as refusal:
        parse(text)

    assert refusal.value.code == code
    assert Reply(code, refusal.value.text).code == code


OPTIONS = {
    "a": "all",
    "A": "almost_all",
    "R": "recursive",
    "t": "by_time",
    "S": "by_size",
    "r": "reverse",
    "l": "long",
    "d": "directory",
    "1": "one_per_line",
    "F": "classify",
    "h": "human",
}


def options_of(request: ListRequest) -> str:
    return "".join(letter for letter, option in OPTIONS.items() if getattr(request, option))


@pytest.mark.parametrize(
    ("text", "options", "path"),
    [
        ("", "", ""),
        ("some path ", "", "some path "),
        (" x", "", " x"),
        ("-la", "al", ""),
        ("-A", "A", ""),
        ("-CF", "F", ""),
        ("-aRtSrld1Fh", "aRtSrld1Fh", ""),
        ("-a -l -R sub dir", "aRl", "sub dir"),
        ("-la  x", "al", " x"),
        ("-l -- -dash", "l", "-dash"),
        ("--", "", ""),
        ("-- a", "", "a"),
        ("--color=all x", "", "x"),
        ("-", "", "-"),
        ("-l -", "l", "-"),
        ("- a", "", "- a"),
        ("a -l", "l", "a"),
        ("a b -l -R", "Rl", "a b"),
        ("-a x -l", "al", "x"),
        ("-- x -l", "", "x -l"),
        ("a -1", "", "a -1"),
        ("-l .", "l", "."),
        ("-zZ x", "", "x"),
    ],
)
def test_a_listing_has_options_and_one_path(text: str, options: str, path: str) -> None:
    request = argument.listing(text)

    assert (options_of(request), request.path, request.raw) == (options, path, text)


@pytest.mark.parametrize("parse", PARSERS)
@given(text=st.text(st.characters()) | st.text("0123456789AEIL -.R"))
def test_any_text_is_a_value_or_a_bad_argument(parse: Callable[[str], object], text: str) -> None:
    try:
        parse(text)
    except BadArgument as refusal:
        reply = Reply(refusal.code, refusal.text)
    else:
        return

    assert reply.code in (501, 504)


@given(st.integers(0, 2**63 - 1))
def test_every_offset_is_read(size: int) -> None:
    assert argument.offset(str(size)) == size
