# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies: their codes, their text, their form on the wire (RFC 959, section 4.2)."""

from __future__ import annotations

RESTART_MARKER = 110
READY_LATER = 120
DATA_ALREADY_OPEN = 125
FILE_STATUS_OK = 150

COMMAND_OK = 200
SUPERFLUOUS = 202
SYSTEM_STATUS = 211
DIRECTORY_STATUS = 212
FILE_STATUS = 213
HELP_MESSAGE = 214
SYSTEM_TYPE = 215
SERVICE_READY = 220
CLOSING_CONTROL = 221
NO_TRANSFER = 225
CLOSING_DATA = 226
ENTERING_PASSIVE = 227
ENTERING_LONG_PASSIVE = 228
ENTERING_EXTENDED_PASSIVE = 229
LOGGED_IN = 230
LOGGED_IN_BY_CERTIFICATE = 232
SECURITY_ACCEPTED = 234
FILE_ACTION_OK = 250
MD5_OF_FILE = 251
MD5_OF_FILES = 252
PATH_CREATED = 257

NEED_PASSWORD = 331
NEED_ACCOUNT = 332
NEED_SECURITY_DATA = 334
NEED_MORE = 350

SERVICE_UNAVAILABLE = 421
CANNOT_OPEN_DATA = 425
TRANSFER_ABORTED = 426
SECURITY_UNAVAILABLE = 431
FILE_BUSY = 450
LOCAL_ERROR = 451
NO_SPACE = 452

COMMAND_UNKNOWN = 500
ARGUMENT_ERROR = 501
NOT_IMPLEMENTED = 502
BAD_SEQUENCE = 503
ARGUMENT_NOT_IMPLEMENTED = 504
NO_SUCH_DATA = 520
PROTOCOL_NOT_SUPPORTED_LONG = 521
PROTOCOL_NOT_SUPPORTED = 522
"""RFC 2428, section 2."""
NOT_WITH_THIS_PROT = 521
TLS_REFUSED = 522
"""RFC 4217, section 10, which gave numbers that were taken another meaning."""
NOT_LOGGED_IN = 530
NEED_ACCOUNT_TO_STORE = 532
PROTECTION_REQUIRED = 533
DENIED_BY_POLICY = 534
SECURITY_FAILED = 535
PROTECTION_NOT_SUPPORTED = 536
FILE_UNAVAILABLE = 550
PAGE_TYPE_UNKNOWN = 551
QUOTA_EXCEEDED = 552
NAME_NOT_ALLOWED = 553
BAD_RESTART = 554
WRONG_TYPE = 555

# TAB is left out: a path in a reply must be the client's path, and TAB ends no line.
_CONTROLS = dict.fromkeys((*range(9), *range(10, 32), 127), "?")


class BadArgument(Exception):
    """The client's argument cannot be used; `code` and `text` are the reply to it.

    `text` is ours and never repeats the client's, so it is always fit for a `Reply`.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class Reply:
    """One reply to one command: a code in 100..599 and at least one line of text.

    Raises `ValueError` for text with a control character other than TAB, and for text that no
    bytes stand for. Either is our bug: whoever repeats a client's text uses `clean` first.
    """

    __slots__ = ("code", "lines")

    def __init__(self, code: int, *lines: str) -> None:
        if not (lines and 100 <= code <= 599):
            raise ValueError(f"not a reply: {code} {lines}")
        for line in lines:
            if clean(line) != line:
                raise ValueError(f"control character in {line!r}")
            line.encode("utf-8", "surrogateescape")
        self.code = code
        self.lines = lines

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reply) and (self.code, self.lines) == (other.code, other.lines)

    def __hash__(self) -> int:
        return hash((self.code, self.lines))

    def __repr__(self) -> str:
        return f"Reply{(self.code, *self.lines)}"

    def render(self) -> bytes:
        """Return the reply as sent, every line with CR LF.

        Between the first and the last line of several, each starts with a space, so that none can
        be taken for the last (RFC 959, section 4.2) and FEAT and MLST come out right.
        """
        first, *middle = self.lines
        if not middle:
            return _encode(f"{self.code} {first}\r\n")
        last = middle.pop()
        inner = "".join([f" {line}\r\n" for line in middle])
        return _encode(f"{self.code}-{first}\r\n{inner}{self.code} {last}\r\n")


def clean(text: str) -> str:
    """Return `text` with "?" for every control character but TAB, so that it cannot end a line."""
    if text.isprintable():
        return text
    return text.translate(_CONTROLS)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
