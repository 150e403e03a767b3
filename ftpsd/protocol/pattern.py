# SPDX-License-Identifier: GPL-3.0-or-later
"""Wildcards in the names of LIST and NLST, as a shell has them: `*`, `?` and `[a-z]`."""

from __future__ import annotations

WILD = "*?["


def has_wildcard(text: str) -> bool:
    """Say whether `text` is a pattern and not just a name."""
    return any(one in text for one in WILD)


def _set(pattern: str, at: int, letter: str) -> tuple[int, bool]:
    """Match one `[...]` that begins at `at`; give where it ends, `at` itself if it never does."""
    end = pattern.find("]", at + 2 + (pattern[at + 1 : at + 2] in ("!", "^")))
    if end < 0:
        return at, letter == "["
    inside = pattern[at + 1 : end]
    inverted = inside[:1] in ("!", "^")
    inside = inside[inverted:]
    found, place = False, 0
    while place < len(inside):
        if inside[place + 1 : place + 2] == "-" and place + 2 < len(inside):
            found = found or inside[place] <= letter <= inside[place + 2]
            place += 3
        else:
            found = found or inside[place] == letter
            place += 1
    return end, found != inverted


def matches(pattern: str, name: str) -> bool:
    """Say whether `name` fits `pattern`, in time of the product of their lengths.

    Only the last `*` is ever tried again: what an earlier one took cannot matter any more.
    """
    at = place = 0
    star = mark = -1
    while place < len(name):
        letter = pattern[at : at + 1]
        if letter == "*":
            star, mark = at, place
            at += 1
            continue
        end, fits = at, letter in ("?", name[place])
        if letter == "[":
            end, fits = _set(pattern, at, name[place])
        if letter and fits:
            at, place = end + 1, place + 1
        elif star >= 0:
            mark += 1
            at, place = star + 1, mark
        else:
            return False
    return not pattern[at:].strip("*")
