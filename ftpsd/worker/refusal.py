# SPDX-License-Identifier: GPL-3.0-or-later
"""What the system says, as a reason of the closed list that a session is told."""

from __future__ import annotations

import errno
from typing import Final

from ftpsd.wire.files import Refused

REASONS: Final = {
    errno.ENOENT: "not_found",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EROFS: "read_only",
    errno.EEXIST: "exists",
    errno.ENOTDIR: "not_directory",
    errno.EISDIR: "is_directory",
    errno.ENXIO: "not_regular",
    errno.ENOTEMPTY: "not_empty",
    errno.ENOSPC: "no_space",
    errno.EDQUOT: "quota",
    errno.EFBIG: "too_large",
    errno.ENAMETOOLONG: "name",
    errno.EILSEQ: "name",
    errno.EINVAL: "name",
    errno.ELOOP: "loop",
    errno.EBUSY: "busy",
    errno.ETXTBSY: "busy",
    errno.EAGAIN: "busy",
    errno.ERANGE: "range",
    errno.E2BIG: "too_many",
    errno.EXDEV: "unsupported",
    errno.EOPNOTSUPP: "unsupported",
}


def refusal(error: OSError) -> Refused:
    """Give the refusal that stands for `error`; what is not in the list is `failed`."""
    return Refused(reason=REASONS.get(error.errno or 0, "failed"))
