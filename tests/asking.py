# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests about files, asked of a worker's own functions."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from ftpsd.wire import files
from ftpsd.worker import files as handlers
from ftpsd.worker.beneath import Root
from ftpsd.worker.directory import Names
from ftpsd.worker.refusal import refusal

WHO = Names("anna", "users", read_only=False)
TOO_LONG = "/" + "x" * 256


def reason(act: Callable[[], object]) -> str:
    """Give the reason for which something is refused."""
    with pytest.raises(OSError, match="Errno") as caught:
        act()
    return refusal(caught.value).reason


def create(root: Root, path: str, mode: str = "store", offset: int = 0) -> files.Created:
    """Open a file for writing."""
    return handlers.create(root, files.Create(path=path, mode=mode, offset=offset))


def write(reply: files.Created, text: str) -> str:
    """Write to it, and give its path."""
    with os.fdopen(reply.file_fd, "w") as file:
        file.write(text)
    return reply.path
