# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in force: the defaults of a vsftpd, its file, and one user's file over it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Self

from ftpsd.admin.vsftpd.row import User, Value, Vendor
from ftpsd.admin.vsftpd.table import TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ftpsd.admin.vsftpd.reader import Assignment


@dataclasses.dataclass(frozen=True, slots=True)
class Values:
    """The value of every option, and the lines that have set some of them."""

    vendor: Vendor
    set: Mapping[str, Assignment]

    def _get(self, name: str) -> Value:
        if name in self.set:
            return self.set[name].value
        return dict(self.vendor.defaults).get(name, TABLE[name].default)

    def on(self, name: str) -> bool:
        """Give a boolean."""
        value = self._get(name)
        assert isinstance(value, bool)
        return value

    def number(self, name: str) -> int:
        """Give a number."""
        value = self._get(name)
        assert isinstance(value, int)
        return value

    def text(self, name: str) -> str:
        """Give a text without blanks around it, "" where it is unset."""
        value = self._get(name)
        assert value is None or isinstance(value, str)
        return (value or "").strip()

    def line(self, name: str) -> int:
        """Give the line that has set an option, 0 if none has."""
        return self.set[name].line if name in self.set else 0

    def for_user(self, own: Mapping[str, Assignment]) -> Self:
        """Give what is in force for a user with a file of their own: not all of it counts."""
        works = {name: one for name, one in own.items() if TABLE[name].user is User.WORKS}
        return dataclasses.replace(self, set={**self.set, **works})
