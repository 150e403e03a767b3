# SPDX-License-Identifier: GPL-3.0-or-later
"""The files beside vsftpd.conf: those it names, and passwd(5)."""

from __future__ import annotations

import dataclasses
import os
import re
from typing import TYPE_CHECKING, Final

from ftpsd.admin.vsftpd.reader import lines_of

if TYPE_CHECKING:
    from pathlib import Path

_USER: Final = re.compile(r"[A-Za-z0-9_.][!-~]{0,127}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.@+$-]*")


def may_log_in(name: str) -> bool:
    """Say whether vsftpd would ever take this as the name of a user (privops.c)."""
    return _USER.fullmatch(name) is not None


def can_be_matched(name: str) -> bool:
    """Say whether a policy can name this user: no character in it means something there."""
    return _PLAIN.fullmatch(name) is not None


@dataclasses.dataclass(frozen=True, slots=True)
class Tree:
    """A file system below `root`."""

    root: Path

    def at(self, path: str) -> Path:
        """Give where an absolute path is."""
        return self.root / path.lstrip("/")

    def read(self, path: str) -> bytes | None:
        """Read a file; `None` if that is not possible."""
        try:
            return self.at(path).read_bytes()
        except (OSError, ValueError):
            return None

    def names(self, path: str) -> list[str] | None:
        """List the regular files of a directory by name; `None` if that is not possible."""
        try:
            found = os.scandir(self.at(path))
        except (OSError, ValueError):
            return None
        with found:
            return sorted(one.name for one in found if one.is_file())

    def homes(self) -> dict[str, str]:
        """Give the home directories in /etc/passwd, by user."""
        fields = [line.split(":") for line in lines_of(self.read("/etc/passwd") or b"")]
        return {one[0]: one[5] for one in fields if len(one) == 7}
