# SPDX-License-Identifier: GPL-3.0-or-later
"""Linters, type checkers and the import contracts have nothing to say.

All are started at once, for they would take longest one after the other.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "basedpyright": ["basedpyright"],
    "mypy": ["mypy", "--explicit-package-bases", "ftpsd", "tests", "benchmarks"],
    "ruff": ["ruff", "check", "ftpsd", "tests", "benchmarks"],
    "ruff-format": ["ruff", "format", "--check", "ftpsd", "tests", "benchmarks"],
    "import-linter": ["lint-imports"],
    "codespell": ["codespell"],
}
TESTS_PATH = ("tests/typings", "tests", "tests/system")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Start all of them; each keeps what it remembers outside the tree."""
    cache = tmp_path_factory.mktemp("cache")
    beside = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{beside}:{os.environ['PATH']}",
        "RUFF_CACHE_DIR": str(cache / "ruff"),
    }
    started = {}
    for name, command in COMMANDS.items():
        own = dict(environment)
        if command[0] == "mypy":
            own["MYPY_CACHE_DIR"] = str(cache / name)
            own["MYPYPATH"] = ":".join(TESTS_PATH)
        arguments = command + ["--no-cache"] * (name == "import-linter")
        started[name] = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env=own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    yield started
    for process in started.values():
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_linter_has_nothing_to_say(running: dict[str, subprocess.Popen[str]], name: str) -> None:
    said, _ = running[name].communicate()

    assert running[name].returncode == 0, said
