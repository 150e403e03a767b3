# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing the protocol costs a session nothing but the protocol."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(file.stem for file in (ROOT / "ftpsd" / "protocol").glob("[!_]*.py"))

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
__import__(sys.argv[2])
print(*sorted(set(sys.modules) - before))
"""


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_nothing_but_its_neighbours(module: str) -> None:
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, str(ROOT), f"ftpsd.protocol.{module}"]
    output = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    foreign = [name for name in output.split() if name.partition(".")[0] != "ftpsd"]

    assert foreign in ([], ["__future__"])
