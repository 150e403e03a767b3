# SPDX-License-Identifier: GPL-3.0-or-later
"""What servers cost the machine they run on: processor time and memory."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Final, Self

PROC: Final = Path("/proc")


def _busy() -> float:
    """Give the seconds that all processors have worked (proc(5), /proc/stat)."""
    user, nice, system, _idle, _wait, *interrupts = map(
        int, (PROC / "stat").read_text().splitlines()[0].split()[1:8]
    )
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


class Processor:
    """Within the block: seconds that the machine worked, but not for this client."""

    def __enter__(self) -> Self:
        self._busy, self._own = _busy(), time.process_time()
        self.seconds = 0.0
        return self

    def __exit__(self, *_error: object) -> None:
        own = time.process_time() - self._own
        self.seconds = max(0.0, _busy() - self._busy - own)


def processes(pattern: str) -> list[int]:
    """List the processes in whose command line `pattern`, a regular expression, is found."""
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes() + (entry / "comm").read_bytes()
        except OSError:
            continue
        if re.search(pattern, line.replace(b"\0", b" ").decode(errors="replace")):
            found.append(int(entry.name))
    return found


def memory(pattern: str) -> int:
    """Give the KiB of memory of these processes, shared pages divided among who shares (PSS)."""
    total = 0
    for pid in processes(pattern):
        try:
            rollup = (PROC / str(pid) / "smaps_rollup").read_text()
        except OSError:
            continue
        match = re.search(r"^Pss: +(\d+)", rollup, re.MULTILINE)
        total += int(match[1]) if match else 0
    return total
