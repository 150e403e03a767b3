# SPDX-License-Identifier: GPL-3.0-or-later
from collections.abc import Callable
from types import FrameType
from typing import Final

SIGTERM: Final[int]

def signal(
    signalnum: int, handler: Callable[[int, FrameType | None], object] | int, /
) -> object: ...
