# SPDX-License-Identifier: GPL-3.0-or-later
"""What the system says becomes one of a closed list of reasons, and nothing else gets out."""

from __future__ import annotations

import errno
import os

import pytest

from ftpsd.wire.message import KINDS
from ftpsd.worker.refusal import REASONS, refusal


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_every_error_is_a_reason_of_the_list(number: int) -> None:
    reason = refusal(OSError(number, os.strerror(number))).reason

    assert KINDS["FileRefusal"].check(reason) == reason
    assert reason == REASONS.get(number, "failed")


def test_an_error_without_a_number_has_failed() -> None:
    assert refusal(OSError()).reason == "failed"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "no_space"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read_only"),
        (errno.EIO, "failed"),
        (errno.EXDEV, "unsupported"),
        (errno.ETXTBSY, "busy"),
    ],
)
def test_what_a_user_can_do_something_about_is_told_apart(number: int, reason: str) -> None:
    assert refusal(OSError(number, "")).reason == reason
