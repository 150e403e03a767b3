# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests about files, asked of a worker's own functions."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from ftpsd.wire import files
from ftpsd.worker.beneath import Root
from ftpsd.worker.directory import Directory
from ftpsd.worker.lines import Names
from ftpsd.worker.refusal import refusal
from ftpsd.worker.uploads import Uploads

NOW = 1_600_000_000
WHO = Names("anna", "users", read_only=False)
READER = Names("anna", "users", read_only=True)
TOO_LONG = "/" + "x" * 256
OPTIONS = ("hidden", "own", "recursive", "by_time", "by_size", "reverse", "itself", "classify")
PLAIN: dict[str, Any] = {
    "form": "names",
    "prefix": "",
    "facts": "type;size;unique;",
    **dict.fromkeys((*OPTIONS, "human"), False),
}


def reason(act: Callable[[], object]) -> str:
    """Give the reason for which something is refused."""
    with pytest.raises(OSError, match="Errno") as caught:
        act()
    return refusal(caught.value).reason


def create(root: Root, path: str, mode: str = "store", offset: int = 0) -> files.Created:
    """Open a file for writing."""
    request = files.Create(path=path, mode=mode, offset=offset)
    return Uploads(root).create(request)


def write(reply: files.Created, text: str) -> str:
    """Write to it, and give its path."""
    with os.fdopen(reply.file_fd, "w") as file:
        file.write(text)
    return reply.path


def data(root: Root, path: str = "/", names: Names = WHO, **wanted: Any) -> bytes:
    """List something whole."""
    directory = Directory(root, files.List(path=path, **(PLAIN | wanted)), names, NOW)
    try:
        return b"".join(directory.pieces())
    finally:
        directory.close()


def lines(root: Root, path: str = "/", names: Names = WHO, **wanted: Any) -> list[str]:
    """Give the lines of a listing."""
    text = data(root, path, names, **wanted).decode("utf-8", "surrogateescape")
    assert text.endswith("\r\n") or not text
    return text.split("\r\n")[:-1]


def long_names(root: Root, path: str = "/", **wanted: Any) -> list[str]:
    """Give the names alone of a long listing."""
    return [
        line.split(None, 8)[8] if len(line) > 40 else line
        for line in lines(root, path, form="long", **wanted)
    ]
