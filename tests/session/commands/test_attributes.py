# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes beyond what the dialogues say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from served import Client


def test_a_fifo_is_no_file_and_holds_nothing_up(client: Client) -> None:
    os.mkfifo(client.served.root / "pipe")
    client.port()

    assert client.codes("SIZE pipe", "MDTM pipe", "RETR pipe", "APPE pipe") == [
        "550",
        "550",
        "550",
        "553",
    ]
    assert client.says("MLST pipe").split("\n")[1].startswith(" type=OS.unix=pipe;")


def test_a_size_beyond_4_gib_is_told_whole(client: Client) -> None:
    path = client.served.root / "large"
    path.touch()
    os.truncate(path, 5 << 30)

    assert client.says("SIZE large") == f"213 {5 << 30}"
    assert f" {5 << 30} " in client.says("STAT large")


@pytest.mark.parametrize("when", ["19700101000000", "20380119031408", "21060207062816"])
def test_a_time_far_away_is_set_and_told(client: Client, when: str) -> None:
    (client.served.root / "notes").touch()

    assert client.says(f"MFMT {when} notes")[:3] == "213"
    assert client.says("MDTM notes") == f"213 {when}"
