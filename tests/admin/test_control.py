# SPDX-License-Identifier: GPL-3.0-or-later
"""`ftpsdctl` as one who types it sees it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from served import MAIN, SECONDS

from ftpsd.admin.control import COMMANDS, parser


def run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", str(MAIN), "ctl", *arguments]
    return subprocess.run(
        command, input=text, capture_output=True, text=True, check=False, timeout=SECONDS
    )


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.words)
def test_every_command_explains_itself(command: object) -> None:
    words = str(getattr(command, "words", "")).split()
    done = run(*words, "--help")

    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: ftpsdctl {' '.join(words)} ")


def test_the_commands_are_listed() -> None:
    listed = run("--help").stdout + run("user", "--help").stdout

    for command in COMMANDS:
        assert command.purpose in " ".join(listed.split())


@pytest.mark.parametrize(
    "words", ["", "user", "nonsense", "user add", "user add x --uid 1 --as y", "convert vsftpd x"]
)
def test_wrong_usage_is_told_from_failure(words: str) -> None:
    done = run(*words.split())

    assert done.returncode == 2
    assert done.stderr.startswith("usage: ftpsdctl")


@pytest.mark.parametrize("words", ["user del nobody-knows", "convert proftpd /nonexistent"])
def test_a_failure_is_one_line_and_a_status(words: str) -> None:
    done = run(*words.split())

    assert done.returncode == 1
    assert done.stderr.startswith("ftpsdctl: ")
    assert done.stderr.count("\n") == 1


def test_words_lead_to_their_command() -> None:
    taking = dict.fromkeys(("check", "unban", "user list", "xferlog"), "")
    taking |= {"convert": "proftpd FILE", "import-vsftpd": "FILE"}
    for command in COMMANDS:
        words = f"{command.words} {taking.get(command.words, 'NAME')}"
        assert parser().parse_args(words.split()).run is command.run
