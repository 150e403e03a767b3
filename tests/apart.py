# SPDX-License-Identifier: GPL-3.0-or-later
"""A place for what cannot be undone: filters and Landlock are of a thread, which then ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from ftpsd.syscall import prctl

T = TypeVar("T")
_SET_NO_NEW_PRIVS = 38


def in_thread(act: Callable[[], T], *, no_new_privs: bool = True) -> T:
    """Run in a thread of its own; give what it gives, raise what it raises."""
    given: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            if no_new_privs:
                prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            given.append(act())
        except BaseException as error:  # noqa: BLE001 - raised again by the one who waits
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    for error in failed:
        raise error
    return given[0]
