# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a vsftpd.conf as vsftpd does (parseconf.c), whatever else one would expect."""

from __future__ import annotations

import dataclasses
import difflib
from typing import TYPE_CHECKING, Final

from ftpsd.admin.vsftpd.row import VENDORS, Kind, Row, Trim, Value, Vendor
from ftpsd.admin.vsftpd.table import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_BYTES: Final = 100_000
"""VSFTP_CONF_FILE_MAX: what lies behind it vsftpd does not see."""
BLANKS: Final = b" \t\n\v\f\r"
"""isspace(3) in the C locale, in which vsftpd runs."""
_BOOLEANS: Final = {
    b"YES": True,
    b"TRUE": True,
    b"1": True,
    b"NO": False,
    b"FALSE": False,
    b"0": False,
}
_LONGEST: Final = 2**63


@dataclasses.dataclass(frozen=True, slots=True)
class Mistake:
    """A line at which vsftpd refuses the file, and what it says then."""

    line: int
    said: str
    hint: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Assignment:
    """A line that sets an option: where, which as it is written, the text, and what it means.

    `trap` says where vsftpd reads something else than is written there.
    """

    line: int
    name: str
    text: str
    value: Value
    trap: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Read:
    """What a file says: all assignments in order, and what is wrong in it."""

    assignments: tuple[Assignment, ...]
    mistakes: tuple[Mistake, ...]
    cut: bool = False

    def last(self) -> dict[str, Assignment]:
        """Give the assignments that count: the last of each option, by its one name."""
        return {TABLE[one.name].same_as or one.name: one for one in self.assignments}


def read(data: bytes, vendor: Vendor) -> Read:
    """Read a file. Never raises: what vsftpd refuses is among the mistakes."""
    assignments: list[Assignment] = []
    mistakes: list[Mistake] = []
    for number, line in _lines(data[:MOST_BYTES]):
        one = _assignment(number, line, vendor)
        if isinstance(one, Mistake):
            mistakes.append(one)
        else:
            assignments.append(one)
    return Read(tuple(assignments), tuple(mistakes), cut=len(data) > MOST_BYTES)


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the lines that hold a setting. A comment begins in the first column, or is none."""
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip(BLANKS) and not line.startswith(b"#"):
            # What follows a NUL is lost: vsftpd goes on with a string of C.
            yield number, line.partition(b"\0")[0].lstrip(BLANKS)


def _assignment(number: int, line: bytes, vendor: Vendor) -> Assignment | Mistake:
    left, _, right = line.partition(b"=")
    if vendor.trim is Trim.ALL:
        left, right = left.strip(BLANKS), right.strip(BLANKS)
    name, text = _text(left), _text(right)
    row = known(name, vendor)
    if row is not None and row.kind is Kind.TEXT:
        return _of_text(number, row, right, vendor)
    if not right:
        return Mistake(number, f"missing value in config file for: {name}", _hint(line, vendor))
    if row is None:
        said = f"unrecognised variable in config file: {name}"
        return Mistake(number, said, _unknown(name, line, vendor))
    if row.kind is Kind.BOOLEAN:
        value = _BOOLEANS.get(right.upper())
        if value is None:
            said = f"bad bool value in config file for: {name}"
            return Mistake(number, said, _hint(line, vendor) or "YES or NO would be right")
        return Assignment(number, name, text, value)
    counted = unsigned(right)
    return Assignment(number, name, text, counted, _trap(name, text, counted))


def known(name: str, vendor: Vendor) -> Row | None:
    """Find the row of an option, if this vsftpd knows it."""
    row = TABLE.get(name)
    if row is None or row.vendor not in ("", vendor.adds) or name in vendor.lacks:
        return None
    return row


def _of_text(number: int, row: Row, right: bytes, vendor: Vendor) -> Assignment | Mistake:
    if right and not right.strip(BLANKS) and vendor.trim is Trim.TEXTS:
        # str_strdup_trimmed() computes a negative length.
        return Mistake(number, f"(it crashes on blanks alone as the value of {row.name})")
    if vendor.trim is not Trim.NOTHING:
        right = right.strip(BLANKS)
    text = _text(right)
    trap = ""
    if "#" in text and row.name != "ftpd_banner":
        trap = f'there are no comments behind a value: "#" is part of {row.name}'
    elif text != text.strip():
        trap = f"the blanks around the value are part of {row.name}"
    return Assignment(number, row.name, text, text or None, trap)


def unsigned(text: bytes) -> int:
    """Read a number as vsftpd does: octal behind a 0, else as atoi(3), in 32 bits.

    Nothing is refused: `0x1f` is 0, `10m` is 10, `none` is 0, `-1` is 4294967295.
    """
    if text.startswith(b"0"):
        digits = text[: len(text) - len(text.lstrip(b"01234567"))]
        return int(digits, 8) % 2**32
    text = text.lstrip(BLANKS)
    sign = -1 if text.startswith(b"-") else 1
    text = text[text[:1] in (b"-", b"+") :]
    digits = text[: len(text) - len(text.lstrip(b"0123456789"))]
    # strtol(3) stops at the ends of a long. More digits than that need not be converted.
    number = int(digits.lstrip(b"0")[:20] or b"0")
    return max(-_LONGEST, min(_LONGEST - 1, sign * number)) % 2**32


def _trap(name: str, text: str, value: int) -> str:
    if len(text) > len(str(2**32)):
        return f"vsftpd reads it as {value}"
    octal = text.startswith("0") and text != "0"
    if not text.isdecimal() or not text.isascii() or (octal and set(text) & {"8", "9"}):
        return f"vsftpd reads {text} as {value}"
    if int(text, 8 if octal else 10) != value:
        return f"vsftpd reads {text} as {value}: it does not fit"
    modes = ("local_umask", "anon_umask", "file_open_mode", "chown_upload_mode")
    if name in modes and not octal and value:
        return f"without a 0 in front it is decimal: vsftpd reads {text} as 0{value:o}"
    return ""


def _unknown(name: str, line: bytes, vendor: Vendor) -> str:
    hint = _hint(line, vendor)
    if hint:
        return hint
    names = [one for one in TABLE if known(one, vendor)]
    near = difflib.get_close_matches(name.strip().lower()[:100], names, 1)
    return f"did you mean {near[0]}?" if near else ""


def _hint(line: bytes, vendor: Vendor) -> str:
    """Say what would have been right, where another vsftpd reads this line."""
    if line.strip(BLANKS).startswith(b"#"):
        return 'a comment begins with "#" in the first column'
    others = _readers(line, (one for one in VENDORS.values() if one is not vendor))
    if not others:
        return ""
    cause = " (this one allows no blanks around a value)" if line.strip(BLANKS) != line else ""
    return f"another vsftpd reads this: --vendor={others[0]}{cause}"


def _readers(line: bytes, vendors: Iterable[Vendor]) -> list[str]:
    found = []
    for vendor in vendors:
        left, _, right = line.partition(b"=")
        if vendor.trim is Trim.ALL:
            left, right = left.strip(BLANKS), right.strip(BLANKS)
        row = known(_text(left), vendor)
        numeric = row is not None and row.kind is not Kind.BOOLEAN
        if row is not None and right and (numeric or right.upper() in _BOOLEANS):
            found.append(vendor.name)
    return found


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def lines_of(data: bytes) -> list[str]:
    """Give the lines of a list file as vsftpd compares them: whole, blanks and all (str.c)."""
    return [_text(line) for line in data[:MOST_BYTES].split(b"\n") if line]
