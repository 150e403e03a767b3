# SPDX-License-Identifier: GPL-3.0-or-later
"""What a refusal is in FTP."""

from __future__ import annotations

import errno

import pytest

import ftpsd.wire.files  # noqa: F401 - it names the reasons
from ftpsd.session.refusals import REFUSALS, failure, refused
from ftpsd.wire.message import KINDS


@pytest.mark.parametrize("reason", KINDS["FileRefusal"].idl.strip("()").split(", "))
def test_every_reason_of_the_worker_has_its_words(reason: str) -> None:
    assert reason in REFUSALS


@pytest.mark.parametrize(
    "reason", set(REFUSALS) - {"no_space", "quota", "too_large", "busy", "failed"}
)
def test_what_cannot_be_done_is_550_or_the_restart_is_554(reason: str) -> None:
    assert refused("/x", reason).code == (554 if reason == "range" else 550)


@pytest.mark.parametrize(
    ("reason", "code"), [("not_found", 553), ("name", 553), ("no_space", 452), ("quota", 552)]
)
def test_a_name_that_cannot_be_given_is_553(reason: str, code: int) -> None:
    assert refused("/x", reason, naming=True).code == code


def test_a_reply_repeats_no_control_character() -> None:
    assert refused("/a\rb", "not_found").lines == ("/a?b: No such file or directory.",)


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOSPC, 452), (errno.EDQUOT, 552), (errno.EFBIG, 552), (errno.EIO, 451)],
)
def test_the_disk_is_told_from_the_connection(number: int, code: int) -> None:
    reply = failure(OSError(number, ""))

    assert reply is not None
    assert reply.code == code


@pytest.mark.parametrize("number", [errno.ECONNRESET, errno.EPIPE, errno.ETIMEDOUT, None])
def test_a_failed_connection_is_no_matter_of_the_disk(number: int | None) -> None:
    assert failure(OSError(number, "")) is None
