# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole configurations become what was agreed on, line by line.

Each file has a configuration and the files it names, and what an import adds to, or takes from, the
import of an empty one. `python3 tests/admin/vsftpd/test_configurations.py` brings them up to date.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest

from ftpsd.admin.vsftpd.command import make
from ftpsd.admin.vsftpd.plan import CREDSTORE, Plan
from ftpsd.admin.vsftpd.row import VENDORS
from ftpsd.admin.vsftpd.tree import Tree
from ftpsd.helper.settings import MATCHES
from ftpsd.options import OPTIONS

HERE = Path(__file__).parent / "configurations"
FILES = sorted(HERE.glob("*.txt"))
CONFIG = "vsftpd.conf"
HEAD = re.compile(r"^== (\S+)(?: (\w+))?$\n?", re.MULTILINE)
MADE = "\n=> "
EMPTY = HERE / "01-nothing.txt"


def plan(text: str) -> Plan:
    """Import the configuration of a file of this test."""
    _, *parts = HEAD.split(text.partition(MADE)[0] + "\n")
    vendor = next(name for name in parts[1::3] if name)
    with tempfile.TemporaryDirectory() as root:
        for path, content in zip(parts[0::3], parts[2::3], strict=True):
            target = Path(root, path.lstrip("/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content.removesuffix("\n"))
        data = Path(root, CONFIG).read_bytes()
        return make(data, VENDORS[vendor], CONFIG, Tree(Path(root)))[1]


def lines(files: dict[str, str], path: str) -> list[str]:
    found = files.get(path, "").splitlines()
    return [one for one in found if one and (path.endswith(".conf") <= (one[0] not in "#["))]


def compared(files: dict[str, str], base: dict[str, str]) -> str:
    """Write what there is in `files` and not in `base`, and the keys that are no longer there."""
    text = ""
    for path in sorted(files.keys() | base.keys()):
        here, there = lines(files, path), lines(base, path)
        added = [one for one in here if one not in there]
        keys = {one.partition("=")[0] for one in here}
        gone = [f"-{one}" for one in there if one.partition("=")[0] not in keys]
        if not here:
            gone = ["-all of it"]
        if added or gone:
            text += f"{MADE}{path}\n" + "\n".join(added + gone) + "\n"
    return text


def made(file: Path) -> str:
    before = file.read_text().partition(MADE)[0].rstrip("\n") + "\n"
    found = plan(before)
    if found.problems:
        return (
            before
            + f"{MADE}refused\n"
            + "".join(f"{one.file}:{one.line}: {one.reason}\n" for one in found.problems)
        )
    base = {} if file == EMPTY else plan(EMPTY.read_text()).files()
    links = {f"{CREDSTORE}/{name}": f"leads to {path}" for name, path in found.links.items()}
    return before + compared(found.files() | links, base)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_configuration_becomes_what_was_agreed_on(file: Path) -> None:
    assert made(file) == file.read_text(), "run: python3 tests/admin/vsftpd/test_configurations.py"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_written_ftpsd_understands(file: Path) -> None:
    for path, text in plan(file.read_text()).files().items():
        if not path.startswith("/etc/ftpsd/") or not path.endswith(".conf"):
            continue
        section = ""
        for line in text.splitlines():
            key, equals, value = line.partition("=")
            if line.startswith("["):
                section = line[1:-1]
            elif equals and section == "Match":
                MATCHES[key](value)
            elif equals and not line.startswith("#"):
                assert OPTIONS[key].metadata["section"] == section
                # What is empty is the default again.
                assert not value or OPTIONS[key].metadata["parse"](value) is not None


def test_there_are_those_that_are_shipped_and_twenty_realistic_ones() -> None:
    assert len([one for one in FILES if "shipped" in one.stem]) == 3
    assert len(FILES) >= 24


if __name__ == "__main__":
    for one in FILES:
        one.write_text(made(one))
