# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks are run by, once it is there, runs these checks and no others."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = ROOT / ".ci/run"


def test_the_checks_are_run_by_one_command() -> None:
    if RUN.exists():
        assert os.access(RUN, os.X_OK)
        assert os.access(ROOT / "test.sh", os.X_OK)
        assert "pytest" in (ROOT / "test.sh").read_text()


def test_the_tools_are_pinned() -> None:
    lines = (ROOT / "tests/requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]

    assert [line for line in wanted if "==" not in line] == []
    assert {line.partition("==")[0] for line in wanted} >= {"hypothesis", "mypy", "pytest", "ruff"}
