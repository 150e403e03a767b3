# SPDX-License-Identifier: GPL-3.0-or-later
"""`ftpsdctl convert`: virtual users of Pure-FTPd and ProFTPD become user records.

Nothing is dropped silently: what a record cannot hold is said of each user, and whom a file lets in
from some addresses or at some hours only is left out, unless the admin gives that up.
"""

from __future__ import annotations

import dataclasses
import os
import shlex
from typing import TYPE_CHECKING, Final

from ftpsd.admin import hashing
from ftpsd.admin.records import Record
from ftpsd.admin.users import (
    Refused,
    check_home,
    check_name,
    check_uid,
    group,
    is_group,
    owner,
    shared,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ftpsd.admin.records import Store
    from ftpsd.options import Settings


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a foreign file. `limits` and `restrictions` are what a record cannot hold."""

    name: str
    password: str
    uid: str
    gid: str
    real_name: str
    home: str
    limits: tuple[str, ...] = ()
    restrictions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of one line: a record, or `None`, for which `notes` say the reason."""

    line: int
    name: str
    record: Record | None
    password: str | None
    notes: tuple[str, ...]


_PURE_LIMITS: Final = {
    6: "uploads limited to {} bytes a second",
    7: "downloads limited to {} bytes a second",
    8: "upload ratio {}",
    9: "download ratio {}",
    10: "at most {} sessions at once",
    11: "at most {} files",
    12: "at most {} bytes in all",
}
_PURE_RESTRICTIONS: Final = {
    13: "only to the server's addresses {}",
    14: "not to the server's addresses {}",
    15: "only from {}",
    16: "not from {}",
    17: "only at {}",
}
"""The fields of pureftpd.passwd, counted from 0 (Pure-FTPd, README.Virtual-Users)."""


def _pure_ftpd(fields: list[str]) -> Entry:
    """Read a line of pureftpd.passwd. Raise `Refused`."""
    if len(fields) < 6:
        raise Refused(f"{len(fields)} fields where at least 6 belong")
    told = dict(enumerate(fields))
    home, notes = _pure_home(fields[5])
    limits = [
        text.format(told[at])
        for at, text in _PURE_LIMITS.items()
        if told.get(at) not in (None, "", "0")
    ]
    restrictions = [
        text.format(told[at]) for at, text in _PURE_RESTRICTIONS.items() if told.get(at)
    ]
    return Entry(
        name=fields[0],
        password=fields[1],
        uid=fields[2],
        gid=fields[3],
        real_name=fields[4],
        home=home,
        limits=(*(f"not kept: {limit}" for limit in limits), *notes),
        restrictions=tuple(restrictions),
    )


def _pure_home(text: str) -> tuple[str, list[str]]:
    """Read a home directory, in which /./ marks the end of the jail."""
    jail, marked, start = text.partition("/./")
    if not marked and text.endswith("/."):
        jail, marked = text[:-2], "/."
    home = os.path.normpath(f"{jail}/{start}")
    if not marked:
        return home, ["its file did not jail it; now it sees nothing but its home"]
    if start.strip("/."):
        return home, [f"it was jailed in {jail or '/'}; now it sees nothing but its home"]
    return home, []


def _proftpd(fields: list[str]) -> Entry:
    """Read a line of an AuthUserFile, which is as passwd(5). Raise `Refused`."""
    if len(fields) != 7:
        raise Refused(f"{len(fields)} fields where 7 belong")
    name, password, uid, gid, gecos, home, _ = fields
    return Entry(
        name=name,
        password=password,
        uid=uid,
        gid=gid,
        real_name=gecos.split(",")[0],
        home=home.rstrip("/") or "/",
    )


FORMATS: Final[dict[str, Callable[[list[str]], Entry]]] = {
    "pure-ftpd": _pure_ftpd,
    "proftpd": _proftpd,
}


class Conversion:
    """Turns the lines of one file into records, each knowing those before it."""

    def __init__(
        self, store: Store, settings: Settings, shared_with: str | None, *, unrestricted: bool
    ) -> None:
        """Prepare for users that all work as `shared_with`, or as the ids that the file has."""
        self._store = store
        self._settings = settings
        self._account = None if shared_with is None else shared(shared_with, settings)
        self._unrestricted = unrestricted
        self._names: set[str] = set()
        self._owners: dict[int, str] = {}
        self._groups: dict[int, str] = {}

    def outcomes(self, text: str, kind: str) -> Iterator[Outcome]:
        """Say of each line what becomes of it."""
        for number, line in enumerate(text.split("\n"), 1):
            stripped = line.rstrip("\r")
            if stripped.strip() and not stripped.startswith("#"):
                yield self._outcome(number, stripped.split(":"), FORMATS[kind])

    def _outcome(self, line: int, fields: list[str], read: Callable[[list[str]], Entry]) -> Outcome:
        name = fields[0]
        try:
            entry = read(fields)
            record, notes = self._record(entry)
        except Refused as reason:
            return Outcome(line=line, name=name, record=None, password=None, notes=(str(reason),))
        password, said = _password(entry.password)
        lost = [f"not kept: {one}" for one in entry.restrictions]
        self._take(record)
        said_all = (*notes, *said, *entry.limits, *lost)
        return Outcome(line=line, name=name, record=record, password=password, notes=said_all)

    def _record(self, entry: Entry) -> tuple[Record, list[str]]:
        check_name(entry.name, self._store, self._settings)
        if entry.name in self._names:
            raise Refused(f"there is a line for {entry.name} before it")
        if entry.restrictions and not self._unrestricted:
            raise Refused(
                f"it may log in {', '.join(entry.restrictions)}, which a user record cannot say; "
                "--drop-restrictions lets it in regardless"
            )
        check_home(entry.home)
        uid, gid = self._ids(entry)
        record = Record(
            name=entry.name,
            uid=uid,
            gid=gid,
            home=entry.home,
            real_name=entry.real_name if entry.real_name.isprintable() else "",
            owner=self._account is None and owner(uid) is None and uid not in self._owners,
            group=self._new_group(entry.name, gid) if self._account is None else None,
        )
        return record, self._said(record, entry)

    def _ids(self, entry: Entry) -> tuple[int, int]:
        if self._account is not None:
            return self._account
        if not (entry.uid.isdecimal() and entry.gid.isdecimal()):
            raise Refused(f"{entry.uid}:{entry.gid} is no pair of user and group id")
        uid, gid = int(entry.uid), int(entry.gid)
        try:
            check_uid(uid, self._settings)
        except Refused as reason:
            raise Refused(f"{reason}; with --as USER it works as another account") from None
        if not 0 < gid < 2**32 - 1:
            raise Refused(f"group id {gid} is root's, or none")
        return uid, gid

    def _new_group(self, name: str, gid: int) -> str | None:
        known = group(gid) is not None or gid in self._groups
        return None if known or is_group(name) else name

    def _said(self, record: Record, entry: Entry) -> list[str]:
        said = []
        if not record.owner:
            other = owner(record.uid) or self._owners.get(record.uid)
            said.append(f"it works as {other}, whose user id it has")
        if not os.path.isdir(record.home):
            made = f"install -d -m 0700 -o {record.uid} -g {record.gid} {shlex.quote(record.home)}"
            said.append(f"its home is not there, and it cannot log in without: {made}")
        if entry.real_name != record.real_name:
            said.append("not kept: the comment field, which is no text")
        return said

    def _take(self, record: Record) -> None:
        self._names.add(record.name)
        if record.owner:
            self._owners[record.uid] = record.name
        if record.group is not None:
            self._groups[record.gid] = record.group


def _password(text: str) -> tuple[str | None, list[str]]:
    """Give the hash that is kept, if PAM can check it here, and what there is to say of it."""
    if text.startswith(("!", "*")):
        return None, ["its password is locked; it stays so until ftpsdctl user passwd"]
    method = hashing.method(text)
    if method is None:
        name = text.split("$")[1] if text.startswith("$") and text.count("$") > 1 else "unknown"
        return None, [
            f"its password cannot be kept: PAM here does not check such hashes ({name}). "
            "It cannot log in until ftpsdctl user passwd"
        ]
    said = f"its password is kept ({method})"
    if hashing.weak(text):
        return text, [f"{said}, but the method is weak: have it changed"]
    return text, [said]
