# SPDX-License-Identifier: GPL-3.0-or-later
"""Becomes a user for good, and proves it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import prctl

if TYPE_CHECKING:
    from ftpsd.helper.account import Account


class NotBecome(Exception):
    """A privilege is still there that should be gone; the text says which."""


def give_up() -> None:
    """Give up what no worker needs, once for all that are forked from this process.

    Raise `OSError`. What each does itself is memory that it shares with none of the others.
    """
    prctl.set_no_new_privs(1)
    prctl.capbset.limit()
    prctl.cap_inheritable.limit()


def become(account: Account) -> None:
    """Turn this process, which gave up what it can, into `account`.

    Raise `NotBecome` or `OSError`: exit then.
    """
    os.setgroups(account.groups)
    os.setresgid(account.gid, account.gid, account.gid)
    # The last of the ids: it drops every capability, and with them the right to change the others.
    os.setresuid(account.uid, account.uid, account.uid)
    # After the ids, for a change of them may make a process dumpable again (prctl(2)).
    prctl.set_dumpable(0)
    os.umask(0o022)
    with open("/proc/self/status", "rb") as file:
        prove(account, file.read())


def prove(account: Account, status: bytes) -> None:
    """Check that this process is `account` and nothing more, or raise `NotBecome`.

    `status` is what proc(5) says of it in /proc/self/status.
    """
    fields = dict(line.split(b":", 1) for line in status.splitlines() if b":" in line)
    for name in (b"CapInh", b"CapPrm", b"CapEff", b"CapBnd", b"CapAmb"):
        if int(fields[name], 16):
            raise NotBecome(name.decode())
    if os.getresuid() != (account.uid,) * 3 or account.uid == 0:
        raise NotBecome("user id")
    if os.getresgid() != (account.gid,) * 3 or account.gid == 0:
        raise NotBecome("group id")
    if set(os.getgroups()) != set(account.groups):
        raise NotBecome("supplementary groups")
    if fields[b"NoNewPrivs"].strip() != b"1" or prctl.get_dumpable():
        raise NotBecome("no_new_privs or dumpable")
    try:
        os.setresuid(0, 0, 0)
    except PermissionError:
        return
    raise NotBecome("way back to root")
