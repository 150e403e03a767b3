# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client may see differently after an import, and who says so."""

from __future__ import annotations

import dataclasses
from typing import Final


@dataclasses.dataclass(frozen=True)
class Difference:
    """A step, and what each of the two says to it ("-": no such step), as regular expressions.

    `reason` is a sentence of the report, unless the difference is `in_kind`.
    """

    step: str
    vsftpd: str
    ftpsd: str
    reason: str
    in_kind: bool = False


def _named(step: str, vsftpd: str, ftpsd: str, reason: str) -> Difference:
    return Difference(f"[^:]*: {step}", vsftpd, ftpsd, reason)


def _in_kind(step: str, vsftpd: str, ftpsd: str, reason: str) -> Difference:
    return Difference(f"[^:]*: {step}", vsftpd, ftpsd, reason, in_kind=True)


_DENIED: Final = r"(tool\.exe|\.hidden)"

DIFFERENCES: Final = (
    _named("LIST gone", "150 226", "550", "LIST of what is not there is 550, not an empty list."),
    _named("LIST.* owners", r"\d+:\d+", "[a-z]+:[a-z]+", "vsftpd found no names in a jail without"),
    _named("USER .*", "530", "331", "USER of somebody who may not log in is answered like any"),
    _named("PASS .*", "503", "530", "The refusal (530) comes after the password."),
    _named(rf"LIST.* {_DENIED}", "-rw.*", "-", "Denied names are not listed either"),
    _named(rf"LIST.* {_DENIED} owners", ".*", "-", "Denied names are not listed either"),
    _named("RNTO moved", "250", "553", "What upload_file says holds for the new name of RNTO"),
    _named(
        "file .*/moved",
        r"644 anna:anna 'read me\\n'",
        "-",
        "What upload_file says holds for the new",
    ),
    _named("file .*/readme", "gone", "-", "What upload_file says holds for the new"),
    _named("SITE UMASK 077", "200", "550", "Where SITE CHMOD is refused SITE UMASK is as well."),
    _named(
        "file .*/made", "700 .*", "750 .*", "Where SITE CHMOD is refused SITE UMASK is as well."
    ),
    _named(
        "(third of an address|fourth in all)",
        "421",
        "220 331 421",
        "Who is one too many hears 421 at the login, no longer when connecting",
    ),
    _in_kind("(PORT|EPRT) .*", "500", "501", "the address is a wrong parameter (RFC 959, 4.2)"),
    _in_kind(
        "(PORT|LIST|NLST|RETR|STOR|APPE).*", "550", "502", "PASV, PORT have no 550 (RFC 959, 5.4)"
    ),
    _in_kind("the session again", "", "150 226 .*", "vsftpd hangs up on whom it has refused this"),
    _in_kind("ACCT x", "502", "202", "RFC 959 lets no server need it: superfluous here"),
    _in_kind("ALLO 5", "202", "550", "no place is found for who may not upload"),
    _in_kind("SITE XYZZY", "500|550", "504", "SITE is known, its parameter is not"),
    _in_kind("XYZZY", "550", "500", "no list of commands has what is none"),
    _in_kind("SITE CHMOD .*", "500", "550", "it is refused, and not unknown"),
    _in_kind("SITE UMASK 077", "200", "550", "nothing is made where nothing may be written"),
    _in_kind(
        "(APPE .*|STOR .*|RNTO moved)", "550", "553", "RFC 959, 5.4 has 553 for names of new files"
    ),
)
"""All there are."""
