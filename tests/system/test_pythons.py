# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fast tests say holds with Python and OpenSSL of each Debian, not the host's alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from machine import REPOSITORY, run_once

PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = [suite for suite, version in PYTHONS.items() if version != OWN]
SECONDS = 900

TESTS = """\
useradd --create-home tester
mkdir /home/tester/ftpsd
cd /home/tester/ftpsd
tar --create --directory=/src --exclude=./.venv --exclude=./.git . | tar --extract --no-same-owner
chown -R tester: .
export HOME=/home/tester PYTHONPATH=/tools PYTHONHASHSEED=0
exec setpriv --reuid tester --regid tester --clear-groups python3 -m pytest -p tests.quick \\
    -n "$(nproc)" --dist worksteal -m 'not system' --ignore=tests/system --ignore=tests/repo -q
"""


def bring_tools(place: Path, version: str) -> None:
    """Install what tests need for another Python than this one; part of it is compiled."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--only-binary=:all:")
    there = ("--target", str(place), "--python-version", version)
    pinned = ("--constraint", str(REPOSITORY / "tests/requirements.txt"))
    subprocess.run([*pip, *there, *pinned, "hypothesis", "pytest", "pytest-xdist"], check=True)


@pytest.mark.parametrize("suite", OTHERS)
def test_the_fast_tests_pass_with_another_python(suite: str, tmp_path: Path) -> None:
    bring_tools(tmp_path, PYTHONS[suite])
    tmp_path.chmod(0o755)
    done = run_once(suite, "sh", "-euc", TESTS, seconds=SECONDS, show={tmp_path: "/tools"})

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
