# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes from this process every file that is not beneath its root (landlock(7)).

The second wall: the first, openat2(2), is for the paths that a session asks for; this one holds
even if the worker itself were taken over. It cannot be undone.
"""

from __future__ import annotations

import errno
import os
import struct
from typing import Final

from ftpsd.syscall import syscall

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_RENAME_VERSION: Final = 2
"""From this on a rename between directories can be allowed; before, Landlock forbids it."""
_FILE_RIGHTS: Final = {2: 14, 3: 15, 4: 15, 5: 16}
"""How many of the rights on files each version knows; each is one bit from the lowest up."""
_EXECUTE: Final = 1
_NETWORK: Final = 0b11
"""To bind and to connect TCP sockets (version 4)."""
_OTHERS: Final = 0b11
"""Abstract Unix sockets of, and signals to, processes that are not confined alike (version 6)."""
_MISSING: Final = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)


_RULESET: Final = {1: struct.Struct("Q"), 4: struct.Struct("QQ"), 6: struct.Struct("QQQ")}
"""struct landlock_ruleset_attr: files, network, others; from which version on it is so long."""
_BENEATH: Final = struct.Struct("=Qi")
"""struct landlock_path_beneath_attr: allowed, parent_fd; packed."""


def version() -> int:
    """Give the version of Landlock in this kernel; 0 if it has none that serves."""
    try:
        found = syscall(_CREATE_RULESET, 0, 0, _ASK_VERSION)
    except OSError as error:
        if error.errno not in _MISSING:
            raise
        return 0
    return found if found >= _RENAME_VERSION else 0


def confine(root_fd: int) -> bool:
    """Leave this process only what is beneath `root_fd`; needs no_new_privs.

    Give `False` where the kernel has no Landlock: openat2(2) is the only wall then. Raise `OSError`
    if it has and refuses.
    """
    known = version()
    if not known:
        return False
    rights = (1 << _FILE_RIGHTS.get(known, max(_FILE_RIGHTS.values()))) - 1
    form = _RULESET[max(since for since in _RULESET if since <= known)]
    rules = form.pack(*(rights, _NETWORK, _OTHERS)[: form.size // 8])
    ruleset = syscall(_CREATE_RULESET, rules, form.size, 0)
    try:
        beneath = _BENEATH.pack(rights & ~_EXECUTE, root_fd)
        syscall(_ADD_RULE, ruleset, _PATH_BENEATH, beneath, 0)
        syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return True
