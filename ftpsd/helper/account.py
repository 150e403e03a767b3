# SPDX-License-Identifier: GPL-3.0-or-later
"""From a user name to ids and a home directory; and who may never log in."""

from __future__ import annotations

import dataclasses
import grp
import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ftpsd.helper.settings import Who

if TYPE_CHECKING:
    from ftpsd.options import Settings
    from ftpsd.wire.control import Control

ANONYMOUS: Final = ("anonymous", "ftp")
"""Names that mean the account `ftp` (RFC 1635), in any case."""
ACCOUNT_OF_ANONYMOUS: Final = "ftp"
FTPUSERS: Final = Path("/etc/ftpusers")
_NOBODY: Final = 65534


class NotAllowed(Exception):
    """The account cannot log in; the text is the reason, for the journal."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom a worker becomes, and where it is jailed."""

    user: str
    group: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    root: str
    read_only: bool


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def who(user: str, control: Control) -> Who:
    """Say who wants to log in, before anything is proved: that is what policies are chosen by."""
    groups: tuple[str, ...] = ()
    name = user
    try:
        # Some account databases know a user by several spellings; a policy is for all of them.
        found = pwd.getpwnam(user)
        name = found.pw_name
        groups = tuple(map(_group, os.getgrouplist(name, found.pw_gid)))
    except (KeyError, ValueError):
        pass
    return Who(
        user=name,
        groups=groups,
        anonymous=user.lower() in ANONYMOUS,
        address=control.remote.text,
        port=control.port,
    )


def _account(found: pwd.struct_passwd, *, read_only: bool) -> Account:
    return Account(
        user=found.pw_name,
        group=_group(found.pw_gid),
        uid=found.pw_uid,
        gid=found.pw_gid,
        groups=tuple(os.getgrouplist(found.pw_name, found.pw_gid)),
        root=found.pw_dir,
        read_only=read_only,
    )


def listed(user: str, file: Path = FTPUSERS) -> bool:
    """Say whether `user` is in ftpusers(5). A file that cannot be read lists everyone."""
    try:
        lines = file.read_text("utf-8", "surrogateescape").splitlines()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return user in (line.strip() for line in lines)


def find(user: str, settings: Settings) -> Account:
    """Find the account of a user whose password is right. Raise `NotAllowed`.

    Whatever PAM says, root, system accounts and those in /etc/ftpusers stay out.
    """
    try:
        found = pwd.getpwnam(user)
    except (KeyError, ValueError):
        raise NotAllowed("no such account") from None
    if found.pw_uid == 0 or found.pw_gid == 0:
        raise NotAllowed("it is root's account")
    if found.pw_uid < settings.minimum_uid or found.pw_uid == _NOBODY:
        raise NotAllowed("it is a system account")
    if listed(user) or listed(found.pw_name):
        raise NotAllowed(f"it is in {FTPUSERS}")
    return _account(found, read_only=False)


def anonymous() -> Account:
    """Find the account that anonymous clients read as. Raise `NotAllowed`."""
    try:
        found = pwd.getpwnam(ACCOUNT_OF_ANONYMOUS)
    except KeyError:
        raise NotAllowed(f"there is no account {ACCOUNT_OF_ANONYMOUS}") from None
    if found.pw_uid == 0 or found.pw_gid == 0:
        raise NotAllowed(f"the account {ACCOUNT_OF_ANONYMOUS} is root's")
    return dataclasses.replace(_account(found, read_only=True), groups=(found.pw_gid,))
