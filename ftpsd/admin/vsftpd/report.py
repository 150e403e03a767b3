# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the admin what becomes of each line."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from ftpsd.admin.vsftpd.plan import Plan
from ftpsd.admin.vsftpd.row import Fate, User
from ftpsd.admin.vsftpd.table import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ftpsd.admin.vsftpd.reader import Assignment, Read
    from ftpsd.admin.vsftpd.row import Row

_WIDTH = 96
_FIRST = 3
"""How many places of one setting are named; there may be one for each user."""


def report(config: str, read: Read, plan: Plan) -> str:
    """Give the whole report: each line, then what changes, then what to look at."""
    lines = _file(config, read, plan, user=False)
    for path, (own, policies) in plan.own.items():
        lines += ["", *_file(path, own, Plan(policies=policies), user=True)]
    lines += ["", "What changes:", ""]
    lines += _points(plan.changes)
    lines += ["", "What to check:", ""]
    lines += _points(plan.checks)
    lines += ["", "Then:", ""]
    lines += _points(
        (
            "ftpsdctl check",
            "systemctl daemon-reload; systemctl disable --now vsftpd",
            "systemctl restart ftpsd-helper.service ftpsd-ports.service",
            "systemctl enable ftpsd.socket; systemctl restart ftpsd.socket",
        )
    )
    return "\n".join(lines) + "\n"


def _file(path: str, read: Read, plan: Plan, *, user: bool) -> list[str]:
    """Give what becomes of each line of a file; one for a `user` can change less."""
    lines = [f"What becomes of {path}:", ""]
    counting = read.last().values()
    for one in read.assignments:
        row = TABLE[TABLE[one.name].same_as or one.name]
        lines.append(f"{one.line:4}  {one.name}={one.text}")
        if one not in counting:
            lines += _wrapped("a later line sets it again")
        elif user and row.user is User.IGNORED:
            lines += _wrapped("has no effect in a file for one user")
        else:
            lines += _becomes(one, row, plan)
    if not read.assignments:
        lines.append("    It sets nothing; what is in force otherwise holds.")
    if read.cut:
        lines += ["", "vsftpd reads the first 100000 bytes of it alone, and so does this report."]
    return lines


def _becomes(one: Assignment, row: Row, plan: Plan) -> list[str]:
    lines = []
    if one.trap:
        lines += _wrapped(f"Note: {one.trap}.")
    written = [place for key in row.becomes for place in plan.written(key)]
    if written:
        shown_of = written[:_FIRST] + [f"and {len(written) - _FIRST} more"] * (
            len(written) > _FIRST
        )
        for place in shown_of:
            lines += _wrapped(place)
    elif row.fate in (Fate.SETTING, Fate.UNIT) or (row.fate is Fate.FILE and not row.about):
        lines += _wrapped("as the other options are, it changes nothing")
    elif row.fate is not Fate.FILE:
        lines += _wrapped(row.fate.value)
    if row.about:
        lines += _wrapped(row.about)
    return lines


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 8)


def _points(texts: Iterable[str]) -> list[str]:
    found = []
    for text in dict.fromkeys(texts):
        found += textwrap.wrap(text, _WIDTH, initial_indent="  - ", subsequent_indent="    ")
    return found or ["    Nothing."]
