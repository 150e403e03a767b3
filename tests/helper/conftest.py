# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories for settings, and an attempt to log in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from answering import Answering
from config_places import Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Give directories without a file."""
    return Places(tmp_path)


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Give a conversation; whatever was asked of it, no descriptor may be left."""
    before = len(os.listdir("/proc/self/fd"))
    with ExitStack() as stack:
        yield Answering(stack)
    assert len(os.listdir("/proc/self/fd")) == before
