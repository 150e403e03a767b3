"""Arguments of the younger commands become values, or one clean error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.protocol import extension
from ftpsd.protocol.reply import BadArgument

SECOND = 1_000_000_000
Y2020 = 1577836800 * SECOND


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (extension.byte_range, "0 0", (0, 0)),
        (extension.byte_range, "10 20", (10, 20)),
        (extension.byte_range, "1 0", None),
        (extension.words, "", []),
        (extension.words, 'a  "b c" "d""e"', ["a", "b c", 'd"e']),
        (extension.words, '""', [""]),
        (extension.path_and_range, "a b 1 2", ("a b 1 2", None)),
        (extension.path_and_range, '"a b"', ("a b", None)),
        (extension.path_and_range, '"a" 5', ("a", (0, 4))),
        (extension.path_and_range, '"a" 2 5', ("a", (2, 4))),
        (extension.paths, 'all "part 1" part2', ["all", "part 1", "part2"]),
        (extension.time_and_path, "20200101000000 a b", (Y2020, "a b")),
        (extension.time_and_path, "20200101000000", None),
        (extension.time_and_path, "name", None),
        (extension.utime, "202001010000 a", (Y2020, "a")),
        (extension.utime, "20200101000000 a b", (Y2020, "a b")),
        (
            extension.utime,
            "a b 20190101000000 20200101000000 20190101000000 UTC",
            (Y2020, "a b"),
        ),
        (extension.host, "FTP.Example.org.", "ftp.example.org"),
        (extension.host, "[2001:db8::1]", "[2001:db8::1]"),
    ],
)
def test_an_argument_is_read(parse: Callable[[str], Any], text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "code"),
    [
        (extension.byte_range, "2 1", 501),
        (extension.byte_range, "x", 501),
        (extension.words, '"open', 501),
        (extension.path_and_range, '"a" 5 5', 501),
        (extension.path_and_range, '"a" 1 2 3', 501),
        (extension.path_and_range, "", 501),
        (extension.paths, "one", 501),
        (extension.paths, " ".join(["a"] * 101), 501),
        (extension.utime, "2020 a", 501),
        (extension.utime, "20201301000000 a", 501),
        (extension.facts_and_path, "modify=20200101000000;", 501),
        (extension.facts_and_path, "size=1; a", 504),
        (extension.facts_and_path, "modify=x; a", 501),
        (extension.host, "", 501),
        (extension.host, "a b", 501),
        (extension.host, "a" * 300, 501),
    ],
)
def test_a_bad_argument_has_its_code(parse: Callable[[str], Any], text: str, code: int) -> None:
    with pytest.raises(BadArgument) as refused:
        parse(text)

    assert refused.value.code == code


def test_facts_to_set_are_read_in_any_case_and_order() -> None:
    facts, path = extension.facts_and_path("UNIX.gid=5;Modify=20200101000000;unix.mode=600; a b")

    assert facts.mode is not None
    assert (facts.modified, facts.group, path) == (Y2020, 5, "a b")
    assert facts.mode.apply(0, directory=False) == 0o600


@pytest.mark.parametrize(
    "parse",
    [
        extension.byte_range,
        extension.words,
        extension.path_and_range,
        extension.paths,
        extension.time_and_path,
        extension.utime,
        extension.facts_and_path,
        extension.host,
    ],
)
@given(text=st.text(max_size=60))
def test_any_text_gives_a_value_or_a_refusal(parse: Callable[[str], Any], text: str) -> None:
    code = 500
    try:
        parse(text)
    except BadArgument as refused:
        code = refused.code

    assert code in (500, 501, 504)
