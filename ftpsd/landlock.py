# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes rights on files from this process for good, but those beneath one directory (landlock(7)).

As seccomp.py, for processes that are somebody already who may do little.
"""

from __future__ import annotations

import errno
import posix
import struct

from ftpsd.syscall import syscall

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_MISSING = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)


def version() -> int:
    """Give the version of Landlock in this kernel, 0 for none. Raise `OSError`."""
    try:
        return syscall(_CREATE_RULESET, 0, 0, _ASK_VERSION)
    except OSError as error:
        if error.errno not in _MISSING:
            raise
        return 0


def restrict(root_fd: int, taken: tuple[int, ...], left: int) -> None:
    """Take rights, and leave those on files in `left` beneath `root_fd`; needs no_new_privs.

    `taken` is struct landlock_ruleset_attr as long as the kernel's version has it: files, network,
    others. Raise `OSError`.
    """
    rules = struct.pack(f"{len(taken)}Q", *taken)
    ruleset = syscall(_CREATE_RULESET, rules, len(rules), 0)
    try:
        # struct landlock_path_beneath_attr, which is packed.
        beneath = struct.pack("=Qi", left, root_fd)
        syscall(_ADD_RULE, ruleset, _PATH_BENEATH, beneath, 0)
        syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        posix.close(ruleset)
