# SPDX-License-Identifier: GPL-3.0-or-later
"""Linters, type checkers and the import contracts have nothing to say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "basedpyright": ["basedpyright"],
    "mypy": ["mypy", "--explicit-package-bases", "ftpsd", "tests", "benchmarks"],
    "ruff": ["ruff", "check", "ftpsd", "tests", "benchmarks"],
    "ruff-format": ["ruff", "format", "--check", "ftpsd", "tests", "benchmarks"],
    "import-linter": ["lint-imports", "--no-cache"],
    "codespell": ["codespell"],
}
TESTS_PATH = ("tests/typings", "tests", "tests/system")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_linter_has_nothing_to_say(name: str, pytestconfig: pytest.Config) -> None:
    assert pytestconfig.cache is not None
    remembered = pytestconfig.cache.mkdir("linters")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MYPY_CACHE_DIR": str(remembered / "mypy"),
        "MYPYPATH": ":".join(TESTS_PATH),
        "RUFF_CACHE_DIR": str(remembered / "ruff"),
    }
    done = subprocess.run(
        COMMANDS[name], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
