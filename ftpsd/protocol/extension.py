# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of what came after RFC 3659: HASH, RANG, MFF, MDTM and SITE UTIME with a time, COMB."""

from __future__ import annotations

from ftpsd.protocol import argument
from ftpsd.protocol.permission import Permission
from ftpsd.protocol.reply import ARGUMENT_ERROR, ARGUMENT_NOT_IMPLEMENTED, BadArgument
from ftpsd.protocol.timestamp import parse_mdtm

_STAMP = 14
_MINUTES = 12
_MOST_SOURCES = 100


def byte_range(text: str) -> tuple[int, int] | None:
    """Read RANG "start end", both included; "1 0" takes it back (draft-bryan-ftp-range)."""
    first, _, last = text.strip(" ").partition(" ")
    start, end = argument.offset(first), argument.offset(last)
    if (start, end) == (1, 0):
        return None
    if start > end:
        raise BadArgument(ARGUMENT_ERROR, "The range ends before it starts.")
    return start, end


def words(text: str) -> list[str]:
    """Split at spaces, except within double quotes, where two are one (COMB, XCRC)."""
    found: list[str] = []
    word, inside, started = "", False, False
    place = 0
    while place < len(text):
        letter = text[place]
        if letter == '"' and inside and text[place + 1 : place + 2] == '"':
            word += letter
            place += 1
        elif letter == '"':
            inside, started = not inside, True
        elif letter == " " and not inside:
            if started:
                found.append(word)
            word, started = "", False
        else:
            word, started = word + letter, True
        place += 1
    if inside:
        raise BadArgument(ARGUMENT_ERROR, "A quote is not closed.")
    return [*found, word] if started else found


def path_and_range(text: str) -> tuple[str, tuple[int, int] | None]:
    """Read XCRC and its like: a path, or a quoted one, a start and an end (exclusive)."""
    if not text.startswith('"'):
        return argument.path(text), None
    name, *numbers = words(text)
    if len(numbers) > 2:
        raise BadArgument(ARGUMENT_ERROR, "That takes a path, a start and an end.")
    start, end = (*(argument.offset(number) for number in numbers), 0, 0)[:2]
    if not numbers:
        return argument.path(name), None
    if len(numbers) == 1:
        start, end = 0, start
    if start >= end:
        raise BadArgument(ARGUMENT_ERROR, "The range ends before it starts.")
    return argument.path(name), (start, end - 1)


def paths(text: str) -> list[str]:
    """Read COMB: where to, and what from, each quoted if it has spaces."""
    found = [argument.path(word) for word in words(text)]
    if not 2 <= len(found) <= _MOST_SOURCES:
        raise BadArgument(ARGUMENT_ERROR, "COMB takes a target and 1 to 99 sources.")
    return found


def time_and_path(text: str) -> tuple[int, str] | None:
    """Read MDTM with a time to set, as from before MFMT; `None` if there is none."""
    when, _, rest = text.partition(" ")
    try:
        return parse_mdtm(when), argument.path(rest)
    except BadArgument:
        return None


def utime(text: str) -> tuple[int, str]:
    """Read SITE UTIME: "YYYYMMDDhhmm[ss] path", or "path atime mtime ctime UTC" (wu-ftpd)."""
    *name, _, modified, _, zone = text.rsplit(" ", 4) if text.count(" ") >= 4 else [text] + [""] * 4
    if name and zone.upper() == "UTC":
        return parse_mdtm(modified), argument.path(name[0])
    when, _, rest = text.partition(" ")
    if len(when) == _MINUTES:
        when += "00"
    if len(when) != _STAMP:
        raise BadArgument(ARGUMENT_ERROR, "UTIME takes YYYYMMDDhhmmss and a path.")
    return parse_mdtm(when), argument.path(rest)


class Facts:
    """What MFF sets: each is `None` if it is not to be set."""

    __slots__ = ("group", "mode", "modified")

    def __init__(self) -> None:
        self.modified: int | None = None
        self.mode: Permission | None = None
        self.group: int | None = None

    def take(self, name: str, value: str) -> None:
        """Read one fact. Raise `BadArgument`: 504 for one that cannot be set."""
        if name == "modify":
            self.modified = parse_mdtm(value)
        elif name == "unix.mode":
            self.mode = Permission(value)
        elif name == "unix.gid":
            self.group = argument.number(value, 2**32 - 2)
        else:
            raise BadArgument(ARGUMENT_NOT_IMPLEMENTED, "MFF sets modify, unix.mode and unix.gid.")


def facts_and_path(text: str) -> tuple[Facts, str]:
    """Read MFF "modify=...;unix.mode=...; path" (draft-somers-ftp-mfxx, section 5)."""
    given, _, rest = text.partition("; ")
    facts = Facts()
    for fact in given.rstrip(";").split(";"):
        name, equals, value = fact.partition("=")
        if not equals:
            raise BadArgument(ARGUMENT_ERROR, "MFF takes fact=value;... and a path.")
        facts.take(name.lower(), value)
    return facts, argument.path(rest)


def host(text: str) -> str:
    """Read HOST: a name, or an address in brackets (RFC 7151, section 3)."""
    name = text.strip(" ").lower().rstrip(".")
    inner = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    letters = inner.replace(":", "").replace(".", "").replace("-", "").replace("_", "")
    if not 1 <= len(name) <= 255 or not letters.isascii() or not letters.isalnum():
        raise BadArgument(ARGUMENT_ERROR, "This is no host name.")
    return name
