# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies a tree with Python's ftplib; runs in the machine.

by_ftplib.py get|put HOST active|passive REMOTE LOCAL, with "user:password" as its input
"""

from __future__ import annotations

import ftplib
import sys
from pathlib import Path


def get(ftp: ftplib.FTP, remote: str, local: Path) -> None:
    local.mkdir()
    for name, facts in list(ftp.mlsd(remote)):
        if facts["type"] == "dir":
            get(ftp, f"{remote}/{name}", local / name)
        elif facts["type"] == "file":
            with (local / name).open("wb") as file:
                ftp.retrbinary(f"RETR {remote}/{name}", file.write, blocksize=1 << 18)


def put(ftp: ftplib.FTP, remote: str, local: Path) -> None:
    assert ftp.mkd(remote) == remote
    for path in local.iterdir():
        if path.is_dir():
            put(ftp, f"{remote}/{path.name}", path)
        else:
            with path.open("rb") as file:
                ftp.storbinary(f"STOR {remote}/{path.name}", file, blocksize=1 << 18)


def main() -> None:
    direction, host, mode, remote, local = sys.argv[1:]
    user, _, password = sys.stdin.read().partition(":")
    with ftplib.FTP(host, user, password, timeout=30) as ftp:
        ftp.set_pasv(mode == "passive")
        {"get": get, "put": put}[direction](ftp, remote, Path(local))


if __name__ == "__main__":
    main()
