# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarks run, and say of figures what these are. How fast anything is, no test says."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from served import PASSWORD, USER, serving

from benchmarks import figures, measure, peers

ROOT = Path(__file__).parents[2]
TINY = ("--rounds", "1", "--megabytes", "1", "--files", "2", "--sessions", "1", "--idle", "1")


def test_the_command_says_what_it_can_do() -> None:
    command = (sys.executable, ROOT / "benchmarks" / "run", "--help")
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert [kind for kind in measure.KINDS if kind not in said] == []


def test_every_usual_figure_is_found(tmp_path: Path) -> None:
    """All of the table, over a server of one's own without systemd."""
    served = tmp_path / "served"
    (served / measure.LISTED).mkdir(parents=True)
    (served / measure.LISTED / "file").touch()
    written = tmp_path / "figures.json"
    account = ("--user", USER, "--password", PASSWORD)
    with serving(served, tmp_path / "log") as server:
        command = ("--burst", "3", *account, "--json", str(written))
        status = measure.main([*TINY, *command, f"ftpsd={server.port}=of another"])

    values = json.loads(written.read_text())
    assert status == 0
    assert set(values["ftpsd"]) == {figure.name for figure in figures.FIGURES}
    assert "| RETR MiB/s |" in figures.table(values, tls=False)


def test_a_server_that_fails_is_told_of_and_not_left_out_silently(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "figures.json"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        status = measure.main([*TINY, "--only", "small", "--json", str(written), f"ftpsd={port}"])

    assert status == 1
    assert "ftpsd failed at small" in capsys.readouterr().out
    assert json.loads(written.read_text()) == {"ftpsd": {}}


def test_a_ratio_is_to_the_median_of_the_peer_that_is_named_or_the_best() -> None:
    values: figures.Values = {
        "vsftpd": {"RETR MiB/s": [900.0, 1000.0, 5000.0], "LIST ms": [10.0]},
        "pure-ftpd": {"RETR MiB/s": [2000.0], "LIST ms": [1.0]},
        "ftpsd": {"RETR MiB/s": [2400.0], "LIST ms": [12.0]},
    }

    clear, secured = (figures.table(values, tls=tls).splitlines() for tls in (False, True))

    retr = "| RETR MiB/s | 1,000 ±205% | 2,000 | 2,400 | 1.20 of pure-ftpd |"
    assert clear[2] == f"{retr} ≥ 1 | yes |"
    assert secured[2] == f"{retr} ≥ 1.2 | yes |"
    assert clear[3] == "| LIST ms | 10.0 | 1.0 | 12.0 | 1.20 of vsftpd | ≤ 1.1 | no |"


def test_every_peer_that_a_figure_is_compared_with_is_started() -> None:
    named = {figure.peer for figure in figures.FIGURES} - {figures.BEST, ""}

    assert named <= {server.name for server in peers.SERVERS}
    assert [one.name for one in peers.SERVERS if one.name != figures.OURS] == [
        unit.removeprefix("peer-") for unit in peers.UNITS
    ]
