# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates agree with the standard library's calendar."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.protocol import timestamp
from ftpsd.protocol.reply import BadArgument
from ftpsd.protocol.timestamp import list_date, mdtm_text, parse_mdtm, parse_openssl

SECOND = 10**9
DAY = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - Hypothesis wants it so
    max_value=datetime(9999, 12, 31, 23, 59, 59),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)


def seconds_of(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(seconds=1)


@given(MOMENTS)
def test_a_moment_reads_as_datetime_writes_it(moment: datetime) -> None:
    text = moment.strftime("%Y%m%d%H%M%S")

    assert mdtm_text(seconds_of(moment) * SECOND) == text
    assert parse_mdtm(text) == seconds_of(moment) * SECOND


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "19700101000000"),
        (-1, "19700101000000"),
        (-(10**30), "19700101000000"),
        (SECOND - 1, "19700101000000"),
        (951_782_400 * SECOND, "20000229000000"),
        (10**30, "99991231235959"),
    ],
)
def test_times_out_of_range_are_the_nearest(nanoseconds: int, text: str) -> None:
    assert mdtm_text(nanoseconds) == text


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("19700101000000.5", 500_000_000),
        ("19700101000001.123", 1_123_000_000),
        ("19700101000000.1234567899", 123_456_789),
        ("19700101000060", 60 * SECOND),
    ],
)
def test_fractions_and_the_leap_second_are_read(text: str, nanoseconds: int) -> None:
    assert parse_mdtm(text) == nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20200101",
        "2020010100000",
        "202001010000000",
        "20200101000000.",
        "20200101000000.x",
        "20200101000000,5",
        "2020010100000x",
        "-2020010100000",
        "20200001000000",
        "20201301000000",
        "20200100000000",
        "20200132000000",
        "20210229000000",
        "21000229000000",
        "20200431000000",
        "19691231235959",
        "00000101000000",
        "20200101240000",
        "20200101006000",
        "20200101000061",
        "\u0662\u0660\u0662\u0660\u0660\u0661\u0660\u0661\u0660\u0660\u0660\u0660\u0660\u0660",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadArgument) as refusal:
        parse_mdtm(text)

    assert refusal.value.code == 501


@given(st.text("0123456789.", max_size=20) | st.text())
def test_a_text_is_a_time_or_a_bad_argument(text: str) -> None:
    try:
        nanoseconds = parse_mdtm(text)
    except BadArgument:
        return

    assert nanoseconds >= 0


NOW = seconds_of(datetime(2020, 7, 15, 12, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (NOW, "Jul 15 12:00"),
        (NOW - 182 * DAY, "Jan 15 12:00"),
        (NOW - 182 * DAY - 1, "Jan 15  2020"),
        (NOW + DAY, "Jul 16 12:00"),
        (NOW + DAY + 1, "Jul 16  2020"),
        (0, "Jan  1  1970"),
        (-(10**20), "Jan  1  1970"),
        (10**20, "Dec 31  9999"),
    ],
)
def test_a_listing_shows_the_year_of_what_is_not_recent(seconds: int, text: str) -> None:
    assert list_date(seconds, NOW) == text


@given(MOMENTS, st.integers(-400 * DAY, 400 * DAY))
def test_a_date_in_a_listing_reads_as_strftime_writes_it(moment: datetime, age: int) -> None:
    recent = -DAY <= age <= 182 * DAY
    reference = f"{moment:%b} {moment.day:2d} " + f"{moment:%H:%M}"
    text = list_date(seconds_of(moment), seconds_of(moment) + age)

    assert text == (reference if recent else f"{moment:%b} {moment.day:2d}  {moment:%Y}")


def test_remembering_days_is_bounded() -> None:
    for day in range(5000):
        list_date(day * DAY, 0)

    assert len(vars(timestamp)["_days_seen"]) <= 4096


@given(MOMENTS)
def test_the_end_of_a_certificate_is_read_as_openssl_writes_it(when: datetime) -> None:
    text = f"{when:%b} {when.day:2} {when:%H:%M:%S} {when.year} GMT"

    assert parse_openssl(text) == ssl.cert_time_to_seconds(text)


@given(st.text())
def test_what_is_no_time_of_a_certificate_is_refused(text: str) -> None:
    with pytest.raises(BadArgument):
        parse_openssl(text)
