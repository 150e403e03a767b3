# SPDX-License-Identifier: GPL-3.0-or-later
"""Wildcards in the names of LIST and NLST, as a shell has them: `*`, `?`, `[a-z]` and `{a,b}`."""

from __future__ import annotations

WILD = "*?[{"
_MOST_PATTERNS = 64
_MOST_LETTERS = 4096


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
    while place < len(inside) and not found:
        if inside[place + 1 : place + 2] == "-" and place + 2 < len(inside):
            found = inside[place] <= letter <= inside[place + 2]
            place += 3
        else:
            found = inside[place] == letter
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


def alternatives(pattern: str) -> list[str]:
    """Give the patterns that one with `{a,b}` stands for; it itself if they would be too many."""
    found, done = [pattern], list[str]()
    while found:
        one = found.pop()
        start, end = _braces(one)
        if end < 0:
            done.append(one)
        else:
            found += [one[:start] + part + one[end + 1 :] for part in _parts(one[start + 1 : end])]
        size = sum(map(len, found)) + sum(map(len, done))
        if len(found) + len(done) > _MOST_PATTERNS or size > _MOST_PATTERNS * _MOST_LETTERS:
            return [pattern]
    return done


def _braces(text: str) -> tuple[int, int]:
    """Find the first brace and its match; an end below 0 if there is no pair with a comma."""
    depth, start = 0, -1
    for place, letter in enumerate(text):
        if letter == "{":
            start = place if depth == 0 else start
            depth += 1
        elif letter == "}" and depth:
            depth -= 1
            if depth == 0 and "," in text[start:place]:
                return start, place
    return -1, -1


def _parts(text: str) -> list[str]:
    """Split at the commas that are not within inner braces."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts
