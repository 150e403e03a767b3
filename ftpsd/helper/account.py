# SPDX-License-Identifier: GPL-3.0-or-later
"""From a user name to ids and a home directory; and who may never log in."""

from __future__ import annotations

import dataclasses
import functools
import grp
import os
import pwd
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ftpsd.helper.settings import Who
from ftpsd.wire.helper import ANONYMOUS

if TYPE_CHECKING:
    from ftpsd.options import Settings
    from ftpsd.wire.control import Control
    from ftpsd.wire.message import Secret

FTPUSERS: Final = Path("/etc/ftpusers")
_NOBODY: Final = 65534
COPIED: Final = ("user", "group", "uid", "gid", "root")
"""What of an account the spawner is told as it is."""


class NotAllowed(Exception):
    """The account cannot log in; the text is the reason, for the journal."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom a worker becomes, and where it is jailed; `owner` gets its uploads, if it is not 0."""

    user: str
    group: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str
    root: str
    anonymous: bool
    owner: int = 0


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _known(user: str) -> tuple[str, tuple[str, ...]]:
    """Give the account's own spelling of a name, and its groups; no groups if there is none."""
    try:
        found = pwd.getpwnam(user)
    except (KeyError, ValueError):
        return user, ()
    groups = os.getgrouplist(found.pw_name, found.pw_gid)
    return found.pw_name, tuple(map(_group, groups))


def who(user: str, control: Control, *, tls: bool, host: str | None) -> Who:
    """Say who wants to log in, before anything is proved: that is what policies are chosen by."""
    return Who(
        # Some account databases know a user by several spellings; a policy is for all of them.
        known=functools.cache(functools.partial(_known, user)),
        anonymous=user.lower() in ANONYMOUS,
        address=control.remote.text,
        port=control.port,
        tls=tls,
        host=host or "",
    )


def expand(text: str, account: Account) -> str:
    """Replace the specifiers in a path. Raise `NotAllowed` for a user's name that is one itself."""
    if "%u" in text and ("/" in account.user or account.user in (".", "..")):
        raise NotAllowed("its name would lead to another directory")
    values = {"%": "%", "u": account.user, "h": account.home, "g": account.group}
    values |= {"U": str(account.uid), "G": str(account.gid)}
    return re.sub("%(.)", lambda found: values[found[1]], text)


def _account(
    found: pwd.struct_passwd, user: str, chosen: Settings, *, anonymous: bool = False
) -> Account:
    groups = [found.pw_gid] if anonymous else os.getgrouplist(found.pw_name, found.pw_gid)
    account = Account(
        user=user,
        group=_group(found.pw_gid),
        uid=found.pw_uid,
        gid=found.pw_gid,
        groups=tuple(groups),
        home=found.pw_dir,
        root="",
        anonymous=anonymous,
        owner=_entry(chosen.upload_owner).pw_uid if chosen.upload_owner else 0,
    )
    return dataclasses.replace(account, root=expand(chosen.root, account))


def listed(user: str, file: Path = FTPUSERS) -> bool:
    """Say whether `user` is in ftpusers(5). A file that cannot be read lists everyone."""
    try:
        lines = file.read_text("utf-8", "surrogateescape").splitlines()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return user in (line.strip() for line in lines)


def _in(names: tuple[str, ...], *wanted: str) -> bool:
    """Say whether a list names one of `wanted`. Raise `NotAllowed` if a file cannot be read."""
    known: list[str] = []
    for name in names:
        if not name.startswith("file:"):
            known.append(name)
            continue
        try:
            text = Path(name[5:]).read_text("utf-8", "surrogateescape")
        except (OSError, ValueError) as error:
            raise NotAllowed(f"{name[5:]} cannot be read: {error}") from None
        lines = (line.strip() for line in text.splitlines())
        known += [line for line in lines if line[:1] not in ("", "#")]
    return any(fnmatchcase(one, pattern) for pattern in known for one in wanted)


def permit(user: str, chosen: Settings) -> None:
    """Raise `NotAllowed` unless the settings let this user in."""
    lists = chosen.deny_users, chosen.deny_groups, chosen.allow_users, chosen.allow_groups
    name, groups = _known(user) if any(lists) else (user, ())
    if not chosen.local_users:
        raise NotAllowed("LocalUsers=no")
    if _in(chosen.deny_users, name, user) or _in(chosen.deny_groups, *groups):
        raise NotAllowed("DenyUsers= or DenyGroups= names it")
    if chosen.allow_users and not _in(chosen.allow_users, name):
        raise NotAllowed("AllowUsers= does not name it")
    if chosen.allow_groups and not _in(chosen.allow_groups, *groups):
        raise NotAllowed("AllowGroups= does not name it")


def find(user: str, chosen: Settings) -> Account:
    """Find the account of a user whose password is right. Raise `NotAllowed`.

    Whatever PAM says, root, system accounts and those in /etc/ftpusers stay out.
    """
    permit(user, chosen)
    found = _entry(chosen.virtual_user or user)
    if not chosen.virtual_user and (found.pw_uid < chosen.minimum_uid or found.pw_uid == _NOBODY):
        raise NotAllowed("it is a system account")
    if listed(user) or listed(found.pw_name):
        raise NotAllowed(f"it is in {FTPUSERS}")
    return _account(found, user if chosen.virtual_user else found.pw_name, chosen)


def _entry(name: str) -> pwd.struct_passwd:
    try:
        found = pwd.getpwnam(name)
    except (KeyError, ValueError):
        raise NotAllowed(f"there is no account {name}") from None
    if found.pw_uid == 0 or found.pw_gid == 0:
        raise NotAllowed(f"{name} is root's account")
    return found


def anonymous(password: Secret, chosen: Settings) -> Account:
    """Find the account that anonymous clients read as. Raise `NotAllowed`."""
    email = password.reveal()
    listed_only = chosen.anonymous_password == "listed"  # noqa: S105 - the name of a manner
    if listed_only and not _in(chosen.anonymous_allow_email, email):
        raise NotAllowed("AnonymousAllowEmail= does not name its password")
    if _in(chosen.anonymous_deny_email, email):
        raise NotAllowed("AnonymousDenyEmail= names its password")
    found = _entry(chosen.anonymous_user)
    return _account(found, found.pw_name, chosen, anonymous=True)
