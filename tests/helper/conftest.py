# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories for settings, without a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from config_places import Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Give directories without a file."""
    return Places(tmp_path)
