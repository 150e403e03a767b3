# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings of directories, line by line, in bounded memory."""

from __future__ import annotations

import errno
import itertools
import os
import stat
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from ftpsd import limits
from ftpsd.protocol.path import parent as parent_path
from ftpsd.protocol.pattern import has_wildcard
from ftpsd.protocol.reply import clean
from ftpsd.worker.expansion import Expansion, is_directory
from ftpsd.worker.lines import Lines, Names, cleaned, look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeVar

    from ftpsd.wire import files
    from ftpsd.worker.beneath import Root

    T = TypeVar("T")

_PIECE: Final = 32768
"""Bytes gathered before they are written: half of what a pipe holds."""
_BATCH: Final = 256
"""Names that are looked at before any of them is written."""
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Directory:
    """One directory, or part of it, open to be listed."""

    def __init__(self, root: Root, request: files.List, names: Names, now: int) -> None:
        """Open what `request` names. Raise `OSError` if it is not there."""
        self._root, self._request = root, request
        self._make = Lines(root, request, names, now).lines
        self._prefix = request.prefix if request.form == "names" else ""
        self._wild: Expansion | None = None
        path, self._only = request.path, ""
        try:
            found = root.status(path)
        except OSError as error:
            # A pattern may be longer than any name.
            if error.errno not in (errno.ENOENT, errno.ENAMETOOLONG) or not has_wildcard(path):
                raise
            self._slash = "/" if request.prefix[-1:] == "/" else ""
            self._wild = Expansion(root, path, only_directories=bool(self._slash))
            self._prefix = _before(self._prefix, self._wild)
            return
        if request.itself or not stat.S_ISDIR(found.st_mode):
            # Looked at by its name again, so that a link is shown as a link.
            self._fd, self._only = root.open(parent_path(path), os.O_PATH), path
            return
        self._prefix += "/" if self._prefix and self._prefix[-1] != "/" else ""
        self._fd = root.open(path, os.O_RDONLY | os.O_DIRECTORY)

    def close(self) -> None:
        """Let go of the directory."""
        if self._wild is None:
            os.close(self._fd)
        else:
            self._wild.close()

    def pieces(self, check: Callable[[], None] = lambda: None) -> Iterator[bytes]:
        """Give the listing in pieces of some ten thousand bytes.

        `check` is called now and then while there is nothing to give; what it raises ends it.
        Raise `OSError`: E2BIG where wildcards turn out to stand for too much.
        """
        gathered, size = [], 0
        for lines in self._lines(check):
            if lines:
                text = "\r\n".join(lines)
                gathered.append(text)
                size += len(text)
            if size >= _PIECE:
                yield "\r\n".join([*gathered, ""]).encode("utf-8", "surrogateescape")
                gathered, size = [], 0
        if gathered:
            yield "\r\n".join([*gathered, ""]).encode("utf-8", "surrogateescape")

    def _lines(self, check: Callable[[], None]) -> Iterator[list[str]]:
        """Give the lines, some at a time."""
        if self._wild is not None:
            yield from self._expanded(self._wild, check)
        elif self._only:
            last = self._only.rpartition("/")[2] or "."
            yield self._shown(self._fd, [last], [self._prefix or last])
        else:
            yield from self._show(self._fd, self._found(self._fd), self._prefix)
            if self._recursive():
                yield from self._beneath(self._fd, self._prefix.rstrip("/") or ".", 1)

    def _expanded(self, wild: Expansion, check: Callable[[], None]) -> Iterator[list[str]]:
        """List what a pattern stands for: each match itself, and with -R what is beneath."""

        def order(match: tuple[str, str]) -> tuple[int, str, bytes]:
            place, name = match
            return self._rank(lambda: wild.directory(place), name), place, os.fsencode(name)

        found = self._sorted(wild.matches(check), order)
        for place, matches in itertools.groupby(found, itemgetter(0)):
            directory = _opened(wild, place)
            if directory is not None:
                names = _batches(name for _, name in matches)
                yield from self._show(directory, names, self._prefix + place, self._slash)
        if self._recursive():
            for place, name in self._sorted(wild.matches(check), order):
                directory = _opened(wild, place)
                if directory is not None:
                    yield from self._tree(directory, name, self._prefix + place + name, 1)

    def _recursive(self) -> bool:
        request, allowed = self._request, self._root.rights.chosen.list_recursive
        return allowed and request.recursive and not request.itself and request.form != "facts"

    def _beneath(self, directory: int, shown: str, depth: int) -> Iterator[list[str]]:
        """List what is in each directory of a directory."""
        with os.scandir(directory) as entries:
            inner = (entry.name for entry in entries if is_directory(entry))
            for name in itertools.chain.from_iterable(self._ordered(directory, inner)):
                yield from self._tree(directory, name, f"{shown}/{name}", depth)

    def _tree(self, above: int, name: str, shown: str, depth: int) -> Iterator[list[str]]:
        """List a directory and those beneath it; a link, and what is no directory, is left out."""
        if depth > limits.LISTING_DEPTH:
            return
        try:
            fd = os.open(name, _DIRECTORY, dir_fd=above)
        except OSError:
            return
        try:
            yield ["", clean(f"{shown}:")]
            yield from self._show(fd, self._found(fd))
            yield from self._beneath(fd, shown, depth + 1)
        finally:
            os.close(fd)

    def _found(self, directory: int) -> Iterator[list[str]]:
        """Give the names in a directory, many at a time."""
        own = self._own() if self._wild is None and directory == self._fd else []
        with os.scandir(directory) as entries:
            yield from self._ordered(directory, (entry.name for entry in entries), own)

    def _ordered(
        self, directory: int, found: Iterator[str], own: list[str] | None = None
    ) -> Iterator[list[str]]:
        """Leave out what is hidden, and sort, unless it is too many; `own` is always shown."""
        first = list(itertools.islice(found, limits.SORTED_NAMES))
        many = len(first) == limits.SORTED_NAMES
        first = (own or []) + self._visible(first)
        request = self._request
        if many:
            yield first
            yield from map(self._visible, _batches(found))
            return
        if request.by_time or request.by_size:
            first.sort(key=self._order(directory), reverse=request.reverse)
        else:
            # Of ASCII the order of texts is that of their bytes.
            key = None if "".join(first).isascii() else os.fsencode
            first.sort(key=key, reverse=request.reverse)
        yield first

    def _sorted(self, found: Iterator[T], order: Callable[[T], Any]) -> Iterator[T]:
        """Sort, unless it is too many."""
        first = list(itertools.islice(found, limits.SORTED_NAMES))
        if len(first) < limits.SORTED_NAMES:
            first.sort(key=order, reverse=self._request.reverse)
        return itertools.chain(first, found)

    def _own(self) -> list[str]:
        """Give the names that every directory has, where they are shown."""
        form, own = self._request.form, self._request.own
        return [".", ".."] if form == "facts" or (form == "long" and own) else []

    def _visible(self, names: list[str]) -> list[str]:
        hidden = self._request.hidden or self._request.form == "facts"
        rights = self._root.rights
        hidden = {"yes": True, "no": False}.get(rights.chosen.list_dot_files, hidden)
        if not hidden:
            names = [name for name in names if name[0] != "."]
        if rights.unlisted:
            return [name for name in names if rights.lists(name)]
        # Of names without a dot none is that of a file which is not whole yet.
        return [name for name in names if rights.is_whole(name)] if hidden else names

    def _order(self, directory: int) -> Callable[[str], tuple[int, bytes]]:
        return lambda name: (self._rank(lambda: directory, name), os.fsencode(name))

    def _rank(self, directory: Callable[[], int], name: str) -> int:
        """Give what is sorted by before names are."""
        by_time, by_size = self._request.by_time, self._request.by_size
        if by_time or by_size:
            try:
                found = look(self._root, self._request.path, directory(), name)
            except OSError:
                return 0
            return -(found.st_mtime_ns if by_time else found.st_size)
        return 0

    def _show(
        self, directory: int, found: Iterable[list[str]], before: str = "", after: str = ""
    ) -> Iterator[list[str]]:
        for names in found:
            for start in range(0, len(names), _BATCH):
                batch = names[start : start + _BATCH]
                shown = [before + name + after for name in batch] if before or after else batch
                yield self._shown(directory, batch, shown)

    def _shown(self, directory: int, names: list[str], shown: list[str]) -> list[str]:
        """Give the lines of names in a directory, which are `shown` so."""
        request = self._request
        shown = cleaned(shown)
        if request.form == "names" and not request.classify:
            return shown
        return self._make(directory, names, shown)


def _batches(names: Iterator[str]) -> Iterator[list[str]]:
    """Give names some at a time: to hand them on one by one takes longer than to read them."""
    return iter(lambda: list(itertools.islice(names, _BATCH)), [])


def _before(written: str, wild: Expansion) -> str:
    """Give what the client wrote before the pattern, or the path there if it wrote it otherwise."""
    written = written.rstrip("/")
    before = written.removesuffix(wild.rest)
    if not written or before != written:
        return before
    return wild.base.rstrip("/") + "/"


def _opened(wild: Expansion, place: str) -> int | None:
    """Open a directory of a match; `None` if it went away."""
    try:
        return wild.directory(place)
    except OSError:
        return None
