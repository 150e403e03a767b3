# SPDX-License-Identifier: GPL-3.0-or-later
"""What the settings let a user do with files, and with which names."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any, Final

from ftpsd.options import Settings
from ftpsd.protocol.pattern import Pattern
from ftpsd.wire import files

if TYPE_CHECKING:
    from ftpsd.wire.message import Call

NEEDED: Final[dict[type[Call[Any]], str]] = {
    files.Open: "download",
    files.List: "list",
    files.Create: "upload",
    files.Link: "upload",
    files.MakeDirectory: "make_directory",
    files.RemoveDirectory: "delete",
    files.RemoveTree: "delete",
    files.Remove: "delete",
    files.Rename: "rename",
    files.SetMode: "chmod",
    files.SetGroup: "chmod",
    files.SetMask: "chmod",
    files.SetModified: "set_modification_time",
}
"""Which of [Files] a request takes; one that is not here takes none."""

TEMPORARY: Final = ".ftpsd-upload-"
"""How the names of files begin that are not whole yet; no listing shows them."""
_LETTERS: Final = {
    "upload": "acw",
    "download": "r",
    "list": "l",
    "overwrite": "w",
    "append": "a",
    "delete": "dp",
    "rename": "f",
    "make_directory": "m",
}
"""What the perm fact of MLSD must not promise without the right."""


class Rights:
    """The settings of one user, as far as they are about files."""

    def __init__(self, chosen: Settings) -> None:
        """Take them from what the helper has read."""
        self.chosen = chosen
        self.unlisted = chosen.hide_names + chosen.deny_names
        self._unlisted, self._denied = _compiled(self.unlisted), _compiled(chosen.deny_names)
        self._named = {
            kind: _compiled(getattr(chosen, f"{kind}_names")) for kind in ("upload", "download")
        }
        self.lost = {
            ord(letter): None
            for right, letters in _LETTERS.items()
            if not getattr(chosen, right)
            for letter in letters
        }

    def admit(self, request: Call[Any]) -> None:
        """Raise `Refused` unless the settings allow this kind of request."""
        needed = NEEDED.get(type(request))
        if needed is not None:
            self.need(needed)

    def need(self, right: str) -> None:
        """Raise `Refused` unless the settings give this right."""
        if not getattr(self.chosen, right):
            raise files.Refused(reason="forbidden")

    def need_not(self, setting: str) -> None:
        """Raise `Refused` if this is set."""
        if getattr(self.chosen, setting):
            raise files.Refused(reason="denied")

    def walk(self, path: str) -> None:
        """Raise `OSError` if a component of `path` is a name that is denied."""
        denied = self._denied
        # Every directory has "." and "..", which `.*` fits as well.
        if denied and any(_fits(denied, name) for name in {*path.split("/")} - {"", ".", ".."}):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def named(self, kind: str, path: str) -> bool:
        """Say whether a file of this name may be uploaded or downloaded, which is the `kind`."""
        wanted = self._named[kind]
        return wanted is None or _fits(wanted, path.rstrip("/").rpartition("/")[2])

    def need_named(self, kind: str, path: str) -> None:
        """Raise `Refused` unless `named`; what is uploaded is also seen in listings."""
        if kind == "upload":
            self.need_whole(path)
        if not self.named(kind, path):
            raise files.Refused(reason="forbidden")

    def need_whole(self, path: str) -> None:
        """Raise `Refused` if nothing is to be made by this name, for no listing would show it."""
        if not self.is_whole(path.rstrip("/").rpartition("/")[2]):
            raise files.Refused(reason="name")

    def lists(self, name: str) -> bool:
        """Say whether a name is shown in listings."""
        known = self._unlisted is None or name in (".", "..")
        return self.is_whole(name) and (known or not _fits(self._unlisted, name))

    def finds(self, name: str) -> bool:
        """Say whether wildcards find a name: one with a dot only where dots are shown at all."""
        dot = name[:1] == "." and self.chosen.list_dot_files == "no"
        return not dot and self.lists(name)

    @staticmethod
    def is_whole(name: str) -> bool:
        """Say whether a name is none of an upload that is not whole yet."""
        return not name.startswith(TEMPORARY)


def _compiled(patterns: tuple[str, ...]) -> Pattern | None:
    # Wildcards of a shell do not find names that begin with a dot; here no name begins with one.
    return Pattern("=" + one for one in patterns) if patterns else None


def _fits(wanted: Pattern | None, name: str) -> bool:
    return wanted is not None and wanted.fits(wanted.along(wanted.start, "=" + name))


EVERYTHING: Final = Rights(Settings())
"""What the defaults allow."""
