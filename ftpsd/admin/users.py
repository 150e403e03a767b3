# SPDX-License-Identifier: GPL-3.0-or-later
"""`ftpsdctl user`: who may log in by FTP without having an account for anything else."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import grp
import itertools
import os
import pwd
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ftpsd.admin.records import GROUP, Record, Store
from ftpsd.helper.account import FTPUSERS, listed
from ftpsd.wire.helper import ANONYMOUS

if TYPE_CHECKING:
    from ftpsd.options import Settings

UIDS: Final = range(30000, 60000)
"""Where a new user's id is taken from: far from where useradd(8) begins, and below what systemd and
Debian keep for themselves (systemd's UIDS-GIDS document)."""
RESERVED: Final = (range(60001, 60514), range(61184, 65520), range(65534, 65536))
"""Ids of systemd-homed, of DynamicUser=, of nobody, and -1 of 16 bits."""
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*")
_NAME_LENGTH: Final = 64
_HOME_MODE: Final = 0o700
_SHELLS: Final = Path("/etc/shells")
_PAM: Final = Path("/etc/pam.d/ftpsd")


class Refused(Exception):
    """What was asked for cannot be done; the text says why, and what can."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A user to be made. `uid` and `shared_with` exclude each other."""

    name: str
    home: str | None = None
    uid: int | None = None
    shared_with: str | None = None


def account(name: str) -> pwd.struct_passwd | None:
    """Find an account of this machine, wherever it is kept."""
    try:
        return pwd.getpwnam(name)
    except (KeyError, ValueError):
        return None


def owner(uid: int) -> str | None:
    """Name the account that has a user id."""
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return None


def group(gid: int) -> str | None:
    """Name the group that has a group id."""
    try:
        return grp.getgrgid(gid).gr_name
    except (KeyError, OverflowError):
        return None


def is_group(name: str) -> bool:
    """Say whether this machine has a group of that name."""
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def check_name(name: str, store: Store, settings: Settings) -> None:
    """Raise `Refused` unless a new user may have this name."""
    if not _NAME.fullmatch(name):
        raise Refused(
            f"{name!a} is no user name: letters, digits and _ may begin it, and . @ + - may follow"
        )
    if name.isdecimal():
        raise Refused(f"{name} is no user name: it would be taken for a user id")
    if len(name) > _NAME_LENGTH:
        raise Refused(f"{name} is too long: a name has at most {_NAME_LENGTH} characters")
    if name.lower() in ANONYMOUS:
        raise Refused(f"{name} means everyone who comes without a password (Anonymous=)")
    if name in store:
        raise Refused(f"there is already a user {name}")
    if found := account(name):
        told = f"{name} is already an account of this machine, with user id {found.pw_uid}"
        if found.pw_uid < settings.minimum_uid:
            raise Refused(told)
        raise Refused(
            f"{told}. It logs in by FTP even without a shell after: "
            f"usermod --append --groups {GROUP} {name}"
        )


def check_uid(uid: int, settings: Settings) -> None:
    """Raise `Refused` unless an account with this id could log in."""
    if uid < settings.minimum_uid:
        raise Refused(
            f"user id {uid} is a system account's: below {settings.minimum_uid} (MinimumUID=) "
            "nobody logs in"
            + (f"; after MinimumUID={uid} in [Login] of ftpsd.conf it would" if uid > 0 else "")
        )
    if uid >= 2**32 - 1 or any(uid in reserved for reserved in RESERVED):
        raise Refused(f"user id {uid} is reserved by systemd or the kernel")


def check_home(home: str) -> None:
    """Raise `Refused` unless a record may have this home directory."""
    told = home.isprintable() and ":" not in home
    if not told or home[:1] != "/" or home[:2] == "//" or os.path.normpath(home) != home:
        raise Refused(
            f"{home!a} is no home directory: expected an absolute path without . or .., // or :, "
            "in characters that can be printed"
        )


def _free_uid(store: Store, homes: Path) -> int:
    """Choose an id after all that are used, or left on homes of users who are gone."""
    left = set()
    with os.scandir(homes) as entries:
        for entry in entries:
            # A user's own file system (FUSE) upon a home is closed to root as well.
            with contextlib.suppress(OSError):
                left.add(entry.stat(follow_symlinks=False).st_uid)
    used = {one for record in store.all() for one in (record.uid, record.gid)} | left

    def free(uid: int) -> bool:
        return uid not in used and owner(uid) is None and group(uid) is None

    after: int = max((one for one in used if one in UIDS), default=UIDS.start - 1) + 1
    for uid in itertools.chain(range(after, UIDS.stop), range(UIDS.start, after)):
        if free(uid):
            return uid
    raise Refused(f"no user id from {UIDS.start} to {UIDS.stop - 1} is free; choose one by --uid")


def record(wanted: Wanted, store: Store, settings: Settings) -> Record:
    """Decide what a new user's record says. Raise `Refused` or `BadRecord`."""
    check_name(wanted.name, store, settings)
    home = wanted.home if wanted.home is not None else f"/home/{wanted.name}"
    check_home(home)
    parent = Path(home).parent
    if not parent.is_dir():
        raise Refused(f"{parent} is no directory, so {home} cannot be made in it")
    if wanted.shared_with is not None:
        uid, gid = shared(wanted.shared_with, settings)
        return Record(name=wanted.name, uid=uid, gid=gid, home=home, owner=False)
    uid = _free_uid(store, parent) if wanted.uid is None else wanted.uid
    check_uid(uid, settings)
    if found := owner(uid):
        raise Refused(f"user id {uid} is {found}'s; to work as {found} too, say --as {found}")
    if found := group(uid):
        raise Refused(f"{uid} is the id of the group {found}; choose another user id")
    if any(uid in (one.uid, one.gid) for one in store.all()):
        raise Refused(f"user id {uid} is used by another record in {store.directory}")
    if is_group(wanted.name):
        raise Refused(f"there is already a group {wanted.name}; choose another name, or --as")
    return Record(name=wanted.name, uid=uid, gid=uid, home=home, group=wanted.name)


def shared(name: str, settings: Settings) -> tuple[int, int]:
    """Give user and group id of an account that others are to work as. Raise `Refused`."""
    found = account(name)
    if found is None:
        raise Refused(f"there is no account {name} to work as")
    check_uid(found.pw_uid, settings)
    if found.pw_gid == 0:
        raise Refused(f"{name} is in root's group, and nobody who is logs in")
    return found.pw_uid, found.pw_gid


def make_home(one: Record) -> bool:
    """Make the home directory, or leave one that is there as it is; say which. Raise `OSError`."""
    try:
        os.mkdir(one.home, _HOME_MODE)
    except FileExistsError:
        if os.path.isdir(one.home):
            return False
        raise
    # By descriptor: whoever may write to its parent could put something else in its place.
    fd = os.open(one.home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(fd).st_uid != os.geteuid() or os.listdir(fd):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), one.home)
        os.fchown(fd, one.uid, one.gid)
        os.fchmod(fd, _HOME_MODE)
    except OSError:
        with contextlib.suppress(OSError):
            os.rmdir(one.home)
        raise
    finally:
        os.close(fd)
    return True


def add(wanted: Wanted, hash_: str, store: Store, settings: Settings) -> tuple[Record, bool]:
    """Make a user; say whether the home was made too. Raise `Refused`, `BadRecord`, `OSError`."""
    with store.changing():
        made = record(wanted, store, settings)
        new_home = make_home(made)
        try:
            store.add(made, hash_)
        except BaseException:
            if new_home:
                os.rmdir(made.home)
            raise
    return made, new_home


def known(name: str, store: Store) -> Record:
    """Find a user's record. Raise `Refused` or `BadRecord`."""
    if name in store:
        return store.read(name)
    if account(name):
        raise Refused(
            f"{name} has no record in {store.directory}: passwd(1) and userdel(8) are for it"
        )
    raise Refused(f"there is no user {name}")


def set_password(name: str, hash_: str, store: Store) -> None:
    """Change a password. Raise `Refused`, `BadRecord` or `OSError`."""
    known(name, store)
    with store.changing():
        store.set_hash(known(name, store).name, hash_)


def delete(name: str, store: Store) -> Record:
    """Remove a user, not its files; give what its record said. Raise `Refused`, `OSError`..."""
    known(name, store)
    with store.changing():
        gone = known(name, store)
        others = [one for one in store.all() if one.name != name]
        if sharing := [one.name for one in others if gone.owner and one.uid == gone.uid]:
            raise Refused(f"{', '.join(sharing)} works as {name}: delete that first")
        if sharing := [one.name for one in others if gone.group and one.gid == gone.gid]:
            raise Refused(f"{', '.join(sharing)} is in the group of {name}: delete that first")
        store.remove(gone)
    return gone


def obstacles(one: Record, store: Store, settings: Settings) -> list[str]:
    """Say why a user with the right password does not get in."""
    found = []
    try:
        check_uid(one.uid, settings)
    except Refused as reason:
        found.append(str(reason))
    if one.shell not in _lines(_SHELLS):
        if not store.is_member(one.name):
            found.append(f"no valid shell, and not in {GROUP}")
        pam = "\n".join(line for line in _lines(_PAM) if not line.startswith("#"))
        if "pam_shells" in pam and GROUP not in pam:
            found.append(f"no valid shell, and {_PAM} does not let {GROUP} in without")
    if os.geteuid() == 0 and not store.has_password(one.name):
        found.append("it has no password (ftpsdctl user passwd)")
    if listed(one.name):
        found.append(f"it is in {FTPUSERS}")
    if not os.path.isdir(one.home):
        found.append(f"{one.home} is no directory")
    return found


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def check_ready() -> None:
    """Raise `Refused` unless the group is there that lets the new user in."""
    if not is_group(GROUP):
        raise Refused(f"there is no group {GROUP}: install ftpsd first (systemd-sysusers)")


def check_found(name: str) -> None:
    """Raise `Refused` unless this machine finds the password of a user that has been made."""
    found = account(name) is not None and not _silent("/usr/bin/getent", "shadow", name)
    if not found:
        raise Refused(
            f"{name} is made, but this machine does not find it: install libnss-systemd, and have "
            '"systemd" in the lines passwd, group and shadow of /etc/nsswitch.conf'
        )


def _silent(*command: str) -> int:
    # the name has been checked: it is no option, and no shell sees it
    return subprocess.run(command, capture_output=True, check=False).returncode  # noqa: S603
