# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes from this process every file that is not beneath its root (landlock(7)).

The second wall: the first, openat2(2), is for the paths that a session asks for; this one holds
even if the worker itself were taken over. It cannot be undone.
"""

from __future__ import annotations

from typing import Final

from ftpsd import landlock

_RENAME_VERSION: Final = 2
"""From this on a rename between directories can be allowed; before, Landlock forbids it."""
_FILE_RIGHTS: Final = {2: 14, 3: 15, 4: 15, 5: 16}
"""How many of the rights on files each version knows; each is one bit from the lowest up."""
_EXECUTE: Final = 1
_NETWORK: Final = 0b11
"""To bind and to connect TCP sockets (version 4)."""
_OTHERS: Final = 0b11
"""Abstract Unix sockets of, and signals to, processes that are not confined alike (version 6)."""
_WORDS: Final = {1: 1, 4: 2, 6: 3}
"""How many of files, network and others each version takes, from the first that does."""


def version() -> int:
    """Give the version of Landlock in this kernel; 0 if it has none that serves."""
    found = landlock.version()
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
    words = _WORDS[max(since for since in _WORDS if since <= known)]
    landlock.restrict(root_fd, (rights, _NETWORK, _OTHERS)[:words], rights & ~_EXECUTE)
    return True
