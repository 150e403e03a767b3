# SPDX-License-Identifier: GPL-3.0-or-later
"""One server for all dialogues, and one for those of which the first line is READ-ONLY."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from served import Served, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("log") / "log"
    with serving(tmp_path_factory.mktemp("root"), log) as served:
        yield served


@pytest.fixture(scope="session")
def read_only(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(served.root, tmp_path_factory.mktemp("log") / "log", "--read-only") as other:
        yield other
