# SPDX-License-Identifier: GPL-3.0-or-later
"""The paths that one with wildcards stands for, found beneath the root from name to name."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from ftpsd import limits
from ftpsd.protocol.pattern import Pattern, TooWide, alternatives, has_wildcard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ftpsd.worker.beneath import Root

_WIDTH: Final = 256
"""Tokens of a pattern that take about as long as one does."""
_UNCHECKED: Final = 50_000
"""Steps between one check and the next: some milliseconds."""


class Expansion:
    """What a path with wildcards stands for.

    As much of the path as is there by this very name is the `base`; `rest` is the pattern. A match
    is the directory it is in, "" or such as "a/b/", beneath the base, and a name. Directories are
    opened by their path from the root, never from one another: a link on the way leads nowhere
    beyond the root.
    """

    def __init__(self, root: Root, path: str, *, only_directories: bool) -> None:
        """Take `path`, which is not there. Raise `OSError`.

        It is ENOENT if there is no wildcard in it, E2BIG if it stands for too much.
        """
        self._root = root
        self._only_directories = only_directories
        parts = [part for part in path.split("/") if part]
        count = _there(root, parts)
        self.base = "/" + "/".join(parts[:count])
        self.rest = "/".join(parts[count:])
        if len(parts) - count > limits.LISTING_DEPTH:
            raise _too_many()
        try:
            self._pattern = Pattern(alternatives(self.rest))
        except TooWide:
            raise _too_many() from None
        known = self._pattern.names(self._pattern.start)
        self._place, self._fd = "", self._open("", _to_read(known))
        self._directories = self._letters = self._steps = self._checked = 0

    def close(self) -> None:
        """Let go of the directory that is open."""
        os.close(self._fd)

    def directory(self, place: str) -> int:
        """Give a directory of a match, open until the next is asked for. Raise `OSError`."""
        if place != self._place:
            fd = self._open(place, os.O_PATH)
            os.close(self._fd)
            self._place, self._fd = place, fd
        return self._fd

    def matches(self, check: Callable[[], None]) -> Iterator[tuple[str, str]]:
        """Give each match once, in no order. Raise `OSError`: E2BIG where they lead too far.

        There may be much to look at before there is a match: what `check` raises ends it.
        """
        self._directories = self._letters = self._steps = 0
        return self._walk("", self._pattern.start, check)

    def _walk(self, place: str, state: int, check: Callable[[], None]) -> Iterator[tuple[str, str]]:
        """Give the matches in one directory, then those beneath it."""
        pattern = self._pattern
        known = pattern.names(state)
        try:
            fd = self._open(place, _to_read(known))
        except OSError:
            # It is no directory, not the user's to read, or it went away.
            return
        beneath: list[str] = []
        try:
            for name, entry in self._entries(fd, known, check):
                if entry is not None and not self._root.rights.finds(name):
                    continue
                after = pattern.along(state, name)
                if pattern.fits(after) and self._shown(fd, place, name, entry):
                    yield place, name
                if pattern.into(after) and (entry is None or is_directory(entry, or_link=True)):
                    self._count(place, name)
                    beneath.append(name)
        finally:
            os.close(fd)
        for name in beneath:
            after = pattern.into(pattern.along(state, name))
            yield from self._walk(f"{place}{name}/", after, check)

    def _entries(
        self, fd: int, known: list[str] | None, check: Callable[[], None]
    ) -> Iterator[tuple[str, os.DirEntry[str] | None]]:
        """Give the names of a directory, or those that alone can fit, without reading it."""
        self._go_on(check)
        width = 1 + self._pattern.tokens // _WIDTH
        if known is not None:
            self._steps += sum(map(len, known)) * width
            yield from ((name, None) for name in known)
            return
        with os.scandir(fd) as entries:
            for entry in entries:
                self._steps += len(entry.name) * width
                if self._steps > self._checked:
                    self._go_on(check)
                yield entry.name, entry

    def _go_on(self, check: Callable[[], None]) -> None:
        check()
        if self._steps > limits.EXPANDED_STEPS:
            raise _too_many()
        self._checked = self._steps + _UNCHECKED

    def _open(self, place: str, flags: int) -> int:
        return self._root.open(f"{self.base}/{place}", flags | os.O_DIRECTORY)

    def _shown(self, fd: int, place: str, name: str, entry: os.DirEntry[str] | None) -> bool:
        if not self._root.rights.finds(name):
            return False
        try:
            if self._only_directories:
                if entry is None or is_directory(entry, or_link=True):
                    os.close(self._open(place + name, os.O_PATH))
                    return True
                return False
            if entry is None:
                os.stat(name, dir_fd=fd, follow_symlinks=False)
        except OSError:
            return False
        return True

    def _count(self, place: str, name: str) -> None:
        self._directories += 1
        self._letters += len(place) + len(name)
        if (
            self._directories > limits.EXPANDED_DIRECTORIES
            or self._letters > limits.EXPANDED_LETTERS
        ):
            raise _too_many()


def _there(root: Root, parts: list[str]) -> int:
    """Count the names before the pattern: a name that is there is itself, whatever it looks like.

    Raise `OSError` (ENOENT) if there is no pattern.
    """
    for count, part in enumerate(parts):
        if has_wildcard(part):
            try:
                root.status("/" + "/".join(parts[: count + 1]))
            except OSError:
                return count
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _to_read(known: list[str] | None) -> int:
    """Give the flags for a directory: what is known by name takes no permission to read."""
    return os.O_RDONLY if known is None else os.O_PATH


def is_directory(entry: os.DirEntry[str], *, or_link: bool = False) -> bool:
    """Say whether it is a directory, or also whether it is a link, which may lead to one."""
    try:
        return entry.is_dir(follow_symlinks=False) or (or_link and entry.is_symlink())
    except OSError:
        return False


def _too_many() -> OSError:
    return OSError(errno.E2BIG, os.strerror(errno.E2BIG))
