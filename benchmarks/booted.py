# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: boots a machine, sets servers up in it, has them measured, prints the table."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks import figures, measure, peers

if TYPE_CHECKING:
    from machine import Machine

_IN_TREE: Final = 'cd /src && ulimit -n "$(ulimit -Hn)" && exec "$@"'
_INSIDE: Final = "/tmp/figures.json"


def _said(machine: Machine, command: tuple[str, ...]) -> str:
    return machine.run(*command).stdout


def set_up(machine: Machine, only: list[str], many: list[int]) -> None:
    """Install ftpsd, start it and its peers, and make the directories that are listed."""
    from machine import eventually

    machine.install()
    for path, text in peers.FILES.items():
        machine.write(path, text)
    machine.run("sh", "-euc", peers.START)
    for server in peers.SERVERS:
        listens = ("ss", "--no-header", "--listening", "--tcp", f"sport = :{server.port}")
        eventually(partial(_said, machine, listens))
    folders = {measure.LISTED: 10_000} if "list" in only else {}
    if "folders" in only:
        folders |= {f"{measure.LISTED}-{count}": count for count in many}
    for name, count in folders.items():
        machine.run("sh", "-euc", peers.FILL, "sh", name, str(count))


def measured(machine: Machine, arguments: list[str]) -> figures.Values:
    """Run measure.py in the machine; show what it says meanwhile as errors."""
    servers = [f"{one.name}={one.port}={one.pattern}" for one in peers.SERVERS]
    command = ("python3", "-m", "benchmarks.measure", "--json", _INSIDE, *arguments, *servers)
    process = machine.popen("sh", "-c", _IN_TREE, "sh", *command)
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", file=sys.stderr, flush=True)
    if process.wait():
        print("Not all could be measured: see above.", file=sys.stderr)
    values: figures.Values = json.loads(machine.run("cat", _INSIDE).stdout)
    return values


def main(arguments: list[str]) -> int:
    """Do all of it."""
    parser = argparse.ArgumentParser("benchmarks/run", description=__doc__)
    measure.add_options(parser)
    parser.add_argument("--json", type=Path, help="where to write all values, not the medians only")
    given = parser.parse_args(arguments)
    if os.geteuid():
        parser.error("it boots a machine: run it as root")

    import machine

    machine.PACKAGES[peers.ROOT] = peers.PACKAGES
    machine.HOOKS[peers.ROOT] = peers.UNPACKED
    only = given.only.split(",")
    many = [int(text) for text in given.many.split(",")] if given.many else measure.MANY["folders"]
    handed: list[str] = []
    for name in ("only", "rounds", "megabytes", "files", "sessions", "idle", "burst", "many"):
        if (value := getattr(given, name)) is not None:
            handed += [f"--{name}", str(value)]
    with machine.Machine(peers.ROOT) as booted:
        set_up(booted, only, many)
        values = measured(booted, [*handed, *["--tls"] * given.tls])
    today = datetime.datetime.now(datetime.UTC).date()
    kind = f"{os.cpu_count()} processors, Linux {platform.release()}, Debian 12 by systemd-nspawn"
    print(f"Measured on {today}, {kind}{', over TLS' if given.tls else ''}.\n")
    print(figures.table(values, tls=given.tls))
    if given.json:
        given.json.write_text(json.dumps(values, indent=1) + "\n")
    return 0
