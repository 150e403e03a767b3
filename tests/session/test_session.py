# SPDX-License-Identifier: GPL-3.0-or-later
"""What one connection remembers, up to the longest paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from served import Client

NAME = "n" * 250
DEEP = "/".join([NAME] * 16)
"""A path of 4,015 bytes: it fits, with more after it does not."""


@pytest.fixture
def deep(client: Client) -> Client:
    """The working directory is 16 directories down, its path nearly as long as one can be."""
    for _ in range(16):
        assert client.codes(f"MKD {NAME}", f"CWD {NAME}") == ["257", "250"]
    return client


def test_a_path_of_four_kilobytes_is_used_like_any_other(client: Client) -> None:
    assert client.says("SIZE " + "./" * 2047 + "x") == "550 /x: No such file or directory."


def test_a_path_of_more_is_refused(client: Client) -> None:
    assert client.says("SIZE " + "./" * 2048 + "x")[:3] == "501"


def test_a_deep_directory_is_told_whole(deep: Client) -> None:
    assert deep.says("PWD") == f'257 "/{DEEP}" is the working directory.'


def test_a_path_too_long_together_with_the_directory_is_550(deep: Client) -> None:
    reading = ("SIZE", "MDTM", "MLST", "CWD", "RNFR", "STAT")
    for command in (*reading, "DELE", "RMD", "MKD", "MFMT 20200102030405", "SITE CHMOD 600"):
        assert deep.says(f"{command} {NAME}")[:3] == "550", command


def test_a_transfer_of_a_path_too_long_is_refused(deep: Client) -> None:
    deep.port()
    for command in ("RETR", "STOR", "APPE", "STOU", "LIST", "NLST", "MLSD"):
        assert deep.says(f"{command} {NAME}")[:3] in ("550", "553"), command


def test_a_deep_directory_is_looked_at(deep: Client) -> None:
    assert deep.fetch("LIST -d").count(b"\r\n") == 1
    assert deep.codes("STAT .", "MLST", "CDUP") == ["213", "250", "250"]


def test_a_deep_directory_is_listed_with_its_path(deep: Client) -> None:
    deep.store(f"STOR {'f' * 60}", b"x")
    deep.says("CWD /")

    assert deep.fetch(f"NLST {DEEP}") == f"{DEEP}/{'f' * 60}\r\n".encode()


def test_mlst_tells_of_a_deep_file(deep: Client) -> None:
    deep.store(f"STOR {'f' * 60}", b"x")

    assert deep.says(f"MLST {'f' * 60}")[:3] == "250"
