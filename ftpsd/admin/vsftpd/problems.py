# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a file cannot be brought over: what vsftpd itself refuses, and what no setting could say."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ftpsd.admin.vsftpd.patterns import too_many
from ftpsd.admin.vsftpd.table import TABLE
from ftpsd.options import OPTIONS

if TYPE_CHECKING:
    from ftpsd.admin.vsftpd.plan import Plan
    from ftpsd.admin.vsftpd.reader import Assignment, Read
    from ftpsd.admin.vsftpd.values import Values

PATTERNS = {"deny_file", "hide_file", "upload_file", "download_file"}
_NAMES = {"chown_username", "ftp_username", "guest_username", "pam_service_name"}
"""Names of accounts, and of a file in /etc/pam.d."""


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """A place in a file, 0 for all of it, and the reason."""

    file: str
    line: int
    reason: str


def problems(file: str, read: Read) -> list[Problem]:
    """Give all of them in one file of settings."""
    found = []
    for mistake in read.mistakes:
        hint = f" ({mistake.hint})" if mistake.hint else ""
        found.append(Problem(file, mistake.line, f"vsftpd refuses this: {mistake.said}{hint}"))
    found += [
        Problem(file, one.line, f"{one.name} stands for more patterns than a setting can have")
        for one in read.last().values()
        if one.name in PATTERNS and too_many(str(one.value))
    ]
    found += [
        Problem(file, one.line, f"{one.name} has characters that no setting can have")
        for one in read.last().values()
        if not _fits(one)
    ]
    return found


def untaken(v: Values, config: str, plan: Plan) -> list[Problem]:
    """Give what would be written and ftpsd would leave out: a setting lost may be a restriction."""
    found = []
    everywhere = [("", plan.settings), *((one.about, one.settings) for one in plan.policies)]
    for about, settings in everywhere:
        for key, value in settings.items():
            try:
                if value:
                    OPTIONS[key].metadata["parse"](value)
            except ValueError as error:
                lines = (v.line(name) for name, row in TABLE.items() if key in row.becomes)
                whose = f" for {about}" if about else ""
                reason = f"this would be {key}={value}{whose}, and ftpsd {error} there"
                found.append(Problem(config, max(lines, default=0), reason))
    return found


def _fits(one: Assignment) -> bool:
    """Say whether a text can be a setting. Else it could begin another one."""
    becomes = TABLE[TABLE[one.name].same_as or one.name].becomes
    if not becomes or not isinstance(one.value, str):
        return True
    text = one.value.strip()
    if one.name in _NAMES:
        return writable(text) and not set(text) & {"/", " "} and text not in (".", "..")
    return writable(text) and (one.name != "ssl_ciphers" or text.isascii())


def writable(text: str) -> bool:
    """Say whether a text has neither control characters nor bytes that are not UTF-8."""
    return all(letter.isprintable() for letter in text)
