# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings of directories, line by line, in bounded memory."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
import time
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from ftpsd import limits
from ftpsd.protocol import listing
from ftpsd.protocol.path import parent as parent_path
from ftpsd.protocol.pattern import has_wildcard
from ftpsd.protocol.reply import clean
from ftpsd.worker.birth import created
from ftpsd.worker.expansion import Expansion, is_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeVar

    from ftpsd.wire import files
    from ftpsd.worker.beneath import Root
    from ftpsd.worker.rights import Rights

    T = TypeVar("T")

_HIDDEN: Final = "ftp"
_PIECE: Final = 32768
"""Bytes gathered before they are written: half of what a pipe holds."""
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Names:
    """What to show for user and group ids, and which of them the user is.

    Only the user's own have names: nothing else of the account database reaches a worker.
    """

    def __init__(
        self, user: str, group: str, *, read_only: bool, hide_owners: bool = False
    ) -> None:
        """Take the names of the ids this process runs with, "" for the numbers themselves.

        Hidden, every owner is the same.
        """
        self.read_only, self._hidden = read_only, hide_owners
        self._uid, self._gids = os.geteuid(), {os.getegid(), *os.getgroups()}
        self._users, self._groups = {self._uid: user}, {os.getegid(): group}

    def entry(self, name: str, found: os.stat_result, target: str | None = None) -> listing.Entry:
        """Give what a listing shows of a file."""
        return listing.Entry(
            name,
            found.st_mode,
            links=found.st_nlink,
            owner=_HIDDEN if self._hidden else self._users.get(found.st_uid) or str(found.st_uid),
            group=_HIDDEN if self._hidden else self._groups.get(found.st_gid) or str(found.st_gid),
            size=found.st_size,
            modified=found.st_mtime_ns,
            target=target,
            device=found.st_dev,
            inode=found.st_ino,
            uid=self._uid if self._hidden else found.st_uid,
            gid=os.getegid() if self._hidden else found.st_gid,
        )

    def may(self, found: os.stat_result, bits: int) -> bool:
        """Say whether the mode lets this user do all of `bits` (4 read, 2 write, 1 search)."""
        if bits & 2 and self.read_only:
            return False
        shift = 6 if found.st_uid == self._uid else 3 if found.st_gid in self._gids else 0
        return found.st_mode >> shift & bits == bits

    def facts(
        self, entry: listing.Entry, found: os.stat_result, above: os.stat_result, facts: Facts
    ) -> str:
        """Give the line of MLSD for `entry`, which is in the directory `above`."""
        directory = stat.S_ISDIR(found.st_mode)
        perm = listing.permissions(
            directory,
            self.may(found, 5 if directory else 4),
            self.may(found, 3 if directory else 2),
            self.may(above, 3),
        )
        kind = facts.kinds.get(entry.name) or listing.type_fact(found.st_mode)
        return listing.facts(entry, facts.selected, perm.translate(facts.lost), kind)


class Facts:
    """Which facts are shown, and which names are no ordinary entries."""

    def __init__(self, text: str, rights: Rights, *, of_directory: bool) -> None:
        """Select from "type;size;"; in a directory "." and ".." are itself and its parent."""
        self.selected = listing.select_facts(text)
        self.lost = rights.lost
        self.kinds = {".": "cdir", "..": "pdir"} if of_directory else {}
        self.created = "create" in self.selected


def mlst_line(root: Root, path: str, found: os.stat_result, facts: str, names: Names) -> str:
    """Give the line of MLST, in which the file has its whole path (RFC 3659, section 7.2)."""
    above = root.status(parent_path(path))
    shown = Facts(facts, root.rights, of_directory=False)
    entry = names.entry(path, found)
    if shown.created:
        entry.created = root.created(path)
    return names.facts(entry, found, above, shown)


class Directory:
    """One directory, or part of it, open to be listed."""

    def __init__(self, root: Root, request: files.List, names: Names, now: int) -> None:
        """Open what `request` names. Raise `OSError` if it is not there."""
        self._root, self._request, self._names, self._now = root, request, names, now
        self._facts = Facts(request.facts, root.rights, of_directory=True)
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
        for line in self._lines(check):
            gathered.append(line)
            size += len(line) + 2
            if size >= _PIECE:
                yield "\r\n".join([*gathered, ""]).encode("utf-8", "surrogateescape")
                gathered, size = [], 0
        if gathered:
            yield "\r\n".join([*gathered, ""]).encode("utf-8", "surrogateescape")

    def _lines(self, check: Callable[[], None]) -> Iterator[str]:
        if self._wild is not None:
            yield from self._expanded(self._wild, check)
        elif self._only:
            last = self._only.rpartition("/")[2] or "."
            yield from self._show(self._fd, [(last, self._prefix or last)])
        else:
            yield from self._show(self._fd, self._found(self._fd))
            if self._recursive():
                yield from self._beneath(self._fd, self._prefix.rstrip("/") or ".", 1)

    def _expanded(self, wild: Expansion, check: Callable[[], None]) -> Iterator[str]:
        """List what a pattern stands for: each match itself, and with -R what is beneath."""

        def order(match: tuple[str, str]) -> tuple[int, str, bytes]:
            place, name = match
            return self._rank(lambda: wild.directory(place), name), place, os.fsencode(name)

        found = self._sorted(wild.matches(check), order)
        for place, matches in itertools.groupby(found, itemgetter(0)):
            directory = _opened(wild, place)
            if directory is not None:
                before = self._prefix + place
                shown = ((name, before + name + self._slash) for _, name in matches)
                yield from self._show(directory, shown)
        if self._recursive():
            for place, name in self._sorted(wild.matches(check), order):
                directory = _opened(wild, place)
                if directory is not None:
                    yield from self._tree(directory, name, self._prefix + place + name, 1)

    def _recursive(self) -> bool:
        request, allowed = self._request, self._root.rights.chosen.list_recursive
        return allowed and request.recursive and not request.itself and request.form != "facts"

    def _beneath(self, directory: int, shown: str, depth: int) -> Iterator[str]:
        """List what is in each directory of a directory."""
        with os.scandir(directory) as entries:
            inner = (entry.name for entry in entries if is_directory(entry))
            for name in self._sorted(self._visible(inner), self._order(directory)):
                yield from self._tree(directory, name, f"{shown}/{name}", depth)

    def _tree(self, above: int, name: str, shown: str, depth: int) -> Iterator[str]:
        """List a directory and those beneath it; a link, and what is no directory, is left out."""
        if depth > limits.LISTING_DEPTH:
            return
        try:
            fd = os.open(name, _DIRECTORY, dir_fd=above)
        except OSError:
            return
        try:
            yield ""
            yield clean(f"{shown}:")
            yield from self._show(fd, self._found(fd))
            yield from self._beneath(fd, shown, depth + 1)
        finally:
            os.close(fd)

    def _found(self, directory: int) -> Iterator[tuple[str, str]]:
        """Give the names in a directory and how they are shown."""
        first = self._wild is None and directory == self._fd
        with os.scandir(directory) as entries:
            own = self._own() if first else ()
            names = self._visible(itertools.chain(own, (entry.name for entry in entries)))
            prefix = self._prefix if first else ""
            for name in self._sorted(names, self._order(directory)):
                yield name, prefix + name

    def _sorted(self, found: Iterator[T], order: Callable[[T], Any]) -> Iterator[T]:
        """Sort, unless it is too many."""
        first = list(itertools.islice(found, limits.SORTED_NAMES))
        if len(first) < limits.SORTED_NAMES:
            first.sort(key=order, reverse=self._request.reverse)
        return itertools.chain(first, found)

    def _own(self) -> tuple[str, ...]:
        """Give the names that every directory has, where they are shown."""
        form, own = self._request.form, self._request.own
        return (".", "..") if form == "facts" or (form == "long" and own) else ()

    def _visible(self, names: Iterable[str]) -> Iterator[str]:
        hidden = self._request.hidden or self._request.form == "facts"
        rights = self._root.rights
        hidden = {"yes": True, "no": False}.get(rights.chosen.list_dot_files, hidden)
        lists = rights.lists if rights.unlisted else rights.is_whole
        for name in names:
            if (hidden or name[:1] != "." or name in (".", "..")) and lists(name):
                yield name

    def _status(self, directory: int, name: str) -> os.stat_result:
        if name == "..":
            # The parent of the root is the root, here as in every path.
            return self._root.status(self._request.path + "/..")
        return os.stat(name, dir_fd=directory, follow_symlinks=False)

    def _created(self, directory: int, name: str) -> int | None:
        if name == "..":
            return self._root.created(self._request.path + "/..")
        return created(directory, name)

    def _order(self, directory: int) -> Callable[[str], tuple[int, bytes]]:
        return lambda name: (self._rank(lambda: directory, name), os.fsencode(name))

    def _rank(self, directory: Callable[[], int], name: str) -> int:
        """Give what is sorted by before names are."""
        by_time, by_size = self._request.by_time, self._request.by_size
        if by_time or by_size:
            try:
                found = self._status(directory(), name)
            except OSError:
                return 0
            return -(found.st_mtime_ns if by_time else found.st_size)
        return 0

    def _show(self, directory: int, found: Iterable[tuple[str, str]]) -> Iterator[str]:
        request, names = self._request, self._names
        if request.form == "names" and not request.classify:
            for _, shown in found:
                yield clean(shown)
            return
        local = self._root.rights.chosen.list_timezone == "local"
        above = os.fstat(directory)
        for name, shown in found:
            try:
                status = self._status(directory, name)
                link = stat.S_ISLNK(status.st_mode)
                target = os.readlink(name, dir_fd=directory) if link else None
            except OSError:
                # It went away between being found and being looked at.
                continue
            mark = self._mark(status) if shown[-1:] != "/" else ""
            if request.form == "facts":
                entry = names.entry(name, status)
                if self._facts.created:
                    entry.created = self._created(directory, name)
                yield names.facts(entry, status, above, self._facts)
            elif request.form == "long":
                entry = names.entry(shown + mark, status, target)
                yield self._line(entry, local=local)
            else:
                yield clean(shown + mark)

    def _line(self, entry: listing.Entry, *, local: bool) -> str:
        """Give a line whose time is UTC, or that of the server's time zone."""
        shift, human = 0, self._request.human
        if not local:
            return listing.long_line(entry, self._now, human=human)
        # A year that the C library has no name for has no local time either.
        with contextlib.suppress(OverflowError, OSError):
            shift = time.localtime(entry.modified // 10**9).tm_gmtoff
        entry.modified += shift * 10**9
        return listing.long_line(entry, self._now + shift, human=human)

    def _mark(self, found: os.stat_result) -> str:
        if not self._request.classify:
            return ""
        marks = {stat.S_IFDIR: "/", stat.S_IFLNK: "@", stat.S_IFIFO: "|", stat.S_IFSOCK: "="}
        return marks.get(stat.S_IFMT(found.st_mode), "*" if found.st_mode & 0o111 else "")


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
