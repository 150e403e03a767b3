# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of commands: text becomes a value or `BadArgument`, never anything else.

A parser gets what follows the verb and one space, decoded as the package says.
"""

from __future__ import annotations

from ftpsd.protocol.reply import ARGUMENT_ERROR, ARGUMENT_NOT_IMPLEMENTED, BadArgument, clean
from ftpsd.protocol.timestamp import parse_mdtm

__all__ = [
    "BadArgument",
    "ListRequest",
    "allocation",
    "anything",
    "listing",
    "mode",
    "modify_time_and_path",
    "nothing",
    "number",
    "offset",
    "optional_number",
    "optional_octal",
    "optional_path",
    "path",
    "representation",
    "required_text",
    "structure",
]

_MOST_PATH_BYTES = 4096
_MOST_BYTES = 2**63 - 1
_MOST_UMASK = 0o777

_TYPES = {"A": "A", "A N": "A", "I": "I", "L 8": "I", "L8": "I"}
_OTHER_TYPES = ("A T", "A C", "E", "E N", "E T", "E C")


def nothing(text: str) -> None:
    """Accept no argument; spaces alone are none."""
    if text.strip(" "):
        raise BadArgument(ARGUMENT_ERROR, "This command takes no argument.")


def anything(text: str) -> str:
    """Return whatever there is, even nothing."""
    return text


def required_text(text: str) -> str:
    """Return the text unchanged, if there is more than spaces."""
    if not text.strip(" "):
        raise BadArgument(ARGUMENT_ERROR, "An argument is required.")
    return text


def path(text: str) -> str:
    """Return a path of 1..4096 bytes, its leading and trailing spaces kept.

    Control characters other than TAB are refused here again: a name with one would break listings.
    """
    if not text:
        raise BadArgument(ARGUMENT_ERROR, "A path is required.")
    return optional_path(text)


def optional_path(text: str) -> str:
    """Return a path as `path` does, or "" for none."""
    if clean(text) != text:
        raise BadArgument(ARGUMENT_ERROR, "A path has no control characters.")
    try:
        size = len(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        raise BadArgument(ARGUMENT_ERROR, "The path is not made of bytes.") from None
    if size > _MOST_PATH_BYTES:
        raise BadArgument(ARGUMENT_ERROR, "The path is too long.")
    return text


def number(text: str, most: int) -> int:
    """Return a decimal number 0..`most`: ASCII digits only, no sign, no space, no separator."""
    # The length comes first: int() itself raises for thousands of digits.
    significant = text.lstrip("0") or text[-1:]
    if len(significant) <= len(str(most)) and text.isascii() and text.isdigit():
        value = int(significant)
        if value <= most:
            return value
    raise BadArgument(ARGUMENT_ERROR, f"A number from 0 to {most} is required.")


def offset(text: str) -> int:
    """Return the byte that REST names, 0..2**63-1 (RFC 3659, section 5.3)."""
    return number(text, _MOST_BYTES)


def allocation(text: str) -> int:
    """Return the bytes that ALLO announces, "n" or "n R m" (RFC 959, section 4.1.3)."""
    size, *rest = text.split(" ")
    if rest:
        letter, *record = rest
        if letter not in ("R", "r") or len(record) != 1:
            raise BadArgument(ARGUMENT_ERROR, "ALLO takes a size, or a size, R and a record size.")
        number(record[0], _MOST_BYTES)
    return number(size, _MOST_BYTES)


def representation(text: str) -> str:
    """Return "A" or "I" for what TYPE names (RFC 959, section 3.1.1); "L 8" is "I".

    Raises `BadArgument`: 504 for types of the RFC that this server lacks, else 501.
    """
    words = _letters(text)
    known = _TYPES.get(words)
    if known:
        return known
    if words in _OTHER_TYPES or (words[:1] == "L" and words[1:].strip(" ").isdigit()):
        raise BadArgument(ARGUMENT_NOT_IMPLEMENTED, "TYPE is A, A N, I or L 8.")
    raise BadArgument(ARGUMENT_ERROR, "TYPE is A, A N, I or L 8.")


def structure(text: str) -> str:
    """Return "F", the only structure of STRU; 504 for R and P (RFC 959, section 3.1.2)."""
    return _only("F", text, ("R", "P"), "STRU is F.")


def mode(text: str) -> str:
    """Return "S" or "Z" for MODE; 504 for B and C (RFC 959, section 3.4)."""
    if _letters(text) == "Z":
        return "Z"
    return _only("S", text, ("B", "C"), "MODE is S or Z.")


def modify_time_and_path(text: str) -> tuple[int, str]:
    """Return nanoseconds since 1970 and the path of "YYYYMMDDHHMMSS[.fff] path" (MFMT)."""
    when, _, rest = text.partition(" ")
    return parse_mdtm(when), path(rest)


def optional_number(text: str) -> int | None:
    """Return a number of up to 9 digits, or `None` when there is none."""
    return number(text, 999_999_999) if text else None


def optional_octal(text: str) -> int | None:
    """Return the mask 0..0o777 of SITE UMASK, or `None` when it only asks."""
    return _octal(text, _MOST_UMASK) if text else None


class ListRequest:
    """What LIST or NLST asks for: the options `ls` has under the same letters, and one path.

    `raw` is the whole argument: a name that exists wins over options, and only the caller knows
    which names do.
    """

    __slots__ = (
        "all",
        "almost_all",
        "by_size",
        "by_time",
        "classify",
        "directory",
        "human",
        "long",
        "one_per_line",
        "path",
        "raw",
        "recursive",
        "reverse",
    )

    def __init__(self, raw: str, letters: str, path: str) -> None:
        self.raw = raw
        self.path = path
        self.all = "a" in letters
        self.almost_all = "A" in letters
        self.recursive = "R" in letters
        self.by_time = "t" in letters
        self.by_size = "S" in letters
        self.reverse = "r" in letters
        self.long = "l" in letters
        self.directory = "d" in letters
        self.one_per_line = "1" in letters
        self.classify = "F" in letters
        self.human = "h" in letters


def listing(text: str) -> ListRequest:
    """Return options and path of a LIST or NLST argument such as "-la -R some path".

    Option groups stand at the start or the end, "--" ends those at the start, letters and long
    options we do not know are ignored. What is left is one path with its spaces, "" for none. "-"
    alone is a name.
    """
    rest = optional_path(text)
    letters = ""
    while rest.startswith("-") and rest != "-" and not rest.startswith("- "):
        group, _, rest = rest.partition(" ")
        if group == "--":
            break
        if not group.startswith("--"):
            letters += group
    else:
        while (
            (group := rest.rpartition(" ")[2]) != rest and group[:1] == "-" and group[1:].isalpha()
        ):
            letters += group
            rest = rest.removesuffix(group).rstrip(" ")
    return ListRequest(text, letters, rest)


def _letters(text: str) -> str:
    """Return a code word in capitals; beyond ASCII some letters would become others."""
    text = text.strip(" ")
    return text.upper() if text.isascii() else text


def _only(accepted: str, text: str, known: tuple[str, ...], explanation: str) -> str:
    letter = _letters(text)
    if letter == accepted:
        return letter
    code = ARGUMENT_NOT_IMPLEMENTED if letter in known else ARGUMENT_ERROR
    raise BadArgument(code, explanation)


def _octal(digits: str, most: int) -> int:
    significant = digits.lstrip("0") or digits[-1:]
    if significant and not significant.strip("01234567") and len(significant) <= len(f"{most:o}"):
        return int(significant, 8)
    raise BadArgument(ARGUMENT_ERROR, f"Octal permissions up to {most:o} are required.")
