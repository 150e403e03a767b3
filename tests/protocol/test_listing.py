# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings look as ls writes them, and no name can break a line."""

from __future__ import annotations

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.protocol import listing
from ftpsd.protocol.facts import FACTS
from ftpsd.protocol.listing import (
    Entry,
    facts,
    human_size,
    long_line,
    mode_text,
    permissions,
    type_fact,
)

NOW = 1_594_814_400  # 15 July 2020, 12:00


def entry(  # noqa: PLR0913 - an entry is that wide
    name: str = "a",
    mode: int = 0o100644,
    *,
    owner: str = "anna",
    group: str = "users",
    size: int = 5,
    target: str | None = None,
) -> Entry:
    return Entry(
        name,
        mode,
        links=1,
        owner=owner,
        group=group,
        size=size,
        modified=NOW * 10**9,
        target=target,
        device=0xFE01,
        inode=0x2A,
        uid=1000,
        gid=100,
    )


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        (entry(), "-rw-r--r--    1 anna     users           5 Jul 15 12:00 a"),
        (
            entry(" b c ", 0o042755, size=5_000_000_000),
            "drwxr-sr-x    1 anna     users    5000000000 Jul 15 12:00  b c ",
        ),
        (
            entry("l", 0o120777, target="../x"),
            "lrwxrwxrwx    1 anna     users           5 Jul 15 12:00 l -> ../x",
        ),
        (
            entry("\u00fc\udcff\t", owner="DOM\\domain users", group=""),
            "-rw-r--r--    1 DOM\\domain_users -               5 Jul 15 12:00 \u00fc\udcff\t",
        ),
    ],
)
def test_a_line_of_list_is_that_of_ls(shown: Entry, line: str) -> None:
    assert long_line(shown, NOW) == line


def test_a_name_cannot_break_a_line() -> None:
    nasty = entry("a\r\n\0b", target="c\nd", owner="e\nf")

    assert long_line(nasty, NOW).endswith(" a???b -> c?d")
    assert facts(nasty, ("size",), "", "file") == "size=5; a???b"


@given(st.binary(), st.binary(), st.text())
def test_no_bytes_break_a_line(name: bytes, target: bytes, owner: str) -> None:
    nasty = entry(
        name.decode("utf-8", "surrogateescape"),
        owner=owner,
        target=target.decode("utf-8", "surrogateescape"),
    )
    lines = long_line(nasty, NOW) + facts(nasty, FACTS, "r", "file")

    assert not {"\r", "\n", "\0"} & set(lines)


@given(st.binary(min_size=1).filter(lambda name: min(name) >= 32 and 127 not in name))
def test_the_bytes_of_a_name_are_shown_unchanged(name: bytes) -> None:
    line = long_line(entry(name.decode("utf-8", "surrogateescape")), NOW)

    assert line.encode("utf-8", "surrogateescape").endswith(b" Jul 15 12:00 " + name)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0"),
        (1023, "1023"),
        (1024, "1.0K"),
        (1025, "1.1K"),
        (10188, "10K"),
        (10240, "10K"),
        (10241, "11K"),
        (1023 << 10, "1023K"),
        ((1023 << 10) + 1, "1.0M"),
        (34 << 20, "34M"),
        (6 * 10**9, "5.6G"),
        (2**63 - 1, "8.0E"),
    ],
)
def test_a_human_size_is_that_of_ls(size: int, text: str) -> None:
    assert human_size(size) == text


@given(st.integers(0, 2**63 - 1))
def test_a_human_size_is_short_and_never_too_small(size: int) -> None:
    text = human_size(size)
    number = float(text.rstrip("KMGTPE"))
    shown = number * 1024 ** (" KMGTPE".index(text[-1]) if text[-1].isalpha() else 0)

    assert len(text) <= 5
    # What is shown is up to a tenth of it too large, as only two digits are.
    assert size <= shown <= size * 1.1 + 1


@given(st.sampled_from([0o4, 0o12, 0o10, 0o1, 0o14, 0o2, 0o6]), st.integers(0, 0o7777))
def test_modes_are_those_of_stat(kind: int, bits: int) -> None:
    assert mode_text(kind << 12 | bits) == stat.filemode(kind << 12 | bits)


def test_a_file_of_unknown_kind_is_shown_as_such() -> None:
    assert mode_text(0o644) == "?rw-r--r--"
    assert type_fact(0o644) == "OS.unix=unknown"


@pytest.mark.parametrize(
    ("mode", "fact"),
    [
        (0o100644, "file"),
        (0o040755, "dir"),
        (0o120777, "OS.unix=symlink"),
        (0o010644, "OS.unix=pipe"),
    ],
)
def test_the_type_fact_names_the_kind(mode: int, fact: str) -> None:
    assert type_fact(mode) == fact


def test_when_a_file_was_made_is_told_if_it_is_known() -> None:
    known = entry("a")
    known.created = (NOW - 3600) * 10**9

    assert facts(known, ("modify", "create"), "r", "file") == (
        "modify=20200715120000;create=20200715110000; a"
    )
    assert facts(entry("a"), ("create", "perm"), "r", "file") == "perm=r; a"


def test_facts_come_in_their_order_before_the_name() -> None:
    line = facts(entry("a b"), FACTS, "adfrw", "file")

    assert line == (
        "type=file;size=5;modify=20200715120000;perm=adfrw;unix.mode=0644;unix.uid=1000;"
        "unix.gid=100;unix.owner=anna;unix.group=users;unique=fe01g2a; a b"
    )


def test_a_directory_has_no_size() -> None:
    line = facts(entry("d", 0o040755), ("type", "size", "perm"), "el", "cdir")

    assert line == "type=cdir;perm=el; d"


def test_without_facts_there_is_a_space_and_the_name() -> None:
    assert facts(entry("a"), (), "r", "file") == " a"


def test_an_owner_cannot_end_its_fact() -> None:
    line = facts(entry(owner="a;b=c d"), ("unix.owner",), "r", "file")

    assert line == "unix.owner=a_b=c_d; a"


@pytest.mark.parametrize(
    ("may", "file", "directory"),
    [
        ((False, False, False), "", ""),
        ((True, False, False), "r", "el"),
        ((False, True, False), "aw", "cmp"),
        ((False, False, True), "df", "df"),
        ((True, True, True), "adfrw", "cdeflmp"),
    ],
)
def test_the_perm_fact_says_what_may_be_done(
    may: tuple[bool, bool, bool], file: str, directory: str
) -> None:
    assert permissions(False, *may) == file
    assert permissions(True, *may) == directory


def test_what_is_remembered_is_bounded() -> None:
    for number in range(3000):
        long_line(entry(mode=number, owner=str(number)), NOW)

    assert len(vars(listing)["_modes_seen"]) <= 1024
    assert len(vars(listing)["_words_seen"]) <= 1024
