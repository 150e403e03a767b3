# SPDX-License-Identifier: GPL-3.0-or-later
"""What listings show of files: for many at once, with what repeats from file to file made once."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from typing import TYPE_CHECKING, Final

from ftpsd.protocol import listing
from ftpsd.protocol.facts import select_facts
from ftpsd.protocol.path import parent as parent_path
from ftpsd.protocol.reply import clean
from ftpsd.protocol.timestamp import list_date, mdtm_text
from ftpsd.worker.birth import created

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeVar

    from ftpsd.wire import files
    from ftpsd.worker.beneath import Root
    from ftpsd.worker.rights import Rights

    K = TypeVar("K")

_HIDDEN: Final = "ftp"
_SECOND: Final = 1_000_000_000
_MOST: Final = 4096
"""Texts of one kind that are kept: a bound for directories where nothing repeats."""
_MARKS: Final = {stat.S_IFDIR: "/", stat.S_IFLNK: "@", stat.S_IFIFO: "|", stat.S_IFSOCK: "="}


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
        form = self.form(entry, found, above, facts)
        return listing.filled(form, entry)

    def form(
        self, entry: listing.Entry, found: os.stat_result, above: os.stat_result, facts: Facts
    ) -> str:
        """Give the line for all files of one kind, mode, owner and device (`listing.form`)."""
        directory = stat.S_ISDIR(found.st_mode)
        perm = listing.permissions(
            directory,
            self.may(found, 5 if directory else 4),
            self.may(found, 3 if directory else 2),
            self.may(above, 3),
        )
        kind = facts.kinds.get(entry.name) or listing.type_fact(found.st_mode)
        return listing.form(entry, facts.selected, perm.translate(facts.lost), kind)


class Facts:
    """Which facts are shown, and which names are no ordinary entries."""

    def __init__(self, text: str, rights: Rights, *, of_directory: bool) -> None:
        """Select from "type;size;"; in a directory "." and ".." are itself and its parent."""
        self.selected = select_facts(text)
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


class Lines:
    """Makes the lines of one listing."""

    def __init__(self, root: Root, request: files.List, names: Names, now: int) -> None:
        """Show what `request` asks for, dates as seen from `now`."""
        self._root, self._request, self._names, self._now = root, request, names, now
        self._facts = Facts(request.facts, root.rights, of_directory=True)
        self._local = root.rights.chosen.list_timezone == "local"
        self._heads: dict[tuple[int, int, int, int], str] = {}
        self._forms: dict[tuple[int, int, int, int], str] = {}
        self._dates: dict[float, str] = {}
        self._above: os.stat_result | None = None
        make: dict[str, Callable[[int, list[str], list[str]], list[str]]]
        make = {"long": self._long, "facts": self._fact_lines, "names": self._marked}
        self.lines = make[request.form]
        """Gives the lines of names in a directory, each of which is shown as a text of its own."""

    def _statuses(
        self, directory: int, names: list[str], shown: list[str]
    ) -> Iterable[tuple[str, str, os.stat_result]]:
        found = os.stat
        if ".." not in names:
            try:
                every = [found(one, dir_fd=directory, follow_symlinks=False) for one in names]
                return zip(names, shown, every, strict=True)
            except OSError:
                pass
        return self._there(directory, names, shown)

    def _there(
        self, directory: int, names: list[str], shown: list[str]
    ) -> Iterator[tuple[str, str, os.stat_result]]:
        for name, text in zip(names, shown, strict=True):
            try:
                yield name, text, look(self._root, self._request.path, directory, name)
            except OSError:
                # It went away between being found and being looked at.
                continue

    def _marked(self, directory: int, names: list[str], shown: list[str]) -> list[str]:
        every = self._statuses(directory, names, shown)
        return [text + _mark(text, status.st_mode) for _, text, status in every]

    def _long(self, directory: int, names: list[str], shown: list[str]) -> list[str]:
        heads, dates, marked = self._heads, self._dates, self._request.classify
        human, lines = self._request.human, []
        for name, plain, status in self._statuses(directory, names, shown):
            mode, _, _, links, uid, gid, size, _, modified, _ = status
            key = mode, links, uid, gid
            head = heads.get(key) or _kept(heads, key, self._head(status))
            date = dates.get(modified) or _kept(dates, modified, self._date(modified))
            text = plain + _mark(plain, mode) if marked else plain
            if mode & 0o170000 == stat.S_IFLNK:
                try:
                    text += f" -> {clean(os.readlink(name, dir_fd=directory))}"
                except OSError:
                    continue
            length = listing.human_size(size) if human else size
            lines.append(f"{head} {length:>8} {date} {text}")
        return lines

    def _head(self, status: os.stat_result) -> str:
        return listing.long_head(self._names.entry("", status))

    def _date(self, modified: float) -> str:
        """Give a date in UTC, or in the server's time zone."""
        shift = 0
        if self._local:
            # A year that the C library has no name for has no local time either.
            with contextlib.suppress(OverflowError, OSError):
                shift = time.localtime(modified).tm_gmtoff
        return list_date(int(modified) + shift, self._now + shift)

    def _fact_lines(self, directory: int, names: list[str], shown: list[str]) -> list[str]:
        forms, dates, facts = self._forms, self._dates, self._facts
        above, last = os.fstat(directory), self._above
        if last is None or (last.st_dev, last.st_ino) != (above.st_dev, above.st_ino):
            self._above = above
            forms.clear()
        lines: list[str] = []
        for name, text, status in self._statuses(directory, names, shown):
            if facts.created or name in facts.kinds:
                lines.append(self._facts_of(directory, text, status))
                continue
            mode, inode, device, _, uid, gid, size, _, modified, _ = status
            key = mode, device, uid, gid
            form = forms.get(key) or _kept(forms, key, self._form(status))
            date = dates.get(modified) or _kept(dates, modified, mdtm_text(int(modified) * _SECOND))
            lines.append(form % (size, date, "", inode, text))
        return lines

    def _form(self, status: os.stat_result) -> str:
        assert self._above is not None
        return self._names.form(self._names.entry("", status), status, self._above, self._facts)

    def _facts_of(self, directory: int, name: str, status: os.stat_result) -> str:
        assert self._above is not None
        entry = self._names.entry(name, status)
        if self._facts.created:
            up = name == ".."
            above = self._request.path + "/.."
            entry.created = self._root.created(above) if up else created(directory, name)
        return self._names.facts(entry, status, self._above, self._facts)


def look(root: Root, path: str, directory: int, name: str) -> os.stat_result:
    """Look at a name in the directory of this path, at a link itself. Raise `OSError`."""
    if name == "..":
        # The parent of the root is the root, here as in every path.
        return root.status(path + "/..")
    return os.stat(name, dir_fd=directory, follow_symlinks=False)


def cleaned(shown: list[str]) -> list[str]:
    """Clean every name, at the price of one look at all where there is nothing to do."""
    return shown if "".join(shown).isprintable() else [clean(name) for name in shown]


def _mark(shown: str, mode: int) -> str:
    """Give what `ls -F` adds to a name."""
    if shown[-1:] == "/":
        return ""
    return _MARKS.get(stat.S_IFMT(mode), "*" if mode & 0o111 else "")


def _kept(texts: dict[K, str], key: K, text: str) -> str:
    """Keep a text for the next file of its kind."""
    if len(texts) >= _MOST:
        texts.clear()
    texts[key] = text
    return text
