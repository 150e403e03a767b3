# SPDX-License-Identifier: GPL-3.0-or-later
"""Leaves a session no file to open but those of its own root (landlock(7)).

A worker hands over a file for writing where the user may not read it: Download= and DownloadNames=
say so, and the session's own root has no such file. But /proc/self/fd leads to it, and the kernel
would let who opens it anew read whatever everybody may.
"""

from __future__ import annotations

import posix

from ftpsd import landlock

_READ_FILE = 4


def stay_within(root: str) -> bool:
    """Let this process open no file for reading that is not beneath `root`; needs no_new_privs.

    Give `False` where the kernel has no Landlock. Raise `OSError` if it has and refuses.
    """
    if not landlock.version():
        return False
    beneath = posix.open(root, posix.O_PATH | posix.O_CLOEXEC)
    try:
        landlock.restrict(beneath, (_READ_FILE,), _READ_FILE)
    finally:
        posix.close(beneath)
    return True
