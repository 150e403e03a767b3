# SPDX-License-Identifier: GPL-3.0-or-later
"""Every setting is declared once; its sample, its default and its bounds come from there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.admin.documents import sample
from ftpsd.admin.texts import FORMS, PURPOSES
from ftpsd.options import (
    OPTIONS,
    Settings,
    boolean,
    count,
    key,
    port_range,
    seconds,
    size,
    source_port,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def value(parse: Callable[[str], Any], text: str) -> Any:
    """Give what a text means; `None` if it is refused with what would be right."""
    try:
        return parse(text)
    except ValueError as error:
        return None if str(error).startswith("expected ") else error


@pytest.mark.parametrize("text", ["1", "yes", "Y", "TRUE", "t", "on"])
def test_yes_is_written_as_systemd_does(text: str) -> None:
    assert boolean(text) is True


@pytest.mark.parametrize("text", ["0", "no", "N", "False", "f", "off"])
def test_no_is_written_as_systemd_does(text: str) -> None:
    assert boolean(text) is False


@pytest.mark.parametrize("text", ["", "2", "yes please", "ja", "none"])
def test_perhaps_is_neither(text: str) -> None:
    assert value(boolean, text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("90s", 90),
        ("90 sec", 90),
        ("5min", 300),
        ("5 m", 300),
        ("2h", 7200),
        ("1d", 86400),
        ("86400", 86400),
        ("0", None),
        ("86401", None),
        ("2d", None),
        ("-1", None),
        ("1.5h", None),
        ("5 minutes", 300),
        ("90seconds", 90),
        ("1hr", 3600),
        ("1h 30min", 5400),
        ("1h30min 1s", 5401),
        ("23hours 59 minutes 60 sec", 86400),
        ("23h 60min 1s", None),
        ("1h 30", None),
        ("30 1h", None),
        ("1 1", None),
        ("1h, 30min", None),
        ("500ms", None),
        ("1" * 20, None),
        ("1" * 20 + "s", None),
        ("s" + "1" * 10_000, None),
        ("min", None),
        ("", None),
        ("infinity", None),
        ("\u00b2", None),
    ],
)
def test_a_time_span_is_written_as_systemd_does(text: str, number: int | None) -> None:
    assert value(seconds, text) == number


@pytest.mark.parametrize(
    ("parse", "text", "number"),
    [
        (size, "500M", 500 * 1024**2),
        (size, "1G 500M", 1524 * 1024**2),
        (size, "infinity", 0),
        (size, "5infinity", None),
        (size, "1G infinity", None),
        (size, "500m", None),
        (count, "12", 12),
        (count, "infinity", 0),
        (count, "1 2", None),
    ],
)
def test_a_size_or_a_number_has_its_own_units(
    parse: Callable[[str], int], text: str, number: int | None
) -> None:
    assert value(parse, text) == number


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("any", (0, 0)),
        ("1024-65535", (1024, 65535)),
        ("50000-50000", (50000, 50000)),
        ("1023-2000", None),
        ("2000-65536", None),
        ("2000-1999", None),
        ("2000", None),
        ("2000-", None),
        ("-2000", None),
        ("a-b", None),
        ("", None),
    ],
)
def test_a_range_of_ports_is_whole_and_unprivileged(
    text: str, ports: tuple[int, int] | None
) -> None:
    assert value(port_range, text) == ports


@pytest.mark.parametrize(
    ("text", "port"),
    [("any", 0), ("20", 20), ("1", 1), ("65535", 65535), ("0", None), ("65536", None), ("x", None)],
)
def test_a_source_port_is_one_port(text: str, port: int | None) -> None:
    assert value(source_port, text) == port


@given(text=TEXT)
def test_any_text_is_a_value_within_bounds_or_refused(text: str) -> None:
    span, ports, port = (value(parse, text) for parse in (seconds, port_range, source_port))

    assert span is None or 1 <= span <= 86400
    assert ports is None or ports == (0, 0) or 1024 <= ports[0] <= ports[1] <= 65535
    assert port is None or 0 <= port <= 65535


@pytest.mark.parametrize("name", OPTIONS)
def test_a_default_is_what_its_text_means(name: str) -> None:
    told = OPTIONS[name].metadata

    assert told["parse"](told["text"]) == OPTIONS[name].default
    assert getattr(Settings(), OPTIONS[name].name) == OPTIONS[name].default


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_told_in_a_sentence(name: str) -> None:
    assert PURPOSES[name].endswith(".")
    assert FORMS[OPTIONS[name].metadata["parse"]]


def test_every_field_is_an_option_by_its_key() -> None:
    assert [field.name for field in OPTIONS.values()] == [
        field.name for field in dataclasses.fields(Settings)
    ]
    assert key("pam_session") == "PAMSession"
    assert key("minimum_uid") == "MinimumUID"


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_in_the_sample_with_its_default(name: str) -> None:
    told = OPTIONS[name].metadata
    section = sample().split(f"\n[{told['section']}]\n")[1].split("\n[")[0]

    assert f"# {PURPOSES[name]}\n#{name}={told['text']}\n" in section


def test_the_sample_sets_nothing() -> None:
    lines = sample().splitlines()

    assert [line for line in lines if line and line[0] not in "#["] == []
    assert len(lines) == len(set(filter(None, lines))) + lines.count("")
