# SPDX-License-Identifier: GPL-3.0-or-later
"""What the helper tells the port broker of a session by default."""

from __future__ import annotations

from typing import Any

PLAIN: dict[str, Any] = {
    **dict.fromkeys(("first_port", "last_port", "source_port"), 0),
    "seconds": 30,
    "ways": ["passive", "active"],
}
