# SPDX-License-Identifier: GPL-3.0-or-later
"""`ftpsd serve` with settings that a test writes; they hold from the next login on."""

from __future__ import annotations

import shutil
from pathlib import Path

from served import USER, Client, Served

PLACES = ("main", "drop-in", "policy")
"""Where a setting may stand."""


class Configured:
    """A server, and the directory it reads its settings from."""

    def __init__(self, served: Served, directory: Path) -> None:
        self.served = served
        self.root = served.root
        self.directory = directory

    def set(self, place: str, section: str, *lines: str) -> None:
        """Write settings to one place; nothing else is set anywhere."""
        self.write(place, f"[{section}]\n" + "".join(f"{line}\n" for line in lines))

    def write(self, place: str, text: str) -> None:
        """Write a whole file; a policy is one for the only user there is."""
        shutil.rmtree(self.directory, ignore_errors=True)
        name = {"main": "ftpsd.conf", "drop-in": "ftpsd.conf.d/x.conf"}.get(place)
        if name is None:
            name, text = "policies.d/x.conf", f"[Match]\nUser={USER}\n{text}"
        self.add(name, text)

    def add(self, name: str, text: str) -> None:
        """Write one more file."""
        file = self.directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def client(self) -> Client:
        """Give a client that is logged in."""
        return Client(self.served).login()
