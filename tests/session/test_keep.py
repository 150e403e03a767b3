# SPDX-License-Identifier: GPL-3.0-or-later
"""An upload stops where the file system would have too little room left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ftpsd.session import keep


class Pump:
    """Moves a byte at each step."""

    sends = False
    source = None
    bytes = 0

    def step(self) -> bool:
        self.bytes += 1
        return True


def test_room_is_looked_at_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep, "_OFTEN", 3)
    with (tmp_path / "x").open("wb") as file:
        found = os.fstatvfs(file.fileno())
        free = found.f_bavail * found.f_frsize
        pump = keep.keeping_free(Pump(), file.fileno(), free + (1 << 40))
        assert [pump.step() for _ in range(3)] == [True] * 3
        with pytest.raises(OSError, match="No space left"):
            pump.step()
        assert pump.bytes == 3
        pump = keep.keeping_free(Pump(), file.fileno(), max(1, free // 2))
        assert all(pump.step() for _ in range(10))


def test_without_a_bound_the_pump_is_the_pump() -> None:
    pump = Pump()

    assert keep.keeping_free(pump, 0, 0) is pump
