# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual pages have all that the tables have, and nothing that roff would complain about."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.admin import control, roff
from ftpsd.admin.manual import PAGES
from ftpsd.admin.texts import CONDITIONS, SECTIONS, SPECIFIERS, holder
from ftpsd.helper.settings import DIRECTORIES, MATCHES
from ftpsd.options import OPTIONS

ROOT = Path(__file__).parents[2]
MACROS = {"TH", "SH", "SS", "PP", "TP", "IP", "RS", "RE", "nf", "fi"}
ESCAPES = {"\\-", "\\e", "\\&", "\\fB", "\\fI", "\\fR"}
HOLDS = {
    "helper": ("ftpsd/helper",),
    "worker": ("ftpsd/worker",),
    "ports": ("ftpsd/ports", "ftpsd/helper/login.py"),
    "owner": ("ftpsd/owner", "ftpsd/helper/login.py", "ftpsd/helper/account.py"),
    "session": ("ftpsd/session",),
    "told": ("ftpsd/helper",),
    "writing": ("ftpsd/worker",),
}
"""Where a process would have to speak of a setting that it enforces."""

SPOKEN = {
    "IdleTimeoutSec": "idle_seconds",
    "DataTimeoutSec": "data_seconds",
    "TLSMinimum": "tls13_only",
    "UploadNames": "{kind}_names",
    "DownloadNames": "{kind}_names",
}
"""Where that is by another name than the setting's own."""


def shown(name: str) -> str:
    """Give a page as it is read: without fonts and the escapes of roff."""
    text = re.sub(r"\\f[BIR]|\\&", "", PAGES[name]())
    return text.replace("\\-", "-").replace("\\e", "\\")


@pytest.mark.parametrize("name", OPTIONS)
def test_every_setting_is_in_its_section_of_the_manual(name: str) -> None:
    told = OPTIONS[name].metadata
    section = shown("ftpsd.conf.5").split(f'.SH "[{told["section"].upper()}]"\n')[1].split(".SH")[0]
    about = section.split(f".TP\n{name}=\n")[1].split(".TP")[0]

    assert f"Default: {told['text'] or 'empty'}." in about
    assert "Enforced by " in about


@pytest.mark.parametrize("name", OPTIONS)
def test_who_enforces_a_setting_speaks_of_it(name: str) -> None:
    places = [ROOT / place for place in HOLDS[holder(name)]]
    files = [
        file for place in places for file in ([place] if place.suffix else place.rglob("*.py"))
    ]
    field = SPOKEN.get(name, OPTIONS[name].name)

    assert any(re.search(rf"(?<!\w){re.escape(field)}\b", file.read_text()) for file in files)


def test_the_manual_has_each_section_condition_and_specifier_there_is() -> None:
    text = shown("ftpsd.conf.5")

    assert set(CONDITIONS) == set(MATCHES)
    assert set(SECTIONS) == {one.metadata["section"] for one in OPTIONS.values()}
    assert all(f".TP\n{name}=\n" in text for name in CONDITIONS)
    assert all(f".TP\n{name}\n" in text for name in SPECIFIERS)
    assert all(f"{place}/ftpsd.conf" in text for place in DIRECTORIES)


@pytest.mark.parametrize("command", control.COMMANDS, ids=lambda one: str(one.words))
def test_every_command_is_in_the_manual(command: control.Command) -> None:
    assert f'.SS "ftpsdctl {command.words}"\n' in shown("ftpsdctl.8")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_of_macros_and_escapes_that_every_roff_knows(name: str) -> None:
    for line in PAGES[name]().splitlines():
        if line.startswith('.\\"'):
            continue
        found = re.match(r"\.(\w+)", line)
        assert line.isascii(), line
        assert line[:1] not in ("", "'"), line
        assert (found is not None) == (line[0] == "."), line
        assert found is None or found[1] in MACROS, line
        assert set(re.findall(r"\\(?:f.|.)", line)) <= ESCAPES, line


@pytest.mark.parametrize("name", PAGES)
def test_a_heading_is_followed_by_no_empty_paragraph(name: str) -> None:
    assert re.findall(r"\.S[HS] .*\n\.PP", PAGES[name]()) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_the_same_wherever_it_is_made(name: str) -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "ftpsd/__main__.py"), "manual", name]
    narrow = {"COLUMNS": "20", "LC_ALL": "C.UTF-8"}
    made = subprocess.run(command, env=narrow, capture_output=True, text=True, check=True).stdout

    assert made == PAGES[name]()


def test_there_is_no_other_page() -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "ftpsd/__main__.py"), "manual", "ls.1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert "ftpsd.conf.5" in done.stderr


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_no_text_is_taken_for_a_macro(text: str) -> None:
    for written in (roff.escape(text), roff.sentence(text)):
        assert "\n" not in written
        assert written[:1] not in (".", "'")
        assert set(re.findall(r"\\(?:f.|.)", written)) <= ESCAPES
