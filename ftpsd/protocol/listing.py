# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings: the lines of LIST as `ls -l` has them, and of MLSD and MLST (RFC 3659, section 7)."""

from __future__ import annotations

from ftpsd.protocol.facts import FACTS
from ftpsd.protocol.reply import clean
from ftpsd.protocol.timestamp import list_date, mdtm_text

_SECOND = 1_000_000_000
_KIB = 1024
_UNITS = "KMGTPE"

_KIND = 0o170000
_DIRECTORY = 0o040000
_LETTERS = {
    _DIRECTORY: "d",
    0o100000: "-",
    0o120000: "l",
    0o010000: "p",
    0o140000: "s",
    0o020000: "c",
    0o060000: "b",
}
_TYPES = {
    _DIRECTORY: "dir",
    0o100000: "file",
    0o120000: "OS.unix=symlink",
    0o010000: "OS.unix=pipe",
    0o140000: "OS.unix=socket",
    0o020000: "OS.unix=chr",
    0o060000: "OS.unix=blk",
}

# What repeats in a listing is made once. The bound is for a directory where nothing repeats.
_MOST_REMEMBERED = 1024
_modes_seen: dict[int, str] = {}
_words_seen: dict[str, str] = {}


class Entry:
    """One name in a directory and what is known of it.

    `mode` is st_mode with the kind of file in it, `modified` nanoseconds since 1970, `target` the
    text of a symbolic link and `None` for all else. `owner` and `group` are texts to show.
    `created` is like `modified`, or `None` if nobody knows.
    """

    __slots__ = (
        "created",
        "device",
        "gid",
        "group",
        "inode",
        "links",
        "mode",
        "modified",
        "name",
        "owner",
        "size",
        "target",
        "uid",
    )

    def __init__(  # noqa: PLR0913 - as wide as what stat() tells
        self,
        name: str,
        mode: int,
        *,
        links: int,
        owner: str,
        group: str,
        size: int,
        modified: int,
        target: str | None = None,
        device: int = 0,
        inode: int = 0,
        uid: int = 0,
        gid: int = 0,
        created: int | None = None,
    ) -> None:
        self.name = name
        self.mode = mode
        self.links = links
        self.owner = owner
        self.group = group
        self.size = size
        self.modified = modified
        self.target = target
        self.device = device
        self.inode = inode
        self.uid = uid
        self.gid = gid
        self.created = created


def mode_text(st_mode: int) -> str:
    """Return the ten characters of `ls -l` for a st_mode, such as "drwxr-sr-x"."""
    text = _modes_seen.get(st_mode)
    if text is None:
        text = (
            _LETTERS.get(st_mode & _KIND, "?")
            + _triple(st_mode >> 6, st_mode & 0o4000, "s")
            + _triple(st_mode >> 3, st_mode & 0o2000, "s")
            + _triple(st_mode, st_mode & 0o1000, "t")
        )
        _make_room(_modes_seen)
        _modes_seen[st_mode] = text
    return text


def long_line(entry: Entry, now: int, *, human: bool = False) -> str:
    """Return the line of LIST, without its end; `now` in seconds since 1970.

    The columns are vsftpd's, which every client has learnt to read. With `human` the size is short.
    """
    size = human_size(entry.size) if human else entry.size
    date = list_date(entry.modified // _SECOND, now)
    line = f"{long_head(entry)} {size:>8} {date} {clean(entry.name)}"
    return line if entry.target is None else f"{line} -> {clean(entry.target)}"


def long_head(entry: Entry) -> str:
    """Return what `long_line` begins with: mode, links, owner and group."""
    return f"{mode_text(entry.mode)} {entry.links:4d} {_word(entry.owner):8} {_word(entry.group):8}"


def human_size(size: int) -> str:
    """Return bytes, 0..2**63-1, in at most five characters as `ls -lh` has them: never too few."""
    if size < _KIB:
        return str(size)
    unit, scale = 0, _KIB
    while -(-size // scale) >= _KIB:
        unit, scale = unit + 1, scale * _KIB
    tenths = -(-size * 10 // scale)
    if tenths < 100:
        return f"{tenths // 10}.{tenths % 10}{_UNITS[unit]}"
    return f"{-(-size // scale)}{_UNITS[unit]}"


def type_fact(st_mode: int) -> str:
    """Return the type fact of a st_mode; the caller knows what is "cdir" or "pdir" instead.

    A symbolic link is "OS.unix=symlink" without its target, for a target may hold ";" and " ".
    """
    return _TYPES.get(st_mode & _KIND, "OS.unix=unknown")


def permissions(entry_is_dir: bool, readable: bool, writable: bool, parent_writable: bool) -> str:
    """Return the perm fact: what the client may do with it (RFC 3659, section 7.5.5).

    For a file `writable` means change its content, for a directory change what is in it;
    `readable` means for a directory enter and list it.
    """
    if entry_is_dir:
        letters = ("c" * writable, "d" * parent_writable, "e" * readable, "f" * parent_writable)
        return "".join(letters) + "l" * readable + "mp" * writable
    return "a" * writable + "df" * parent_writable + "r" * readable + "w" * writable


def facts(entry: Entry, selected: tuple[str, ...], perm: str, type_: str) -> str:
    """Return the line of MLSD or MLST, "type=file;size=1; name", without its end.

    `selected` is from `select_facts`, `perm` from `permissions`, `type_` from `type_fact` or
    "cdir" or "pdir". A directory has no size: what it takes on disk tells a client nothing.
    """
    return filled(form(entry, selected, perm, type_), entry)


def form(entry: Entry, selected: tuple[str, ...], perm: str, type_: str) -> str:
    """Return the line for every file like `entry`, which `filled` fills, as `facts` would.

    Such a form is filled by % with size, time of change, time of birth, inode and name; whatever
    is not selected takes no room.
    """
    known = {
        "type": type_,
        "perm": perm,
        "unix.mode": f"{entry.mode & 0o7777:04o}",
        "unix.uid": str(entry.uid),
        "unix.gid": str(entry.gid),
        "unix.owner": _word(entry.owner),
        "unix.group": _word(entry.group),
    }
    open_ = {"size": "%d", "modify": "%s", "create": "%s", "unique": f"{entry.device:x}g%x"}
    left_out = {"size"} if entry.mode & _KIND == _DIRECTORY else set[str]()
    if entry.created is None:
        left_out.add("create")
    text = ""
    for fact in FACTS:
        if fact in selected and fact not in left_out:
            value = open_[fact] if fact in open_ else known[fact].replace("%", "%%")
            text += f"{fact}={value};"
        elif fact in open_:
            text += "%.0s"
    return text + " %s"


def filled(form: str, entry: Entry) -> str:
    """Return the line of `form` for one file."""
    modified, born = mdtm_text(entry.modified), mdtm_text(entry.created or 0)
    return form % (entry.size, modified, born, entry.inode, clean(entry.name))


def _triple(bits: int, special: int, letter: str) -> str:
    execute = "x" if bits & 1 else "-"
    if special:
        execute = letter if bits & 1 else letter.upper()
    return ("r" if bits & 4 else "-") + ("w" if bits & 2 else "-") + execute


def _word(text: str) -> str:
    """Return an owner or group as one word: "domain users" would be two columns of LIST.

    A fact has no ";" or space in its value either (RFC 3659, section 7.2).
    """
    word = _words_seen.get(text)
    if word is None:
        word = clean("_".join(text.replace(";", " ").split())) or "-"
        _make_room(_words_seen)
        _words_seen[text] = word
    return word


def _make_room(seen: dict[int, str] | dict[str, str]) -> None:
    if len(seen) >= _MOST_REMEMBERED:
        seen.clear()
