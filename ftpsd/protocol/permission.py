# SPDX-License-Identifier: GPL-3.0-or-later
"""Permission bits as chmod(1) takes them: octal, or symbolic such as "u+rw,go-w" and "a+X"."""

from __future__ import annotations

from ftpsd.protocol.argument import path
from ftpsd.protocol.reply import ARGUMENT_ERROR, BadArgument

_WHO = {"u": 0o700, "g": 0o070, "o": 0o007, "a": 0o777}
_WHAT = {"r": 0o444, "w": 0o222, "x": 0o111}
_ALL = 0o777
_EXECUTE = 0o111
_SHARED = 0o3000
"""Of a directory: new files get its group, and only their owners delete them."""


def _bad() -> BadArgument:
    return BadArgument(ARGUMENT_ERROR, "Permissions are octal (644) or symbolic (u+rw,go-w).")


class Permission:
    """A change of permission bits; those that lend a program its owner's identity are left out.

    Those by which a directory is shared stay as they are, as chmod(1) leaves the first of them.
    """

    __slots__ = ("_clauses",)

    def __init__(self, text: str) -> None:
        """Read `text`. Raise `BadArgument`."""
        digits = text.strip("01234567") == ""
        if digits and 1 <= len(text.lstrip("0") or "0") <= 4 and text:
            self._clauses = [(_ALL, "=", int(text, 8) & _ALL, False)]
        elif text and len(text) <= 256:
            self._clauses = [_clause(clause) for clause in text.split(",")]
        else:
            raise _bad()

    def apply(self, mode: int, *, directory: bool) -> int:
        """Give the bits that a file of `mode` has afterwards."""
        kept = mode & _SHARED if directory else 0
        mode &= _ALL
        for who, operator, what, conditional in self._clauses:
            bits = what
            if conditional and (directory or mode & _EXECUTE):
                bits |= _EXECUTE
            bits &= who
            if operator == "+":
                mode |= bits
            elif operator == "-":
                mode &= ~bits
            else:
                mode = mode & ~who | bits
        return mode | kept


def _clause(text: str) -> tuple[int, str, int, bool]:
    at = next((place for place, letter in enumerate(text) if letter in "+-="), -1)
    if at < 0:
        raise _bad()
    who = 0
    for letter in text[:at]:
        who |= _letter(_WHO, letter)
    what = 0
    for letter in text[at + 1 :]:
        what |= 0 if letter == "X" else _letter(_WHAT, letter)
    return who or _ALL, text[at], what, "X" in text[at + 1 :]


def _letter(known: dict[str, int], letter: str) -> int:
    if letter not in known:
        raise _bad()
    return known[letter]


def permission_and_path(text: str) -> tuple[Permission, str]:
    """Read the argument of SITE CHMOD. Raise `BadArgument`."""
    bits, _, rest = text.partition(" ")
    return Permission(bits), path(rest)
