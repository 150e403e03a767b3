# SPDX-License-Identifier: GPL-3.0-or-later
"""The sections of settings, and how values are written."""

from __future__ import annotations

from typing import Final

from ftpsd.options import OPTIONS

SECTIONS: Final = {key: str(one.metadata["section"]) for key, one in OPTIONS.items()}
"""The section of each setting."""
PASSED_ON: Final = tuple(dict.fromkeys(SECTIONS.values()))
"""The sections in the order in which they are written."""

LONGEST: Final = 86400
"""Seconds that ftpsd waits at most, for anything."""
LONGEST_DELAY: Final = 30
MOST_FAILURES: Final = 15
MOST_SESSIONS: Final = 10**6


def yes(value: object) -> str:
    """Write a boolean."""
    return "yes" if value else "no"


def span(seconds: int) -> str:
    """Write a time span."""
    if seconds == LONGEST:
        return "1d"
    return f"{seconds // 60}min" if seconds and seconds % 60 == 0 else f"{seconds}s"


def patience(seconds: int) -> str:
    """Write a time-out: none is as long as can be."""
    return span(min(seconds or LONGEST, LONGEST))


def bounded(number: int) -> str:
    """Write a bound, which for vsftpd is none if it is 0."""
    return str(number or "infinity")


def mode(bits: int) -> str:
    """Write permission bits."""
    return f"0{bits & 0o777:03o}"
