# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker may ask of who gives files away, once root has said whose and to whom."""

from __future__ import annotations

from ftpsd.wire.message import Bool, Call, Done, Fd, Interface, Refusal


class NotGiven(Refusal):
    """It is no file of this worker's user alone, or the file system refuses: perhaps by `quota`."""

    quota: Bool


class Give(Call[Done]):
    """Give a regular file away. It must belong to the worker's user, and have one name at most."""

    file_fd: Fd


OWNER = Interface(
    "org.ftpsd.Owner",
    "ftpsd-owner.service: gives files of one user to another, both named by root.",
    (Give,),
    (NotGiven,),
)
