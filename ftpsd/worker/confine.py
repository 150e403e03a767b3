# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes from this process every file that is not beneath its root (landlock(7)).

The second wall: the first, openat2(2), is for the paths that a session asks for; this one holds
even if the worker itself were taken over. It cannot be undone.
"""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
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


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("others", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def _call(number: int, *arguments: object) -> int:
    result: int = _LIBC.syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def version() -> int:
    """Give the version of Landlock in this kernel; 0 if it has none that serves."""
    try:
        found = _call(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
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
    rules = _Ruleset(rights, _NETWORK if known >= 4 else 0, _OTHERS if known >= 6 else 0)
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    ruleset = _call(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    try:
        beneath = _Beneath(rights & ~_EXECUTE, root_fd)
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(beneath), 0)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return True
