# SPDX-License-Identifier: GPL-3.0-or-later
"""Leaves a session no file to open but those of its own root (landlock(7)).

A worker hands over a file for writing where the user may not read it: Download= and DownloadNames=
say so, and the session's own root has no such file. But /proc/self/fd leads to it, and the kernel
would let who opens it anew read whatever everybody may.
"""

from __future__ import annotations

import errno
import posix
import struct

from ftpsd.syscall import syscall

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_READ_FILE = 4
_MISSING = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)


def stay_within(root: str) -> bool:
    """Let this process open no file for reading that is not beneath `root`; needs no_new_privs.

    Give `False` where the kernel has no Landlock. Raise `OSError` if it has and refuses.
    """
    try:
        ruleset = syscall(_CREATE_RULESET, struct.pack("Q", _READ_FILE), 8, 0)
    except OSError as error:
        if error.errno not in _MISSING:
            raise
        return False
    beneath = posix.open(root, posix.O_PATH | posix.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", _READ_FILE, beneath)
        syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
        syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        posix.close(beneath)
        posix.close(ruleset)
    return True
