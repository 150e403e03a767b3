# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories to read settings from, in the order in which they count."""

from __future__ import annotations

from pathlib import Path

from ftpsd.helper.settings import Mistake, Who, load
from ftpsd.options import Settings


class Places:
    """Directories to read settings from, the most important first."""

    def __init__(self, path: Path) -> None:
        self.directories = tuple(path / name for name in ("etc", "run", "lib"))
        self.etc, self.run, self.lib = self.directories
        for one in self.directories:
            (one / "ftpsd.conf.d").mkdir(parents=True)

    def load(self, who: Who | None = None) -> tuple[Settings, list[Mistake]]:
        return load(who, self.directories)
