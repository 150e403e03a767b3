# SPDX-License-Identifier: GPL-3.0-or-later
"""`ftpsdctl xferlog`: transfers in the journal, as wu-ftpd wrote them and statistics read them."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from ftpsd.session.events import DOWNLOADED, TRANSFER_FAILED, UPLOADED

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIRECTIONS: Final = {"RETR": "o", "STOR": "i", "APPE": "i", "STOU": "i"}
_VERBS: Final = {DOWNLOADED.id: "RETR", UPLOADED.id: "STOR"}
_IDS: Final = (*_VERBS, TRANSFER_FAILED.id)
_FIELDS: Final = (
    *("MESSAGE_ID", "_SYSTEMD_UNIT", "FTPSD_USER", "FTPSD_REMOTE", "FTPSD_PATH", "FTPSD_BYTES"),
    *("FTPSD_VERB", "FTPSD_SECONDS", "FTPSD_TYPE", "FTPSD_ANONYMOUS"),
)
_UNIT: Final = "ftpsd@"


def line(entry: Mapping[str, Any]) -> str | None:
    """Give the line for one entry of the journal, as xferlog(5) has it; `None` if it has none.

    Entries of other units are left out: whoever may log could have written them. One of a session
    that was taken over may have anything in any field, or no field at all.
    """
    found = {name: _text(value) for name, value in entry.items()}
    verb = _VERBS.get(found.get("MESSAGE_ID", "")) or found.get("FTPSD_VERB", "")
    direction = _DIRECTIONS.get(verb)
    if direction is None or not found.get("_SYSTEMD_UNIT", "").startswith(_UNIT):
        return None
    return " ".join(
        (
            time.ctime(int(found["__REALTIME_TIMESTAMP"]) / 1e6),
            _number(found.get("FTPSD_SECONDS", "")),
            _word(found.get("FTPSD_REMOTE", "")),
            _number(found.get("FTPSD_BYTES", "")),
            _word(found.get("FTPSD_PATH", "")),
            "a" if found.get("FTPSD_TYPE") == "A" else "b",
            "_",
            direction,
            "a" if found.get("FTPSD_ANONYMOUS") == "yes" else "r",
            _word(found.get("FTPSD_USER", "")),
            *("ftp", "0", "*"),
            "i" if found["MESSAGE_ID"] == TRANSFER_FAILED.id else "c",
        )
    )


def _text(value: object) -> str:
    """Read a field: what is not UTF-8 comes as a list of bytes, one that occurs twice as one."""
    if isinstance(value, list):
        numbers: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        if numbers and not isinstance(numbers[0], int):
            return _text(numbers[0])
        return bytes(numbers).decode("utf-8", "surrogateescape")
    return str(value)


def _word(text: str) -> str:
    """Make one word of a text, as wu-ftpd did."""
    return "".join(one if one.isprintable() and one != " " else "_" for one in text) or "_"


def _number(text: str) -> str:
    """Give a number as it stands, and 0 for anything else."""
    return text if text.isascii() and text.isdecimal() else "0"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    for name in ("since", "until"):
        about = f"{name} when, as journalctl takes it: yesterday, '2026-11-01 12:00'"
        parser.add_argument(f"--{name}", metavar="TIME", help=about)
    parser.add_argument("--follow", action="store_true", help="go on with what comes")


def run(chosen: argparse.Namespace) -> int:
    """Print a line for each transfer; give the exit status of journalctl."""
    times = [f"--{name}={at}" for name in ("since", "until") if (at := vars(chosen)[name])]
    command = [
        *("journalctl", "--quiet", "--all", "--output=json"),
        f"--output-fields={','.join(_FIELDS)}",
        *(f"MESSAGE_ID={one}" for one in _IDS),
        *times,
        *(["--follow", "--no-tail"] if chosen.follow else []),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as journal:  # noqa: S603 - our own words
        assert journal.stdout is not None
        try:
            for entry in journal.stdout:
                if (said := line(json.loads(entry))) is not None:
                    sys.stdout.buffer.write(said.encode("utf-8", "surrogateescape") + b"\n")
                    sys.stdout.buffer.flush()
        except (KeyboardInterrupt, BrokenPipeError):
            journal.terminate()
            return 0
    return journal.returncode
