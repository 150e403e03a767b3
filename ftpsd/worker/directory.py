# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings of directories, line by line, in bounded memory."""

from __future__ import annotations

import errno
import itertools
import os
import stat
from typing import TYPE_CHECKING, Final

from ftpsd import limits
from ftpsd.protocol import listing, pattern
from ftpsd.protocol.path import parent as parent_path
from ftpsd.protocol.reply import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ftpsd.wire import files
    from ftpsd.worker.beneath import Root

_PIECE: Final = 32768
"""Bytes gathered before they are written: half of what a pipe holds."""


class Names:
    """What to show for user and group ids, and which of them the user is.

    Only the user's own have names: nothing else of the account database reaches a worker.
    """

    def __init__(self, user: str, group: str, *, read_only: bool) -> None:
        """Take the names of the ids this process runs with."""
        self.read_only = read_only
        self._uid, self._gids = os.geteuid(), {os.getegid(), *os.getgroups()}
        self._users, self._groups = {self._uid: user}, {os.getegid(): group}

    def entry(self, name: str, found: os.stat_result, target: str | None = None) -> listing.Entry:
        """Give what a listing shows of a file."""
        return listing.Entry(
            name,
            found.st_mode,
            links=found.st_nlink,
            owner=self._users.get(found.st_uid) or str(found.st_uid),
            group=self._groups.get(found.st_gid) or str(found.st_gid),
            size=found.st_size,
            modified=found.st_mtime_ns,
            target=target,
            device=found.st_dev,
            inode=found.st_ino,
            uid=found.st_uid,
            gid=found.st_gid,
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
        return listing.facts(entry, facts.selected, perm, kind)


class Facts:
    """Which facts are shown, and which names are no ordinary entries."""

    def __init__(self, text: str, *, of_directory: bool) -> None:
        """Select from "type;size;"; in a directory "." and ".." are itself and its parent."""
        self.selected = listing.select_facts(text)
        self.kinds = {".": "cdir", "..": "pdir"} if of_directory else {}


def mlst_line(root: Root, path: str, found: os.stat_result, facts: str, names: Names) -> str:
    """Give the line of MLST, in which the file has its whole path (RFC 3659, section 7.2)."""
    above = root.status(parent_path(path))
    shown = Facts(facts, of_directory=False)
    return names.facts(names.entry(path, found), found, above, shown)


class Directory:
    """One directory, or part of it, open to be listed."""

    def __init__(self, root: Root, request: files.List, names: Names, now: int) -> None:
        """Open what `request` names. Raise `OSError` if it is not there."""
        self._root, self._request, self._names, self._now = root, request, names, now
        self._facts = Facts(request.facts, of_directory=True)
        self._prefix = request.prefix
        self._patterns: list[str] = []
        path = self._path = request.path
        try:
            found = root.status(path)
        except OSError as error:
            # A pattern may be longer than any name.
            if error.errno not in (errno.ENOENT, errno.ENAMETOOLONG):
                raise
            above, _, last = path.rpartition("/")
            if not pattern.has_wildcard(last):
                raise
            path, self._patterns = above or "/", pattern.alternatives(last)
            self._prefix = self._prefix[: -len(last)]
        else:
            if request.itself or not stat.S_ISDIR(found.st_mode):
                # Looked at by its name again, so that a link is shown as a link.
                self._fd, self._only = root.open(parent_path(path), os.O_PATH), path
                return
            self._prefix += "/" if self._prefix and self._prefix[-1] != "/" else ""
        self._path = path
        self._fd, self._only = root.open(path, os.O_RDONLY | os.O_DIRECTORY), ""

    def close(self) -> None:
        """Let go of the directory."""
        os.close(self._fd)

    def pieces(self) -> Iterator[bytes]:
        """Give the listing in pieces of some ten thousand bytes."""
        gathered, size = [], 0
        for line in self._lines():
            gathered.append(line)
            size += len(line) + 2
            if size >= _PIECE:
                yield "\r\n".join([*gathered, ""]).encode("utf-8", "surrogateescape")
                gathered, size = [], 0
        if gathered:
            yield "\r\n".join([*gathered, ""]).encode("utf-8", "surrogateescape")

    def _lines(self) -> Iterator[str]:
        above = os.fstat(self._fd)
        if self._only:
            last = self._only.rpartition("/")[2] or "."
            shown = self._prefix or last if self._request.form == "names" else last
            yield from self._show(self._fd, above, [(last, shown)])
            return
        found = self._found(self._fd, self._patterns)
        yield from self._show(self._fd, above, found)
        if self._request.recursive and self._request.form != "facts":
            yield from self._beneath(self._fd, self._prefix.rstrip("/") or ".", 1)

    def _beneath(self, directory: int, shown: str, depth: int) -> Iterator[str]:
        """List what is in each directory of a directory; never through a link."""
        for name, _ in list(self._found(directory, [])):
            if name in (".", "..") or depth > limits.LISTING_DEPTH:
                continue
            try:
                fd = os.open(
                    name,
                    os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC,
                    dir_fd=directory,
                )
            except OSError:
                continue
            try:
                yield ""
                yield clean(f"{shown}/{name}:")
                yield from self._show(fd, os.fstat(fd), self._found(fd, []))
                yield from self._beneath(fd, f"{shown}/{name}", depth + 1)
            finally:
                os.close(fd)

    def _found(self, directory: int, wanted: list[str]) -> Iterable[tuple[str, str]]:
        """Give the names in a directory and how they are shown; sorted, unless too many."""
        request = self._request
        with os.scandir(directory) as entries:
            found = (entry.name for entry in entries)
            own = () if wanted or directory != self._fd else self._own()
            names = self._visible(itertools.chain(own, found), wanted)
            first = list(itertools.islice(names, limits.SORTED_NAMES))
            if len(first) < limits.SORTED_NAMES:
                first.sort(key=self._order(directory), reverse=request.reverse)
            prefix = self._prefix if directory == self._fd and request.form == "names" else ""
            for name in itertools.chain(first, names):
                yield name, prefix + name

    def _own(self) -> tuple[str, ...]:
        """Give the names that every directory has, where they are shown."""
        form, own = self._request.form, self._request.own
        return (".", "..") if form == "facts" or (form == "long" and own) else ()

    def _visible(self, names: Iterable[str], wanted: list[str]) -> Iterator[str]:
        hidden = self._request.hidden or self._request.form == "facts"
        hidden = hidden or any(one[:1] == "." for one in wanted)
        for name in names:
            if (hidden or name[:1] != ".") and (not wanted or _fits(wanted, name)):
                yield name

    def _status(self, directory: int, name: str) -> os.stat_result:
        if name == "..":
            # The parent of the root is the root, here as in every path.
            return self._root.status(self._path + "/..")
        return os.stat(name, dir_fd=directory, follow_symlinks=False)

    def _order(self, directory: int) -> Callable[[str], tuple[int, bytes]]:
        by_time, by_size = self._request.by_time, self._request.by_size

        def order(name: str) -> tuple[int, bytes]:
            rank = 0
            if by_time or by_size:
                try:
                    found = self._status(directory, name)
                    rank = -(found.st_mtime_ns if by_time else found.st_size)
                except OSError:
                    pass
            return rank, os.fsencode(name)

        return order

    def _show(
        self, directory: int, above: os.stat_result, found: Iterable[tuple[str, str]]
    ) -> Iterator[str]:
        request, names = self._request, self._names
        if request.form == "names" and not request.classify:
            for _, shown in found:
                yield clean(shown)
            return
        for name, shown in found:
            try:
                status = self._status(directory, name)
                link = stat.S_ISLNK(status.st_mode)
                target = os.readlink(name, dir_fd=directory) if link else None
            except OSError:
                # It went away between being found and being looked at.
                continue
            mark = self._mark(status)
            if request.form == "facts":
                yield names.facts(names.entry(name, status), status, above, self._facts)
            elif request.form == "long":
                entry = names.entry(shown + mark, status, target)
                yield listing.long_line(entry, self._now, human=request.human)
            else:
                yield clean(shown + mark)

    def _mark(self, found: os.stat_result) -> str:
        if not self._request.classify:
            return ""
        marks = {stat.S_IFDIR: "/", stat.S_IFLNK: "@", stat.S_IFIFO: "|", stat.S_IFSOCK: "="}
        return marks.get(stat.S_IFMT(found.st_mode), "*" if found.st_mode & 0o111 else "")


def _fits(wanted: list[str], name: str) -> bool:
    return any(pattern.matches(one, name) for one in wanted)
