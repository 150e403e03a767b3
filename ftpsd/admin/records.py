# SPDX-License-Identifier: GPL-3.0-or-later
"""User records in /etc/userdb, as nss-systemd(8) reads them (systemd's "JSON User Records").

A user is `NAME.user`, which all may read, and `NAME.user-privileged` with the hash, for root only;
both again under the user id, as links, by which ids are found. Its own group is likewise
`NAME.group`. Memberships are files of their own, `USER:GROUP.membership`: systemd looks in no
record for them, and before 258 not at empty files.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

DIRECTORY: Final = Path("/etc/userdb")
GROUP: Final = "ftpsd-users"
"""Its members log in by FTP whatever their shell is (pam.d/ftpsd)."""
NO_SHELL: Final = "/usr/sbin/nologin"
_PUBLIC, _PRIVATE = 0o644, 0o600
_LOCK: Final = ".ftpsdctl.lock"


class BadRecord(Exception):
    """A file is not a user record; the text says which and why."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One user. `owner`: the user id is its own, not shared; `group`: its own group, to be made."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str = NO_SHELL
    real_name: str = ""
    owner: bool = True
    group: str | None = None


class Store:
    """The records in one directory. All methods raise `OSError`."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        """Use the records in `directory`; `changing` makes it if it is not there."""
        self.directory = directory

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Keep others from changing records meanwhile: two could choose the same id."""
        self.directory.mkdir(mode=0o755, exist_ok=True)
        # Not the directory itself: who may read it, as everyone may, could keep it locked for ever.
        fd = os.open(self.directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _PRIVATE)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def names(self) -> list[str]:
        """List the users with a record here, by name."""
        try:
            found = [name for name in os.listdir(self.directory) if name.endswith(".user")]
        except FileNotFoundError:
            return []
        return sorted(stem for name in found if not (stem := name[: -len(".user")]).isdecimal())

    def __contains__(self, name: str) -> bool:
        """Say whether a user has a record here."""
        return name in self.names()

    def read(self, name: str) -> Record:
        """Read one user's record. Raise `BadRecord`."""
        told = self._read(f"{name}.user")
        uid, home = told.get("uid"), told.get("homeDirectory", f"/home/{name}")
        if told.get("userName") != name or not isinstance(uid, int) or not isinstance(home, str):
            raise BadRecord(
                f"{self.directory / name}.user: there must be userName, as it is, and uid"
            )
        gid = own if isinstance(own := told.get("gid"), int) else uid
        return Record(
            name=name,
            uid=uid,
            gid=gid,
            home=home,
            shell=str(told.get("shell", "")),
            real_name=str(told.get("realName", "")),
            owner=_target(self.directory / f"{uid}.user") == f"{name}.user",
            group=name if _target(self.directory / f"{gid}.group") == f"{name}.group" else None,
        )

    def all(self) -> list[Record]:
        """Read every record. Raise `BadRecord`."""
        return [self.read(name) for name in self.names()]

    def is_member(self, name: str) -> bool:
        """Say whether a file here makes this user a member of `GROUP`."""
        return (self.directory / f"{name}:{GROUP}.membership").exists()

    def has_password(self, name: str) -> bool:
        """Say whether a hash is there for this user, which only root can. Raise `BadRecord`."""
        try:
            section = self._read(f"{name}.user-privileged").get("privileged")
        except FileNotFoundError:
            return False
        return isinstance(section, dict) and bool(section.get("hashedPassword"))

    def add(self, record: Record, hash_: str | None) -> None:
        """Write a new user, whose name and ids are nobody's; without a hash none logs in.

        The record itself comes last: until then there is no user.
        """
        name, uid = record.name, record.uid
        try:
            self._write_hash(name, hash_)
            if record.owner:
                self._link(f"{uid}.user-privileged", f"{name}.user-privileged")
                self._link(f"{uid}.user", f"{name}.user")
            if record.group is not None:
                told = {"groupName": record.group, "gid": record.gid, "disposition": "regular"}
                self._write(f"{record.group}.group", told, _PUBLIC)
                self._link(f"{record.gid}.group", f"{record.group}.group")
            self._write(f"{name}:{GROUP}.membership", {}, _PUBLIC)
            self._write(f"{name}.user", _told(record), _PUBLIC)
        except BaseException:
            self.remove(record)
            raise

    def set_hash(self, name: str, hash_: str) -> None:
        """Change a user's password. Raise `BadRecord`."""
        told = self._read(f"{name}.user")
        if "privileged" in told:
            raise BadRecord(
                f"{self.directory / name}.user has a privileged section, which all may read and "
                "systemd does not heed: take it out first"
            )
        self._write_hash(name, hash_)

    def remove(self, record: Record) -> None:
        """Remove a user: the record first, then all that belongs to it."""
        name = record.name
        (self.directory / f"{name}.user").unlink(missing_ok=True)
        own = {f"{name}.user-privileged"}
        if record.group is not None:
            own |= {f"{record.group}.group", f"{record.group}.group-privileged"}
        for entry in list(self.directory.iterdir()):
            pointing = _target(entry) in own | {f"{name}.user"}
            joined = entry.name.endswith(".membership") and entry.name.split(":")[0] == name
            if pointing or joined or entry.name in own:
                entry.unlink(missing_ok=True)

    def _read(self, file: str) -> dict[str, Any]:
        path = self.directory / file
        try:
            told = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise BadRecord(f"{path}: {error}") from None
        if not isinstance(told, dict):
            raise BadRecord(f"{path}: expected a JSON object")
        return told

    def _write_hash(self, name: str, hash_: str | None) -> None:
        file = f"{name}.user-privileged"
        told = self._read(file) if (self.directory / file).exists() else {}
        section = told.get("privileged")
        kept = section if isinstance(section, dict) else {}
        hashes = {"hashedPassword": [] if hash_ is None else [hash_]}
        self._write(file, {**told, "privileged": {**kept, **hashes}}, _PRIVATE)

    def _write(self, file: str, told: dict[str, Any], mode: int) -> None:
        """Write a file whole or not at all, and never readable to more than it will be."""
        new = self.directory / f".{file}.new"
        new.unlink(missing_ok=True)
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _PRIVATE)
        with open(fd, "w", encoding="utf-8") as to:
            to.write(json.dumps(told, indent="\t", ensure_ascii=False) + "\n")
            os.fchmod(fd, mode)
            to.flush()
            os.fsync(fd)
        os.replace(new, self.directory / file)

    def _link(self, file: str, target: str) -> None:
        (self.directory / file).unlink(missing_ok=True)
        os.symlink(target, self.directory / file)


def _target(link: Path) -> str:
    """Give the name of the file that a link points to; of what is no link, nothing."""
    try:
        return os.path.basename(os.readlink(link))
    except OSError:
        return ""


def _told(record: Record) -> dict[str, Any]:
    told: dict[str, Any] = {
        "userName": record.name,
        "disposition": "regular",
        "uid": record.uid,
        "gid": record.gid,
        "homeDirectory": record.home,
        "shell": record.shell,
        "lastChangeUSec": time.time_ns() // 1000,
    }
    return told | ({"realName": record.real_name} if record.real_name else {})
