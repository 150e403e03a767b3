# SPDX-License-Identifier: GPL-3.0-or-later
"""`ftpsdctl`: what there is to do beside systemctl, journalctl and an editor."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from typing import TYPE_CHECKING, Final

from ftpsd.helper import settings

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """One thing to do: its words, what it is for, what it takes, and what does it.

    `run` gives the exit status: 0 if all is well, 1 if something is not as it should be. What it
    raises of `OSError` is said, and gives 1.
    """

    words: str
    purpose: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def _check(_: argparse.Namespace) -> int:
    mistakes = settings.load()[1]
    for one in mistakes:
        place = f"{one.file}:{one.line}" if one.line else f"{one.file}"
        print(f"{place}: {one.reason}")
    if not mistakes:
        read = ", ".join(str(file) for file in settings.files())
        print(f"No mistakes in {read}." if read else "There are no settings; the defaults hold.")
    return 1 if mistakes else 0


def _nothing(_: argparse.ArgumentParser) -> None:
    pass


COMMANDS: Final = (
    Command("check", "find mistakes in the settings, before a login does", _nothing, _check),
)


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line from `COMMANDS`."""
    top = argparse.ArgumentParser(
        prog="ftpsdctl",
        description="Settings of ftpsd. The service is ftpsd.socket: see systemctl.",
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        one = commands.add_parser(command.words, help=command.purpose, description=command.purpose)
        command.arguments(one)
        one.set_defaults(run=command.run)
    return top


def main(argv: list[str]) -> int:
    """Do what the command line says; give the exit status."""
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"ftpsdctl: {place}{error.strerror}", file=sys.stderr)
    except (KeyboardInterrupt, EOFError):
        print("ftpsdctl: interrupted", file=sys.stderr)
    return 1
