# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfers are told as programs for statistics have read them for thirty years."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ftpsd.admin.xferlog import line
from ftpsd.session import events

ENTRY: dict[str, Any] = {
    "__REALTIME_TIMESTAMP": "1700000000123456",
    "MESSAGE_ID": events.UPLOADED.id,
    "_SYSTEMD_UNIT": "ftpsd@7-192.0.2.1:21-192.0.2.9:4711.service",
    "FTPSD_USER": "anna",
    "FTPSD_REMOTE": "192.0.2.9",
    "FTPSD_PATH": "/in/a file.pdf",
    "FTPSD_BYTES": "4096",
    "FTPSD_SECONDS": "2",
    "FTPSD_TYPE": "I",
    "FTPSD_ANONYMOUS": "no",
}
FAILED = {"MESSAGE_ID": events.TRANSFER_FAILED.id}
WHEN = time.ctime(1700000000)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, "2 192.0.2.9 4096 /in/a_file.pdf b _ i r anna ftp 0 * c"),
        (
            {"MESSAGE_ID": events.DOWNLOADED.id, "FTPSD_ANONYMOUS": "yes", "FTPSD_USER": "ftp"},
            "2 192.0.2.9 4096 /in/a_file.pdf b _ o a ftp ftp 0 * c",
        ),
        ({"FTPSD_TYPE": "A"}, "2 192.0.2.9 4096 /in/a_file.pdf a _ i r anna ftp 0 * c"),
        (
            {**FAILED, "FTPSD_VERB": "RETR", "FTPSD_BYTES": "0"},
            "2 192.0.2.9 0 /in/a_file.pdf b _ o r anna ftp 0 * i",
        ),
        (
            {**FAILED, "FTPSD_VERB": "APPE"},
            "2 192.0.2.9 4096 /in/a_file.pdf b _ i r anna ftp 0 * i",
        ),
        # What is not UTF-8 comes from journalctl as numbers, and what comes twice as a list.
        (
            {"FTPSD_PATH": [47, 228, 10, 120]},
            "2 192.0.2.9 4096 /___x b _ i r anna ftp 0 * c".replace("___", "__"),
        ),
        ({"FTPSD_USER": ["anna", "bob"]}, "2 192.0.2.9 4096 /in/a_file.pdf b _ i r anna ftp 0 * c"),
    ],
)
def test_a_transfer_is_one_line(changed: dict[str, Any], told: str) -> None:
    assert line(ENTRY | changed) == f"{WHEN} {told}"


@pytest.mark.parametrize("verb", ["LIST", "MLSD", "NLST"])
def test_a_listing_is_no_transfer_of_a_file(verb: str) -> None:
    assert line({**ENTRY, **FAILED, "FTPSD_VERB": verb}) is None


@pytest.mark.parametrize("unit", ["user@1000.service", "cron.service", "", None])
def test_who_may_write_to_the_journal_makes_no_transfers(unit: str | None) -> None:
    entry = ENTRY | {"_SYSTEMD_UNIT": unit} if unit is not None else dict(ENTRY)
    if unit is None:
        del entry["_SYSTEMD_UNIT"]
    assert line(entry) is None


def test_a_line_has_eighteen_words_whatever_is_in_it() -> None:
    """ctime(3) has five of them."""
    odd = {"FTPSD_PATH": "/\u2028 \t\x1b[2J", "FTPSD_USER": "", "FTPSD_REMOTE": "2001:db8::1"}
    found = line(ENTRY | odd)

    assert found is not None
    assert len(found.split(" ")) == 18 + WHEN.count("  ")
    assert found.isprintable()


@pytest.mark.parametrize("name", ["USER", "REMOTE", "PATH", "BYTES", "SECONDS"])
@pytest.mark.parametrize("value", ["1\n2", "\x1b]0;x\x07", "\u0661", "-1", "", None])
def test_a_session_that_was_taken_over_has_no_more_than_its_line(
    name: str, value: str | None
) -> None:
    """What it writes into the journal is its own, and an admin's terminal shows it."""
    entry = ENTRY | {f"FTPSD_{name}": value}
    if value is None:
        del entry[f"FTPSD_{name}"]
    found = line(entry)

    assert found is not None
    assert len(found.split(" ")) == 18 + WHEN.count("  ")
    assert found.isprintable()
